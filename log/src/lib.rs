//! The write-ahead log of Thalweg: epochs as bytes, durable in order, read back exactly.
//!
//! One thread owns the log. It takes all epochs that wait, writes them in one piece, syncs once, and moves one durable
//! epoch forward. What an epoch means is the caller's business.
//!
//! ```
//! use thalweg_log::{Log, Settings, Witness, testing::Power};
//!
//! let (disk, settings) = (Power::new(), Settings::new([7; 16]));
//! let opened = thalweg_log::open(disk.clone(), settings.clone(), Witness::default())?.finish()?;
//! let log: Log = opened.accept(b"app 1", |_progress| {})?;
//! let epoch = log.next();
//! log.append(epoch, b"put a 1".to_vec())?;
//! log.stop()?;
//!
//! let mut reading = thalweg_log::open(disk, settings, Witness::default())?;
//! let bodies: Vec<_> = reading.by_ref().map(|record| record.map(|record| record.body)).collect::<Result<_, _>>()?;
//! assert_eq!(bodies, [b"app 1".to_vec(), b"put a 1".to_vec(), vec![]]); // start, epoch, stop
//! # Ok::<(), thalweg_log::Error>(())
//! ```
//!
//! # What is promised
//!
//! - An epoch that was reported durable is read back after any crash: once, in order, with the same bytes.
//! - An epoch that was not reported is read back whole or not at all, and never after one that is missing.
//! - Damage to what was reported is an [`Error`] that names file and offset, never a shorter log.
//! - After a failed write or sync nothing is written any more, and nothing further is reported durable.
//!
//! One case cannot be told from a torn tail: damage to the very last synced frames when no later frame has reached the
//! disk. The log writes a witness when it has been [idle](Settings::idle); a caller that keeps one elsewhere gives it as [`Witness`].
//!
//! # Where things are
//!
//! `disk` is the only door to storage, `format` the bytes, `segment` a file of them, `gaps` which files are the log; `read`
//! opens and verifies, `record` is what it gives, `accept` begins to write, `write` puts frames into segments, `worker` is
//! the thread that does, `queue` what waits for it, and `log` the handle.

mod disk;
mod error;
mod format;
mod settings;
mod segment;
mod record;
mod chain;
mod gaps;
mod read;
mod write;
mod queue;
mod worker;
mod log;
mod accept;
mod verify;
pub mod testing;

pub use accept::Opened;
pub use disk::{Disk, File, RealDisk, RealLock};
pub use error::{Error, Result};
pub use log::{Log, Progress};
pub use read::{Reading, open, open_read_only};
pub use record::{End, Kind, Record};
pub use settings::{Settings, Witness};
pub use verify::{Counts, Report, open_alone, verify};

use std::fmt;

/// The number of an epoch. The first is 1; 0 stands for none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch(pub u64);

/// A place in the endless log: bytes of frames since its beginning, over all segments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position(pub u64);

impl Epoch {
    /// The one that follows.
    ///
    /// # Panics
    /// After the last one that a `u64` can number.
    pub fn next(self) -> Self {
        Self(self.0.checked_add(1).expect("there are fewer epochs than 2^64"))
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
