//! Everything that can go wrong, and what to do about it.
use crate::Epoch;
use std::io;
use std::path::PathBuf;

/// What this crate returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why the log cannot be read, opened or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Another process has the log.
    #[error("{path}: the log is in use by another process; stop that one first", path = path.display())]
    Locked {
        /// The file that is locked.
        path: PathBuf,
    },
    /// Bytes are missing or wrong of which it is known that they were durable.
    #[error(
        "{file}: damage at offset {offset}: {what}; nothing was changed; restore this file from a copy",
        file = file.display()
    )]
    Damaged {
        /// The segment.
        file: PathBuf,
        /// Where in it the first wrong byte may be.
        offset: u64,
        /// What is wrong, and who says so.
        what: String,
        /// The position up to which the log is known to have been durable, if that is how the damage was found.
        witness: Option<crate::Position>,
    },
    /// A segment is not there.
    #[error("{file}: this segment is missing; restore it from a copy, nothing was changed", file = file.display())]
    Missing {
        /// The segment.
        file: PathBuf,
    },
    /// The log ends before an epoch that the caller has, or begins after the one that it needs.
    #[error(
        "{file}: the log has epochs {first} to {last} and ends at offset {offset}, but its user relies on epoch \
         {epoch}; restore the log that belongs to this state",
        file = file.display()
    )]
    Lost {
        /// The last segment, or the directory if there is none.
        file: PathBuf,
        /// Where in it the log ends.
        offset: u64,
        /// The first epoch that can be read.
        first: Epoch,
        /// The last one.
        last: Epoch,
        /// The one that the caller has or needs.
        epoch: Epoch,
    },
    /// The file was written by another release.
    #[error(
        "{file}: its format is {found}, this release reads {known}; use the release that wrote it",
        file = file.display()
    )]
    Format {
        /// The segment.
        file: PathBuf,
        /// Its format.
        found: u32,
        /// Ours.
        known: u32,
    },
    /// The operating system refuses something while the log is read or opened.
    #[error("{path}: cannot {doing}: {source}; mend the cause and open the log again", path = path.display())]
    Io {
        /// What was tried.
        doing: &'static str,
        /// With what.
        path: PathBuf,
        /// The refusal.
        source: io::Error,
    },
    /// The log was opened for reading.
    #[error("{path}: the log was opened for reading only; open it for writing", path = path.display())]
    ReadOnly {
        /// The directory.
        path: PathBuf,
    },
    /// There is no space for another segment. Nothing of the epoch was taken.
    #[error("the disk has no space for another segment of the log; free some and try again")]
    Full,
    /// As many bytes wait as are allowed to. Nothing of the epoch was taken.
    #[error(
        "{waiting} bytes wait to be written, of {most} that may; try again when epochs have become durable"
    )]
    Busy {
        /// So many wait.
        waiting: usize,
        /// So many may.
        most: usize,
    },
    /// A start or an outcome has more bytes than fit into one frame.
    #[error("{bytes} bytes are too many for one frame of this kind; the most is {most}")]
    TooLarge {
        /// It has so many.
        bytes: usize,
        /// So many may be.
        most: usize,
    },
    /// A write or a sync has failed: what was not yet durable may or may not be there after a restart.
    #[error("the log is closed for ever: {what}; mend the disk and restart, what was durable is kept")]
    Poisoned {
        /// What failed first.
        what: String,
    },
}

/// Whether this refusal says that there is no space.
pub(crate) fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}
