//! What workers send each other.
//!
//! All workers are threads of one process, so messages move as they are. The serde traits are what timely asks of
//! everything it might send to another process; there is none, and they say so.
use crate::Error;
use crate::ambient::Ambient;
use crate::error::Result;
use crate::execute::Time;
use crate::guard::Guarded;
use crate::ingress::Look;
use crate::loan::Loans;
use crate::plan::Ticket;
use crate::request::Request;
use crate::task::{Payload, Remote};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The place of a transaction in the one order: an epoch's transactions one after the other, workers in turn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct TxnId {
    pub(crate) epoch: u64,
    pub(crate) worker: u32,
    pub(crate) seq: u32,
}

/// How much of a worker a transaction needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Share {
    /// The entities it has tickets for.
    Tickets,
    /// All of it.
    Whole,
}

/// Where the call of a root is found: the index of its request in the parcel, and its own index there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RootAt {
    pub(crate) request: u32,
    pub(crate) index: u32,
}

/// What one worker has to know of one transaction.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) seq: u32,
    /// Its tickets here: a range of the parcel's. At its home, those of the whole group.
    pub(crate) tickets: std::ops::Range<u32>,
    /// Its home in this worker's group; `None` where that is this worker.
    pub(crate) home: Option<u16>,
    /// If this is its home, those in other groups.
    pub(crate) others: Others,
    /// The root, if it is here.
    pub(crate) root: Option<RootAt>,
    /// Whether the tickets are yet to be found by a scout, which starts here.
    pub(crate) dynamic: bool,
    /// Whether the tickets of a root that is here may be too few.
    pub(crate) presumed: bool,
    /// Whether this is a look and no transaction.
    pub(crate) look: bool,
}

/// Other workers: a range of the parcel's list.
pub(crate) type Others = std::ops::Range<u32>;

/// What one worker's part of an epoch means to another worker: from `sequence` to `execute`.
#[derive(Default)]
pub(crate) struct Parcel {
    pub(crate) epoch: u64,
    pub(crate) from: u32,
    pub(crate) to: u32,
    pub(crate) entries: Vec<Entry>,
    pub(crate) tickets: Vec<Ticket>,
    pub(crate) others: Vec<u32>,
    pub(crate) requests: Vec<Request>,
    pub(crate) looks: Vec<Look>,
    /// Whether the epoch may have to be undone, for some plan in it may say too little; all workers are told.
    pub(crate) undoable: bool,
    /// Whether it has dynamic transactions, for which there are scouts; then it is undoable, too.
    pub(crate) scouted: bool,
    /// Whether one of them can run only once.
    pub(crate) careful: bool,
}

/// From `execute` to `execute`.
pub(crate) enum Message {
    /// A call to an entity of another worker.
    Call(Box<Called>),
    /// Its result.
    Result(Box<Returned>),
    /// A one-way call has been carried out, or has failed.
    Ack { txn: TxnId, number: u32, result: Result<()> },
    /// A worker lends what the transaction needs of it.
    Grant { txn: TxnId, loans: Loans },
    /// The transaction is over at its home, and gives back what it was lent to write.
    Return { txn: TxnId, loans: Loans },
    /// The transaction is over.
    End { txn: TxnId, commit: bool },
    /// What a scout found: the tickets of a dynamic transaction at this worker, or all of it.
    Scouted { txn: TxnId, own: Box<Own> },
    /// The transaction touched what its scout had not: it is in the tail, and this worker is needed whole.
    Wrong { txn: TxnId, needed: bool },
}

/// See [`Message::Call`].
pub(crate) struct Called {
    pub(crate) txn: TxnId,
    pub(crate) from: u32,
    /// What waits for the result: the task, and the number of the call.
    pub(crate) task: u32,
    pub(crate) number: u32,
    /// How many one-way calls of the transaction this worker must have carried out before, of those from there.
    pub(crate) after: u32,
    pub(crate) ambient: Ambient,
    pub(crate) leaving: Leaving,
}

/// A call that leaves its worker, with what the callee's flow has to know.
pub(crate) struct Leaving {
    pub(crate) kind: CallKind,
    pub(crate) depth: u32,
    pub(crate) path: u64,
    /// Whether what it calls may go one way.
    pub(crate) one_way: bool,
    pub(crate) call: Guarded<Box<dyn Remote>>,
}

/// What is expected of the callee's worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CallKind {
    /// The result.
    Await,
    /// A word that it is done.
    OneWay,
    /// The same; and whether it succeeds decides the transaction, for everything else is done.
    Last,
    /// The result, and what was touched; nothing is changed.
    Scout,
}

/// What a dynamic transaction has at a worker, as far as a scout could tell.
#[derive(Clone, Debug)]
pub(crate) struct Own {
    pub(crate) share: Share,
    pub(crate) tickets: Vec<Ticket>,
    /// Its home in the worker's group; `None` where that is the worker itself.
    pub(crate) home: Option<u16>,
    /// If this is its home, those in other groups.
    pub(crate) others: Vec<u32>,
}

impl Own {
    /// All of the worker.
    pub(crate) fn whole() -> Self {
        Self { share: Share::Whole, tickets: Vec::new(), home: None, others: Vec::new() }
    }
}

/// See [`Message::Result`].
pub(crate) struct Returned {
    pub(crate) txn: TxnId,
    pub(crate) task: u32,
    pub(crate) number: u32,
    pub(crate) value: Result<Payload, Error>,
    /// What a scout touched on the way, and `None` outside scouting.
    pub(crate) touched: Option<Vec<Ticket>>,
}

/// A message with its address.
pub(crate) struct Addressed(pub(crate) u32, pub(crate) Message);

/// A message with what it is about, which may be before the time at which it is sent.
pub(crate) struct Stamped(pub(crate) Time, pub(crate) Addressed);

impl Message {
    // What is large and rare travels in a box: a message is moved some eight times.

    pub(crate) fn call(called: Called) -> Self {
        Self::Call(Box::new(called))
    }

    pub(crate) fn result(returned: Returned) -> Self {
        Self::Result(Box::new(returned))
    }

    /// The bytes of the message itself, without what its boxes hold.
    pub(crate) fn size(&self) -> usize {
        size_of::<Addressed>()
            + match self {
                Message::Call(called) => called.leaving.call.size(),
                Message::Scouted { own, .. } => size_of_val(own.tickets.as_slice()),
                _ => 0,
            }
    }
}

impl Parcel {
    /// The bytes of the parcel, without what its requests hold.
    pub(crate) fn size(&self) -> usize {
        size_of::<Self>()
            + size_of_val(self.entries.as_slice())
            + size_of_val(self.tickets.as_slice())
            + size_of_val(self.others.as_slice())
    }
}

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
in_process!(Parcel, Stamped);
