//! A data directory from outside: what is in it, whether it is whole, and how its state goes elsewhere and comes back.
//!
//! Nothing here needs the program whose directory it is. The tool `thalweg` does all of it from the command line; see
//! `docs/tool.md` in the repository.
mod check;
mod dump;
mod moves;

pub use check::{CheckpointSummary, Inspection, LogSummary, Verification};
pub use dump::{LogRecord, LoggedCall, LoggedFailure, LoggedTransactions};

use crate::base::error::{Error, Result};
use crate::base::storage_fault::StorageFault;
use crate::durable;
use crate::durable::base::Base;
use std::fs::{File, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use thalweg_checkpoint::{Location, Settings, Store};
use thalweg_log::{RealDisk, Witness};

/// So often a directory is looked at whose app writes meanwhile, until all of it fits together.
const LOOKS: usize = 10;

/// The data directory of an app: see [`App::data_dir`](crate::App::data_dir).
///
/// ```
/// # use thalweg::prelude::*;
/// # #[entity(auto)]
/// # pub struct Counter { #[key] name: String, n: i64 }
/// # #[entity]
/// # impl Counter {
/// #     pub fn new(name: String) -> Self { Self { name, n: 0 } }
/// #     pub fn add(&mut self, by: i64) -> i64 { self.n += by; self.n }
/// # }
/// # fn main() -> thalweg::Result {
/// # let temp = std::env::temp_dir().join(format!("thalweg-data-dir-{}", std::process::id()));
/// # let (here, there) = (temp.join("here"), temp.join("there"));
/// # let copy = temp.join("copy").display().to_string();
/// # let visits = || Counter::at(String::from("visits"));
/// use thalweg::data_dir::DataDir;
///
/// let app = App::new("counters").entity::<Counter>().data_dir(&here).start()?;
/// app.call_blocking(visits().add(2))?;
/// app.stop()?;
///
/// assert!(DataDir::at(&here).verify()?.is_sound());
/// DataDir::at(&here).export(&copy)?;
/// DataDir::at(&there).import(&copy)?;
/// let app = App::new("counters").entity::<Counter>().data_dir(&there).start()?;
/// assert_eq!(app.call_blocking(visits().add(1))?, 3);
/// # drop(app);
/// # std::fs::remove_dir_all(temp)?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct DataDir {
    path: PathBuf,
    checkpoints: Option<String>,
}

impl DataDir {
    /// The one at this path. Nothing is looked at yet.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), checkpoints: None }
    }

    /// Its checkpoints are elsewhere: see [`App::checkpoints_at`](crate::App::checkpoints_at).
    pub fn checkpoints_at(mut self, url: impl Into<String>) -> Self {
        self.checkpoints = Some(url.into());
        self
    }

    fn location(&self) -> Result<Location> {
        Ok(match &self.checkpoints {
            Some(url) => url.parse()?,
            None => Location::directory(self.path.join("checkpoints")),
        })
    }

    /// Its checkpoints, to be read, if there are any.
    fn store(&self) -> Result<Option<Store>> {
        let location = self.location()?;
        if let Some(path) = location.path().filter(|path| !path.exists()) {
            if self.checkpoints.is_none() {
                return Ok(None);
            }
            let what = format!("{}: there are no checkpoints; give the place where they are", path.display());
            return Err(Error::storage(StorageFault::Absent, what));
        }
        Ok(Some(Store::open_read_only(&location, Settings::default())?))
    }

    /// Its checkpoints, to be read, and the newest of them.
    fn newest(&self) -> Result<(Option<Store>, Option<Base>)> {
        let store = self.store()?;
        let base = store.as_ref().map(Base::newest).transpose()?.flatten();
        Ok((store, base))
    }

    /// The place of the log; how it is read, and what the newest checkpoint knows of it.
    fn log_of(&self, base: Option<&Base>) -> Result<(RealDisk, thalweg_log::Settings, Witness)> {
        let (settings, witness) = Base::log_of(base, durable::settings());
        Ok((durable::disk_to_read(&self.path)?, settings, witness))
    }

    /// An app has run here, or something was imported.
    fn is_there(&self) -> Result<()> {
        let location = self.location()?;
        let checkpoints = location.path().map_or(Ok(Some(true)), is_dir)?;
        let what = match is_dir(&self.path)? {
            None => "there is no such directory; give that of an app",
            Some(false) => "this is no directory; give that of an app",
            Some(true) if is_dir(&self.path.join("log"))? == Some(true) || checkpoints == Some(true) => {
                return Ok(());
            }
            Some(true) if is_dir(&self.path.join("manifests"))? == Some(true) => {
                "this is an exported state; import it into a new directory"
            }
            Some(true) => {
                "no app has run here: there is neither a log nor a checkpoint; give the data directory of an app"
            }
        };
        Err(Error::storage(StorageFault::Absent, format_args!("{}: {what}", self.path.display())))
    }

    /// What is seen, and is looked at again while the app runs: what is written meanwhile can look damaged, what is released is
    /// gone.
    fn settled<T>(&self, look: impl Fn(&Self) -> Result<T>) -> Result<T> {
        let mut seen = look(self);
        for _ in 1..LOOKS {
            if seen.is_ok() || !self.is_in_use() {
                break;
            }
            seen = look(self);
        }
        seen
    }

    /// Whether somebody has the lock of the log. Asked only when something has failed: a start at the same time would be
    /// refused.
    fn is_in_use(&self) -> bool {
        let lock = File::open(self.path.join("log").join("LOCK"));
        lock.is_ok_and(|lock| matches!(lock.try_lock(), Err(TryLockError::WouldBlock)))
    }
}

/// Whether what has this path is a directory; none if there is nothing.
fn is_dir(path: &Path) -> Result<Option<bool>> {
    match path.metadata() {
        Ok(metadata) => Ok(Some(metadata.is_dir())),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
        Err(error) => {
            let what =
                format!("{}: cannot be looked at: {error}; mend the cause and try again", path.display());
            Err(Error::storage(StorageFault::Refused, what))
        }
    }
}
