//! For tests: an oracle, a simulation, and an app that checks what it runs.
pub mod oracle;
pub mod simulation;
mod kit;

pub use kit::*;
