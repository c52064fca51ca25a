//! What the caller decides and what the caller knows.
use crate::format::{BLOCK, MIN_SEGMENT};
use crate::{Epoch, Position};
use std::time::Duration;

/// How a log is written.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The name of a new log: random bytes, drawn by the caller. A log that is there keeps its own.
    pub id: [u8; 16],
    /// A new log begins behind this epoch: what a checkpoint brought from elsewhere ends with. A log that is there goes on
    /// where it ends.
    pub behind: Epoch,
    /// The size of a segment in bytes. Older segments may have another.
    pub segment_bytes: u64,
    /// Appending waits while so many bytes of epochs are not yet durable.
    pub most_waiting: usize,
    /// On a full disk, how long until the next segment is tried again.
    pub retry_full: Duration,
    /// After so much time without an epoch the log writes a witness of what is durable. Whoever asks for one epoch after the
    /// other would have as many bytes of witnesses as of epochs.
    pub idle: Duration,
}

impl Settings {
    /// Segments of 64 MiB, as many bytes waiting, a second between two looks at a full disk, and ten milliseconds until the
    /// log is idle.
    pub fn new(id: [u8; 16]) -> Self {
        Self {
            id,
            behind: Epoch(0),
            segment_bytes: 64 << 20,
            most_waiting: 64 << 20,
            retry_full: Duration::from_secs(1),
            idle: Duration::from_millis(10),
        }
    }

    pub(crate) fn check(&self) {
        let bytes = self.segment_bytes;
        assert!(
            bytes.is_multiple_of(BLOCK as u64),
            "segments are made of blocks of {BLOCK} bytes, not {bytes}"
        );
        assert!((MIN_SEGMENT..=1 << 31).contains(&bytes), "segments have 64 KiB to 2 GiB, not {bytes} bytes");
    }
}

/// What is known outside the log about how far it reached: from a checkpoint, or from a sink. The default knows nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Witness {
    /// This epoch was durable, and the log has to have all that follow it.
    pub epoch: Epoch,
    /// Everything below was durable; as [`Progress::Durable`](crate::Progress::Durable) has said.
    pub position: Position,
}
