//! Calls that leave their worker.
use crate::base::guard::Guarded;
use crate::entity::run::task::Remote;

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
