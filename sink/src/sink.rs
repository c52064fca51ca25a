//! What every sink does.
use crate::{Event, Positions, SinkError};

/// A place where events leave to. See the [crate's head](crate) for who promises what.
///
/// After an error, nothing but [`open`](Self::open) is of use.
pub trait Sink: Send + 'static {
    /// Shuts out every writer of a lower generation, drops what was not committed, and says which offset is next, per topic.
    ///
    /// # Errors
    /// [`SinkError::Shutout`] if somebody has opened with a higher generation; else when the sink cannot be used.
    fn open(&mut self, generation: u64) -> Result<Positions, SinkError>;

    /// Takes events in order, from exactly there, without gaps. Nothing of them is to stay yet.
    ///
    /// # Errors
    /// [`SinkError::Order`] if an event does not follow; [`SinkError::Shutout`]; else when the sink cannot be used.
    fn write(&mut self, events: &[Event<'_>]) -> Result<(), SinkError>;

    /// Makes all that was written and the new positions durable together, or not at all. Asked again with the same
    /// positions it does nothing.
    ///
    /// The positions name at least the topics that were written since the last commit.
    ///
    /// # Errors
    /// [`SinkError::Order`] if the positions are not those of what was written; [`SinkError::Shutout`]; else when it is not
    /// known whether what was written is durable: the next `open` knows.
    fn commit(&mut self, next: &Positions) -> Result<(), SinkError>;
}

impl<S: Sink + ?Sized> Sink for Box<S> {
    fn open(&mut self, generation: u64) -> Result<Positions, SinkError> {
        (**self).open(generation)
    }
    fn write(&mut self, events: &[Event<'_>]) -> Result<(), SinkError> {
        (**self).write(events)
    }
    fn commit(&mut self, next: &Positions) -> Result<(), SinkError> {
        (**self).commit(next)
    }
}
