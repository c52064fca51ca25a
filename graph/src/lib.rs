//! The dataflow of a program as plain data.
mod model;

pub use model::*;

/// The version of the JSON form.
pub const JSON_VERSION: u32 = 1;
