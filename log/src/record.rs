//! What a log has, as it is read.
use crate::Epoch;

/// Something that was logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// What it is.
    pub kind: Kind,
    /// Its epoch; of a start or a stop the last one before it.
    pub epoch: Epoch,
    /// The caller's bytes.
    pub body: Vec<u8>,
}

/// What a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A writer began.
    Start,
    /// An epoch.
    Epoch,
    /// What became of an epoch.
    Outcome,
    /// A writer ended in peace.
    Stop,
}

/// Where the log ends, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// There is no log yet.
    New,
    /// With a stop.
    Stopped,
    /// Without one, and nothing stands behind.
    Open,
    /// Remains of writes stand behind that were never acknowledged.
    Torn,
}
