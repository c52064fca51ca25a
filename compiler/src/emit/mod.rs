//! model → Rust. In each file a comment shows the emitted code.
mod entity;
mod methods;
mod body;
mod cut;
mod operands;
mod plain;
mod statement;
mod stub;
mod tokens;

pub(crate) use entity::entity;
pub(crate) use methods::methods;
pub(crate) use plain::plain;
