//! The dataflow of a program as plain data: linking, access plans, pictures.
//!
//! The compiler writes one [`Entity`] for each `#[entity]` pair; [`link`] joins them to a [`Program`], derives the
//! access plan of every method and checks the whole with [`Program::verify`]. What is linked can be printed:
//! [`Program::to_text`] for snapshots, [`Program::to_dot`] and [`Program::to_mermaid`] for documents,
//! [`Program::to_json`] for tools and [`Program::to_html`] for people.
//!
//! This crate knows neither the syntax of Rust nor the engine: no syn, no timely, no I/O. All output is a function
//! of its input alone, in a stable order.
//!
//! ```
//! let program = thalweg_graph::link("empty", Vec::new())?;
//! assert_eq!(program.to_text(), "program empty: 0 entities, 0 methods\n");
//! # Ok::<(), thalweg_graph::LinkError>(())
//! ```
mod model;
mod conditions;
mod link;
mod plan;
mod verify;
mod program;
mod looks;
mod walk;
mod text;
mod dot;
mod mermaid;
mod json;
mod html;

pub use conditions::DecideError;
pub use json::JsonError;
pub use link::{LinkError, link};
pub use model::*;
pub use plan::{CallEdge, calls};
pub use verify::{Fault, Place, VerifyError, Wrong};

/// The version of the JSON form.
pub const JSON_VERSION: u32 = 1;

/// The methods that every entity has without writing them, with their access to it.
pub const BUILT_IN: [(&str, Access); 2] = [("exists", Access::Read), ("remove", Access::Create)];
