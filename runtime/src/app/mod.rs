//! The app and its handles: what a user's program holds.
mod at_epoch;
mod by_name;
mod delivery;
mod handle;
mod once;
mod running;
mod settings;
mod start;
mod storage;

pub use handle::{Counts, Handle};
pub use settings::App;
pub(crate) use start::Past;
