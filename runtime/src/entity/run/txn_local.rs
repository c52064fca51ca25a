//! The part of a transaction at one worker.
use crate::base::emitted::Emitted;
use crate::base::error::Error;
use crate::base::ticket::{Share, Ticket};
use crate::entity::run::outgoing::{Demand, Outgoing};
use crate::state::loan::{ByHash, Kept, Loan, Olds};
use rustc_hash::FxHashSet;
use smallvec::SmallVec;

/// What a task sends while it runs.
pub(crate) struct Sent {
    pub(crate) to: u32,
    pub(crate) number: u32,
    pub(crate) after: u32,
    pub(crate) outgoing: Outgoing,
}

/// A transaction's part at one worker: what it may touch, what it has changed, what it waits for.
#[derive(Default)]
pub(crate) struct TxnLocal {
    /// What it may touch, unless it has the whole worker.
    pub(crate) tickets: SmallVec<[Ticket; 4]>,
    pub(crate) whole: bool,
    /// Tells its writes from those of others.
    pub(crate) stamp: u32,
    /// The old states of what it has written, oldest first.
    pub(crate) undo_log: SmallVec<[Kept; 4]>,
    /// What it has from other workers of its group.
    pub(crate) loans: Vec<Loan>,
    /// The old states of those that it has written.
    pub(crate) olds: Olds,
    /// Where to find them, if they are many.
    pub(crate) by_hash: Option<Box<ByHash>>,
    /// The other workers of its group that it has whole, and what it has demanded of them.
    pub(crate) lenders: SmallVec<[u16; 4]>,
    pub(crate) demanded: FxHashSet<Demand>,
    /// Where it is at home in the other groups.
    pub(crate) homes: SmallVec<[u32; 2]>,
    /// How many calls have left.
    pub(crate) calls: u32,
    /// How many one-way calls have left for each worker.
    pub(crate) sent: SmallVec<[(u32, u32); 2]>,
    /// How many one-way calls of each worker have been carried out here.
    pub(crate) done: SmallVec<[(u32, u32); 2]>,
    /// How many one-way calls have not been acknowledged.
    pub(crate) outstanding: u32,
    /// What it has emitted here, and in calls that came back from elsewhere.
    pub(crate) emitted: Option<Box<Emitted>>,
    /// The first one-way call that failed, in the order of the program, and why.
    pub(crate) failed: Option<Box<(u32, Error)>>,
}

impl TxnLocal {
    /// It has emitted this, too.
    pub(crate) fn emit(&mut self, emitted: Emitted) {
        self.emitted.get_or_insert_default().append(emitted);
    }

    /// What it has emitted, if there are events: on its way to where its root is.
    pub(crate) fn take_events(&mut self) -> Option<Box<Emitted>> {
        self.emitted.take_if(|emitted| emitted.has_events())
    }

    /// Makes it ready for another transaction.
    pub(crate) fn clear(&mut self) {
        // What may have grown keeps its room.
        let Self {
            tickets,
            whole,
            stamp,
            undo_log,
            loans,
            olds,
            by_hash,
            lenders,
            demanded,
            homes,
            calls,
            sent,
            done,
            outstanding,
            emitted,
            failed,
        } = self;
        tickets.clear();
        loans.clear();
        olds.clear();
        (*by_hash, *emitted) = (None, None);
        homes.clear();
        lenders.clear();
        demanded.clear();
        (*whole, *stamp, *calls, *outstanding, *failed) = (false, 0, 0, 0, None);
        undo_log.clear();
        sent.clear();
        done.clear();
    }

    /// From here on it may touch this.
    pub(crate) fn may_touch(&mut self, share: Share, tickets: &[Ticket]) {
        self.whole = share == Share::Whole;
        self.tickets.clear();
        self.tickets.extend_from_slice(tickets);
    }
}
