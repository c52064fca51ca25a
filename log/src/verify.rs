//! A log's state of health, for people. Reads everything, accepts nothing.
use crate::disk::Disk;
use crate::error::{Error, Result};
use crate::format::FrameKind;
use crate::read::{Reading, open, open_read_only};
use crate::record::End;
use crate::segment::name_of;
use crate::{Epoch, Settings, Witness};
use std::io::ErrorKind;
use std::path::PathBuf;

/// How many sound frames of each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the kinds are those of the format")]
pub struct Counts {
    pub start: u64,
    pub part: u64,
    pub epoch: u64,
    pub seen: u64,
    pub outcome: u64,
    pub skip: u64,
    pub stop: u64,
}

/// What is in a log.
#[derive(Debug)]
pub struct Report {
    /// How many segments were read.
    pub segments: usize,
    /// The generation of the last one.
    pub generation: u64,
    /// Sound frames, up to the end.
    pub frames: Counts,
    /// The first epoch that is whole, if there is one.
    pub first: Option<Epoch>,
    /// The last one.
    pub last: Epoch,
    /// The file in which the log ends, or is damaged; none if there is no log.
    pub file: Option<PathBuf>,
    /// Where in it.
    pub offset: u64,
    /// How it ends, or why it cannot be read.
    pub end: Result<End>,
}

/// Begins to read a log under its lock, and writes nothing. Where the lock may not be taken, because the directory is not to be
/// written, it is read without: then it is up to the caller that nobody else writes.
///
/// # Errors
/// As [`open`].
///
/// # Panics
/// As [`open`].
pub fn open_alone<D: Disk + Clone>(disk: D, settings: Settings, witness: Witness) -> Result<Reading<D>> {
    use ErrorKind::{NotFound, PermissionDenied, ReadOnlyFilesystem};
    match open(disk.clone(), settings.clone(), witness) {
        Err(Error::Io { source, .. })
            if matches!(source.kind(), NotFound | PermissionDenied | ReadOnlyFilesystem) =>
        {
            open_read_only(disk, settings, witness)
        }
        opened => opened,
    }
}

/// Reads a whole log, as [`open_alone`] does.
///
/// # Errors
/// As [`open`]. What else is wrong stands in the report.
pub fn verify<D: Disk + Clone>(disk: D, settings: Settings, witness: Witness) -> Result<Report> {
    let mut reading = open_alone(disk, settings, witness)?;
    let damage = reading.by_ref().find_map(Result::err);
    let (number, offset) = reading.end();
    let (file, offset) = match &damage {
        Some(Error::Damaged { file, offset, .. } | Error::Lost { file, offset, .. }) => {
            (Some(file.clone()), *offset)
        }
        Some(Error::Missing { file } | Error::Format { file, .. }) => (Some(file.clone()), 0),
        _ => (number.map(|number| reading.disk.path(&name_of(number))), offset as u64),
    };
    let count = |kind: FrameKind| reading.frames[kind as usize];
    Ok(Report {
        segments: reading.segments.len(),
        generation: reading.segments.last().map_or(0, |read| read.header.generation),
        frames: Counts {
            start: count(FrameKind::Start),
            part: count(FrameKind::Part),
            epoch: count(FrameKind::Epoch),
            seen: count(FrameKind::Seen),
            outcome: count(FrameKind::Outcome),
            skip: count(FrameKind::Skip),
            stop: count(FrameKind::Stop),
        },
        first: reading.chain.first(),
        last: reading.last_epoch(),
        file,
        offset,
        end: damage.map_or_else(|| Ok(reading.how_it_ends()), Err),
    })
}
