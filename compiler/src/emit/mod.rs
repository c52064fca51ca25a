//! model → Rust. In each file a comment shows the emitted code.
mod entity;
mod methods;
mod body;

pub(crate) use entity::entity;
pub(crate) use methods::methods;
