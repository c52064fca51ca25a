//! The door to the files, for tests that stand in it.
use std::io;
use std::path::Path;

/// What is about to be done with a file or a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step<'a> {
    /// A file is opened.
    Open,
    /// A file is opened, and made if need be.
    Create,
    /// A lock is taken.
    Lock,
    /// Bytes are read.
    Read,
    /// Bytes are written.
    Write {
        /// From here on.
        offset: u64,
        /// These.
        bytes: &'a [u8],
    },
    /// A file is cut off.
    Cut {
        /// So many bytes stay.
        length: u64,
    },
    /// Contents and size of a file are made durable.
    Sync,
    /// The names in a directory are made durable.
    SyncDir,
    /// A file gets another name.
    Rename {
        /// This one.
        to: &'a Path,
    },
}

impl Step<'_> {
    pub(crate) fn doing(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Create => "open or make",
            Self::Lock => "lock",
            Self::Read => "read",
            Self::Write { .. } => "write",
            Self::Cut { .. } => "cut off",
            Self::Sync | Self::SyncDir => "sync",
            Self::Rename { .. } => "rename",
        }
    }
}

/// Stands between a sink and its files.
pub trait Watch: Send + Sync + 'static {
    /// Does the step by calling `act`, or does something else instead.
    ///
    /// # Errors
    /// What the sink is to be told.
    fn step(&self, step: Step<'_>, path: &Path, act: &mut dyn FnMut() -> io::Result<()>) -> io::Result<()>;
}
