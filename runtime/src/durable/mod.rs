//! State that survives: what the log says of requests, and how an app comes back from it.
//!
//! The log holds requests and not what they did: their order is all that a result depends on. An epoch is written as soon as
//! its order is known, while it runs; its answers leave when it is durable. After a restart the same epochs go through the
//! same sequencers and executors.
pub(crate) mod start;
pub(crate) mod fingerprint;
pub(crate) mod progress;
pub(crate) mod requests;
pub(crate) mod skips;
pub(crate) mod attempts;
pub(crate) mod record;
pub(crate) mod journal;
pub(crate) mod replay;
pub(crate) mod base;
pub(crate) mod checkpoints;
pub(crate) mod checkpointer;
pub(crate) mod rows;
pub(crate) mod image;
pub(crate) mod recovery;

use crate::base::ambient::fresh_seed;
use crate::base::error::{Error, Result};
use crate::base::storage_fault::StorageFault;
use std::path::Path;
use thalweg_log::{RealDisk, Settings};

/// The folder of the log in a data directory; it is made if it is not there.
///
/// # Errors
/// When it cannot be.
pub(crate) fn real_disk(data: &Path) -> Result<RealDisk> {
    let folder = data.join("log");
    RealDisk::at(&folder).map_err(|error| {
        let place = folder.display();
        let what =
            format!("{place}: cannot be used for the log: {error}; give the app a folder that it may write");
        Error::storage(StorageFault::Refused, what)
    })
}

/// The same for a log that is only read; nothing is made.
///
/// # Errors
/// When the path makes no sense.
pub(crate) fn disk_to_read(data: &Path) -> Result<RealDisk> {
    let folder = data.join("log");
    RealDisk::existing(&folder).map_err(|error| {
        let what = format!("{}: no place for a log: {error}", folder.display());
        Error::storage(StorageFault::Refused, what)
    })
}

/// How the log is written. The name is that of a new one.
pub(crate) fn settings() -> Settings {
    let mut id = [0; 16];
    id.chunks_exact_mut(8).for_each(|half| half.copy_from_slice(&fresh_seed().to_le_bytes()));
    // A start zero-fills and syncs one of them before anything is answered.
    Settings { segment_bytes: 16 << 20, ..Settings::new(id) }
}

/// The same for a simulated disk, which is memory.
pub(crate) fn small_settings() -> Settings {
    Settings { segment_bytes: 64 << 10, ..settings() }
}
