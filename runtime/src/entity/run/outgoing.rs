//! What leaves a worker while a method runs there.
use crate::base::class_id::ClassId;
use crate::base::error::Result;
use crate::base::guard::Guarded;
use crate::entity::call::Call;
use crate::entity::run::shipped::ShippedCall;
use crate::entity::run::task::Remote;
use crate::entity::run::worker::Worker;
use crate::entity::traits::Method;

/// What a method has to say to another worker.
pub(crate) enum Outgoing {
    /// A call that is made there.
    Call(OutgoingCall),
    /// What a call needs that is made here, as a task of its own, as soon as it is at hand.
    Demand(Demand, OutgoingCall),
}

/// What has not been lent beforehand: the entities behind a hash, which another worker of the group has. A scout wants copies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Demand {
    pub(crate) class: ClassId,
    pub(crate) hash: u64,
}

/// A call that leaves its worker, with what the callee's flow has to know.
pub(crate) struct OutgoingCall {
    pub(crate) kind: CallKind,
    pub(crate) depth: u32,
    pub(crate) path: u64,
    /// Whether what it calls may go one way.
    pub(crate) one_way: bool,
    pub(crate) call: Cargo,
}

/// A call without its type.
pub(crate) enum Cargo {
    /// For this worker.
    Here(Guarded<Box<dyn Remote>>),
    /// For another group.
    Away(ShippedCall),
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

impl Cargo {
    /// A call for this worker.
    pub(crate) fn here<M: Method>(call: Call<M>) -> Self {
        Self::Here(Guarded::new(Box::new(call)))
    }

    /// The call, with what runs it; and whether it is from another group.
    ///
    /// # Errors
    /// When its bytes cannot be read.
    pub(crate) fn open(self, worker: &Worker) -> (Result<Guarded<Box<dyn Remote>>>, bool) {
        match self {
            Self::Here(call) => (Ok(call), false),
            Self::Away(call) => (worker.instances.read(&call), true),
        }
    }

    /// The bytes of the call, without what arguments point to if it is for this worker.
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Here(call) => call.size(),
            Self::Away(call) => call.size(),
        }
    }
}
