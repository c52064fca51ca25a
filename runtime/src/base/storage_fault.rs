//! What can go wrong with a data directory, by kind.
use crate::base::error::Error;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Why a data directory cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum StorageFault {
    /// Another process uses it, or has taken it over.
    InUse,
    /// It belongs to another app, or was made with another setting.
    Foreign,
    /// Another release wrote it.
    Release,
    /// Bytes are wrong or missing of which it is known that they were durable.
    Damaged,
    /// There is no space left.
    Full,
    /// The operating system or the object store refuses something.
    Refused,
    /// It has what the program does not have: a class, a method, or a state that it cannot read.
    Program,
    /// Something of the program has no bytes.
    State,
    /// What is asked for is not there.
    Absent,
}

impl Error {
    /// The storage cannot be used, for this reason.
    pub(crate) fn storage(fault: StorageFault, what: impl fmt::Display) -> Self {
        Self::Storage { fault, what: what.to_string() }
    }
}

impl From<thalweg_log::Error> for Error {
    fn from(error: thalweg_log::Error) -> Self {
        use thalweg_log::Error as Log;
        let fault = match &error {
            Log::Locked { .. } => StorageFault::InUse,
            Log::Damaged { .. } | Log::Missing { .. } | Log::Lost { .. } => StorageFault::Damaged,
            Log::Format { .. } => StorageFault::Release,
            Log::Full => StorageFault::Full,
            Log::TooLarge { .. } => StorageFault::State,
            _ => StorageFault::Refused,
        };
        Self::storage(fault, error)
    }
}

impl From<thalweg_checkpoint::Error> for Error {
    fn from(error: thalweg_checkpoint::Error) -> Self {
        use thalweg_checkpoint::Error as Checkpoint;
        let fault = match &error {
            Checkpoint::Fenced { .. } | Checkpoint::Occupied { .. } => StorageFault::InUse,
            Checkpoint::Foreign { .. } => StorageFault::Foreign,
            Checkpoint::Damaged { .. } | Checkpoint::Missing { .. } => StorageFault::Damaged,
            Checkpoint::Format { .. } => StorageFault::Release,
            Checkpoint::TooLarge { .. } => StorageFault::State,
            _ => StorageFault::Refused,
        };
        Self::storage(fault, error)
    }
}
