//! The transactions of the log that are not executed again, because they end the process.
//!
//! They stand in a file beside the log, one a line, as `epoch.transaction`. What is in all checkpoints that are kept is forgotten when another
//! one is added.
use crate::base::error::{Error, Result};
use crate::base::storage_fault::StorageFault;
use std::collections::BTreeSet;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

const FILE: &str = "skipped";

/// A transaction of the log: its epoch, and its place there, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Place {
    pub(crate) epoch: u64,
    pub(crate) transaction: u64,
}

impl Place {
    fn parse(text: &str) -> Option<Self> {
        let (epoch, transaction) = text.split_once('.')?;
        Some(Self { epoch: epoch.parse().ok()?, transaction: transaction.parse().ok()? })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.epoch, self.transaction)
    }
}

/// See the head of this file.
#[derive(Clone, Debug, Default)]
pub(crate) struct Skips(BTreeSet<Place>);

impl Skips {
    /// Those of a data directory.
    ///
    /// # Errors
    /// When they cannot be read.
    pub(crate) fn of(data: &Path) -> Result<Self> {
        let path = data.join(FILE);
        let text = match fs::read_to_string(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            text => text.map_err(|error| refused(&path, "read", &error))?,
        };
        let places = text.lines().map(|line| {
            Place::parse(line).ok_or_else(|| {
                let what = format!(
                    "{}: `{line}` is no transaction; write one a line, as `epoch.transaction`, or remove the file",
                    path.display()
                );
                Error::storage(StorageFault::Damaged, what)
            })
        });
        places.collect::<Result<_>>().map(Self)
    }

    /// Adds one, durably. Those up to `behind` are in every checkpoint.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn add(data: &Path, place: Place, behind: u64) -> Result<()> {
        let Self(mut places) = Self::of(data)?;
        places.retain(|place| place.epoch > behind);
        places.insert(place);
        let lines: String = places.iter().map(|place| format!("{place}\n")).collect();
        let (path, new) = (data.join(FILE), data.join(format!("{FILE}.new")));
        let written = || -> io::Result<()> {
            let mut file = File::create(&new)?;
            file.write_all(lines.as_bytes())?;
            file.sync_all()?;
            fs::rename(&new, &path)?;
            File::open(data)?.sync_all()
        };
        written().map_err(|error| refused(&path, "write", &error))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Place> {
        self.0.iter()
    }

    /// Those among so many transactions of an epoch that begin at this place, counted from there.
    pub(crate) fn among(&self, epoch: u64, first: u64, count: usize) -> Vec<usize> {
        let from = Place { epoch, transaction: first };
        let to = Place { epoch, transaction: first.saturating_add(count as u64) };
        let index = |place: &Place| usize::try_from(place.transaction - first).unwrap_or(usize::MAX);
        self.0.range(from..to).map(index).collect()
    }
}

fn refused(path: &Path, doing: &str, error: &io::Error) -> Error {
    let what = format!("{}: cannot {doing}: {error}; mend the cause and try again", path.display());
    Error::storage(StorageFault::Refused, what)
}
