//! An event, borrowed and owned.
use serde::{Deserialize, Serialize};

/// An event of a committed transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event<'a> {
    /// Where it was emitted to.
    pub topic: &'a str,
    /// Its place in the topic. The first is 0.
    pub offset: u64,
    /// The epoch of its transaction.
    pub epoch: u64,
    /// The place of its transaction in the epoch.
    pub ordinal: u64,
    /// The time of its transaction, in microseconds.
    pub now: u64,
    /// What was emitted, as JSON text.
    pub body: &'a str,
}

/// An [`Event`] that owns its text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnedEvent {
    /// See [`Event::topic`].
    pub topic: String,
    /// See [`Event::offset`].
    pub offset: u64,
    /// See [`Event::epoch`].
    pub epoch: u64,
    /// See [`Event::ordinal`].
    pub ordinal: u64,
    /// See [`Event::now`].
    pub now: u64,
    /// See [`Event::body`].
    pub body: String,
}

impl Event<'_> {
    /// The same event with text of its own.
    pub fn to_owned(&self) -> OwnedEvent {
        let Self { topic, offset, epoch, ordinal, now, body } = *self;
        OwnedEvent { topic: topic.to_owned(), offset, epoch, ordinal, now, body: body.to_owned() }
    }
}

impl OwnedEvent {
    /// The event.
    pub fn event(&self) -> Event<'_> {
        let Self { topic, offset, epoch, ordinal, now, body } = self;
        Event { topic, offset: *offset, epoch: *epoch, ordinal: *ordinal, now: *now, body }
    }
}
