//! Calls from outside.
pub(crate) mod batch;
pub(crate) mod encoded;
pub(crate) mod data;
pub(crate) mod ingress;
