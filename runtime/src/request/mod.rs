//! Calls from outside.
pub(crate) mod batch;
pub(crate) mod replayed;
pub(crate) mod data;
pub(crate) mod ingress;
