//! Calls from outside.
pub(crate) mod tickets;
pub(crate) mod batch;
pub(crate) mod data;
pub(crate) mod ingress;
