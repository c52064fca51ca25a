//! What leaves a worker while a method runs there.
use crate::base::class_id::ClassId;
use crate::base::guard::Guarded;
use crate::entity::run::task::Remote;

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
