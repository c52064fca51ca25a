//! How methods run: on a worker, on plain maps, or nowhere, to be described.
pub(crate) mod context;
pub(crate) mod invoke;
pub(crate) mod joins;
pub(crate) mod outgoing;
pub(crate) mod shipped;
pub(crate) mod task;
pub(crate) mod access;
pub(crate) mod lent;
pub(crate) mod overlay;
pub(crate) mod classes;
pub(crate) mod worker;
pub(crate) mod saving;
pub(crate) mod txn_local;
pub(crate) mod twice;
