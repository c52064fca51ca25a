//! model → Rust. In each file a comment shows the emitted code.
mod entity;
mod tables;
mod methods;
mod body;
mod cut;
mod operands;
mod statement;
mod stub;
mod tokens;

pub(crate) use entity::{entity, stand_in};
pub(crate) use methods::methods;
