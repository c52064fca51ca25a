//! The app and its handles: what a user's program holds.
mod by_name;
mod handle;
mod running;
mod settings;

pub use handle::{Counts, Handle};
pub use settings::App;
pub(crate) use settings::Past;
