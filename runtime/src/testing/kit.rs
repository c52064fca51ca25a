//! For tests of programs: apps that check what a plain one takes on trust.
use crate::app::App;

/// An app for a test: as [`App::new`], with [`App::check_determinism`] on.
///
/// ```
/// use thalweg::prelude::*;
///
/// #[entity(auto)]
/// pub struct Counter {
///     #[key]
///     id: u64,
///     n: u64,
/// }
///
/// #[entity]
/// impl Counter {
///     pub fn new(id: u64) -> Self {
///         Self { id, n: 0 }
///     }
///     pub fn add(&mut self) -> u64 {
///         self.n += 1;
///         self.n
///     }
/// }
///
/// let app = thalweg::testing::app("counting").entity::<Counter>().start()?;
/// assert_eq!(app.call_blocking(Counter::at(1).add()), Ok(1));
/// # Ok::<(), thalweg::Error>(())
/// ```
pub fn app(name: impl Into<String>) -> App {
    App::new(name).check_determinism()
}
