//! What the load generator asks of a workload, and what it gets.

use thalweg::{App, Handle};

/// A request that was submitted: waits for its answer.
pub type Pending = Box<dyn FnOnce() -> Result<Outcome, thalweg::Error> + Send>;

/// Waits for all of these.
pub fn wait(all: Vec<Pending>) -> thalweg::Result {
    all.into_iter().try_for_each(|pending| pending().map(drop))?;
    Ok(())
}

/// How a request ended, when the system did its part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Committed,
    /// The method's own `Err`: nothing of the request has happened.
    Refused,
}

/// A program with its data, its mix of requests and its invariants.
///
/// All requests of a run go through one handle. A handle keeps the order of its requests, so a workload can keep a
/// book beside the program that says what each request must answer and what must stand in the entities at the end.
pub trait Workload: Send {
    fn name(&self) -> &'static str;

    /// Registers the roots.
    fn register(&self, app: App) -> App;

    /// Submits what creates the initial data, and waits for nothing but places in the queue; so a simulation with room
    /// for all of it can be loaded, too.
    fn load(&mut self, app: &Handle) -> thalweg::Result<Vec<Pending>>;

    /// Draws one request and submits it, waiting for a place in the queue if need be.
    fn next(&mut self, app: &Handle) -> Result<Pending, thalweg::Error>;

    /// Compares the entities with the book; the error says which invariant is broken.
    fn check(&self, app: &Handle) -> thalweg::Result<()>;
}
