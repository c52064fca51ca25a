//! Tickets: the lock requests of a transaction, one for each entity that it may touch.
use crate::base::class_id::ClassId;
use crate::base::location::{Location, worker_number};

/// A ticket as the sequencer hands it out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ticket {
    /// A worker; there are not more of them than [`crate::base::hash::SHARDS`].
    pub(crate) owner: u16,
    pub(crate) lock: u64,
    /// The number of the class, so that the entity can be expected.
    pub(crate) class: ClassId,
    pub(crate) write: bool,
}

impl Ticket {
    pub(crate) fn new(at: Location, write: bool) -> Self {
        Self { owner: worker_number(at.owner), lock: at.lock, class: at.class, write }
    }
}

/// How much of a worker a transaction needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Share {
    /// The entities it has tickets for.
    Tickets,
    /// All of it.
    Whole,
}

/// Sorts tickets by owner, and makes one of those for the same entity.
pub(crate) fn normalise(tickets: &mut Vec<Ticket>) {
    match tickets.as_mut_slice() {
        [] | [_] => return,
        [a, b] => {
            if a > b {
                std::mem::swap(a, b);
            }
        }
        more => more.sort_unstable(),
    }
    tickets.dedup_by(|later, earlier| {
        let same = (later.owner, later.lock) == (earlier.owner, earlier.lock);
        earlier.write |= same && later.write;
        same
    });
}
