//! From what a user registers to the linked program.
pub(crate) mod link;
pub(crate) mod catalog;
