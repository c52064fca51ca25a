//! The transactions that are active at a worker, with their places in the queues.
use crate::base::groups::lenders;
use crate::base::ids::{Phase, TxnId};
use crate::base::location::worker_number;
use crate::base::ticket::{Share, Ticket};
use crate::execute::admit::{Claim, RootOf};
use crate::execute::locks::LockTable;
use crate::execute::transaction::{RootHere, Transaction};
use crate::state::loan::Loans;
use rustc_hash::FxHashMap;
use slab::Slab;
use smallvec::SmallVec;
use std::collections::VecDeque;
use std::ops::{Index, IndexMut};

/// Admission pauses at this many runnable transactions, so that the data prefetched for them is still in cache.
const ADMIT_BURST: usize = 64;

/// The most transactions that are active at a worker; the next ones wait for some of these to end. Their records take
/// turns in the processor's cache. It cannot block: the first transaction that is not over stands first everywhere.
const MAX_ACTIVE: usize = 256;

/// The transactions that are active at a worker, and their places in the queues.
pub(super) struct Transactions {
    /// This worker.
    me: u16,
    all: Slab<Box<Transaction>>,
    by_txn: FxHashMap<TxnId, usize>,
    locks: LockTable,
    /// Those of them that have just got the last of their tickets.
    ready: VecDeque<usize>,
    /// What has been lent to transactions that are not admitted yet.
    early: FxHashMap<TxnId, SmallVec<[Loans; 1]>>,
    /// Records that are not in use.
    #[allow(clippy::vec_box, reason = "they go to `all` and come from there without being moved")]
    spare: Vec<Box<Transaction>>,
}

impl Transactions {
    pub(super) fn new(me: usize) -> Self {
        let me = worker_number(me);
        let (by_txn, early) = (FxHashMap::default(), FxHashMap::default());
        let (all, locks, ready, spare) = (Slab::new(), LockTable::default(), VecDeque::new(), Vec::new());
        Self { me, all, by_txn, locks, ready, early, spare }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// How many there are, and how many tickets they have.
    pub(super) fn load(&self) -> (usize, usize) {
        (self.all.len(), self.locks.len())
    }

    /// Whether one more should be active before these go on.
    pub(super) fn has_room(&self) -> bool {
        self.all.len() < MAX_ACTIVE && self.ready.len() < ADMIT_BURST
    }

    /// The root of a transaction that needs no other worker and would wait for nobody here.
    pub(super) fn free_root(&self, has: &Claim<'_>) -> Option<RootOf> {
        let free = |ticket: &Ticket| ticket.owner == self.me && self.locks.is_free(ticket.lock);
        let alone = has.others.is_empty() && has.lenders.is_empty();
        has.root.filter(|_| alone && (has.share == Share::Whole || has.tickets.iter().all(free)))
    }

    /// How many other workers lend something to a transaction that is at home here.
    pub(super) fn lenders(&self, has: &Claim<'_>) -> u32 {
        if has.home.is_some() { 0 } else { lenders(has.tickets, self.me).count() as u32 }
    }

    /// Where a transaction is, if it is active.
    pub(super) fn find(&self, txn: TxnId) -> Option<usize> {
        self.by_txn.get(&txn).copied()
    }

    pub(super) fn get(&self, at: usize) -> Option<&Transaction> {
        self.all.get(at).map(|active| &**active)
    }

    pub(super) fn get_mut(&mut self, at: usize) -> Option<&mut Transaction> {
        self.all.get_mut(at).map(|active| &mut **active)
    }

    /// Whether one of them may run.
    pub(super) fn is_ready(&self) -> bool {
        !self.ready.is_empty()
    }

    /// The next that may run.
    pub(super) fn next_ready(&mut self) -> Option<usize> {
        self.ready.pop_front()
    }

    /// Puts a transaction into the queues; where it is from here on.
    pub(super) fn activate(&mut self, txn: TxnId, phase: Phase, stamp: u32, has: Claim<'_>) -> usize {
        let from_lenders = self.lenders(&has);
        let Claim { share, tickets, home, root, others, lenders } = has;
        let mut active = self.spare.pop().unwrap_or_default();
        let at = self.all.vacant_key();
        (active.txn, active.phase, active.waiting) = (txn, phase, from_lenders);
        (active.home, active.lenders_left) = (home, from_lenders);
        if share == Share::Tickets {
            for ticket in tickets.iter().filter(|ticket| ticket.owner == self.me) {
                let (place, granted) = self.locks.join(ticket.lock, at, ticket.write);
                active.places.push(place);
                active.waiting += u32::from(!granted);
            }
        }
        active.running.may_touch(share, tickets);
        active.running.stamp = stamp;
        active.running.lenders.extend_from_slice(lenders);
        active.running.homes.extend_from_slice(others);
        let others = || SmallVec::from_slice(others);
        active.root = root.map(|of| RootHere { of, others: others(), started: false, decider: None });
        for loans in self.early.remove(&txn).into_iter().flatten() {
            active.take(loans);
        }
        if active.waiting == 0 {
            self.ready.push_back(at);
        }
        self.all.insert(active);
        self.by_txn.insert(txn, at);
        at
    }

    /// A worker has lent something to a transaction.
    pub(super) fn granted(&mut self, at: usize, loans: Loans) {
        let active = &mut self.all[at];
        active.take(loans);
        if active.waiting == 0 && active.over.is_none() {
            self.ready.push_back(at);
        }
    }

    /// The same, to one that is not admitted yet.
    pub(super) fn granted_early(&mut self, txn: TxnId, loans: Loans) {
        self.early.entry(txn).or_default().push(loans);
    }

    /// Takes one out that is over.
    pub(super) fn end(&mut self, at: usize) -> Box<Transaction> {
        let active = self.all.remove(at);
        let known = self.by_txn.remove(&active.txn);
        assert_eq!(known, Some(at), "a transaction is found under its own number");
        active
    }

    /// Gives its tickets to those who wait.
    pub(super) fn leave(&mut self, mut active: Box<Transaction>) {
        let Self { all, locks, ready, spare, .. } = self;
        for place in active.places.drain(..) {
            locks.leave(place, |other| {
                let other_txn = &mut all[other];
                other_txn.waiting -= 1;
                if other_txn.waiting == 0 {
                    ready.push_back(other);
                }
            });
        }
        active.clear();
        spare.push(active);
    }
}

impl Index<usize> for Transactions {
    type Output = Transaction;
    fn index(&self, at: usize) -> &Transaction {
        &self.all[at]
    }
}

impl IndexMut<usize> for Transactions {
    fn index_mut(&mut self, at: usize) -> &mut Transaction {
        &mut self.all[at]
    }
}
