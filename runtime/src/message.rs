//! What workers send each other.
//!
//! All workers are threads of one process, so messages move as they are. The serde traits are what timely asks of
//! everything it might send to another process; there is none, and they say so.
use crate::ambient::Ambient;
use crate::ingress::{Look, Request};
use crate::worker::{Payload, Remote};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The place of a transaction in the one order: an epoch's transactions one after the other, workers in turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct TxnId {
    pub(crate) epoch: u64,
    pub(crate) worker: usize,
    pub(crate) seq: u32,
}

/// From `sequence` to `execute`.
pub(crate) enum Ordered {
    /// A transaction, to the owner of its root.
    Root { txn: TxnId, to: usize, ambient: Ambient, request: Box<dyn Request> },
    /// Its ticket at every other worker.
    Ticket { txn: TxnId, to: usize },
    /// A look, at every worker.
    Look { txn: TxnId, to: usize, look: Look },
}

/// From `execute` to `execute`.
pub(crate) enum Message {
    Call { txn: TxnId, from: usize, depth: u32, ambient: Ambient, call: Box<dyn Remote> },
    Return { txn: TxnId, draws: u64, value: crate::error::Result<Payload> },
    End { txn: TxnId, commit: bool },
}

/// A message with its address.
pub(crate) struct Addressed(pub(crate) usize, pub(crate) Message);

macro_rules! in_process {
    ($($name:ident),+) => {$(
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
                Err(serde::ser::Error::custom("workers of one app are threads of one process"))
            }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
                Err(serde::de::Error::custom("workers of one app are threads of one process"))
            }
        }
    )+};
}
in_process!(Ordered, Addressed);
