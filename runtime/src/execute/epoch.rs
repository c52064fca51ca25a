//! An epoch as one worker sees it.
use crate::base::ids::{MethodId, Phase, TxnId};
use crate::base::ticket::Ticket;
use crate::entity::run::worker::{PREFETCH_WINDOW, Worker};
use crate::execute::admit::{Claim, RootOf};
use crate::execute::message::{Message, Own};
use crate::execute::scout::Scout;
use crate::request::data::Request;
use crate::sequence::marks::Marks;
use crate::sequence::parcel::{Entry, Parcel};
use crate::state::loan::Kept;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Deref, DerefMut, Index, IndexMut};

/// How far an epoch is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Stage {
    /// Its parcels arrive.
    #[default]
    Gathering,
    /// Scouts find out what its dynamic transactions touch.
    Scouting,
    /// Its transactions are admitted and run.
    Executing,
    /// All of its transactions are over here; the other workers decide with us whether they stand.
    Executed,
}

/// One transaction's entry in the order of admission.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) txn: TxnId,
    /// The parcel, and the entry in it; both out of range when the transaction came by a scout.
    pub(super) parcel: u32,
    pub(super) entry: u32,
}

impl Place {
    /// The entry of a transaction that came by a scout.
    fn by_scout(txn: TxnId) -> Self {
        Self { txn, parcel: u32::MAX, entry: u32::MAX }
    }
}

/// What this worker knows of a transaction that started here and is dynamic, or has been wrong.
#[derive(Clone, Debug)]
pub(super) struct Guess {
    /// Its method, for counting.
    pub(super) method: MethodId,
    /// The workers that have its tickets, this one too.
    pub(super) workers: BTreeSet<u32>,
    /// How often it was wrong.
    pub(super) mispredicted: u32,
}

#[derive(Default)]
pub(super) struct Epoch {
    pub(super) stage: Stage,
    pub(super) phase: Phase,
    pub(super) parcels: Vec<Parcel>,
    /// Whether it may have to be undone, for some plan in it, at any worker, may say too little.
    pub(super) undoable: bool,
    /// Whether it has dynamic transactions, at any worker.
    pub(super) scouted: bool,
    /// Whether something in it can run only once.
    pub(super) runs_once: bool,
    /// Its transactions at this worker, in order, and how many have been admitted.
    pub(super) order: Vec<Place>,
    pub(super) cursor: usize,
    /// How many of them have been expected.
    pub(super) prefetched: usize,
    /// How many of them are active.
    pub(super) open: usize,
    /// Messages about later phases.
    pub(super) later: Vec<(Phase, Message)>,

    // What follows is for epochs that may be undone.
    pub(super) scouts: BTreeMap<TxnId, Scout>,
    /// The scouts that started here and are not done.
    pub(super) scouts_left: usize,
    /// What transactions have at this worker that a scout has planned, or that have been wrong.
    pub(super) shares: BTreeMap<TxnId, Own>,
    pub(super) guesses: BTreeMap<TxnId, Guess>,
    /// The transactions that were wrong in this attempt and need this worker in the next one.
    pub(super) mispredicted: BTreeMap<TxnId, Own>,
    /// Old states that bring back the beginning of the epoch, oldest first.
    pub(super) undo_log: Vec<Kept>,
}

/// The epochs that a worker is not through with, by their numbers.
#[derive(Default)]
pub(super) struct Epochs(BTreeMap<u64, Epoch>);

impl Epochs {
    /// Takes one out that is known to be there.
    pub(super) fn take(&mut self, number: u64) -> Epoch {
        self.0.remove(&number).unwrap_or_else(|| unknown(number))
    }
}

fn unknown(number: u64) -> ! {
    unreachable!("this worker is through with epoch {number}")
}

impl Deref for Epochs {
    type Target = BTreeMap<u64, Epoch>;
    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl DerefMut for Epochs {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

impl Index<u64> for Epochs {
    type Output = Epoch;
    fn index(&self, number: u64) -> &Epoch {
        self.0.get(&number).unwrap_or_else(|| unknown(number))
    }
}

impl IndexMut<u64> for Epochs {
    fn index_mut(&mut self, number: u64) -> &mut Epoch {
        self.0.get_mut(&number).unwrap_or_else(|| unknown(number))
    }
}

impl Epoch {
    pub(super) fn add(&mut self, parcel: Parcel) {
        self.parcels.push(parcel);
    }

    /// All of its parcels are there, and it may have to be undone.
    pub(super) fn mark(&mut self, Marks { scouted, runs_once }: Marks) {
        assert_eq!(self.stage, Stage::Gathering, "what is said of an epoch is known before it is worked on");
        (self.undoable, self.scouted, self.runs_once) = (true, scouted, runs_once);
    }

    /// The phase that this worker keeps from passing.
    pub(super) fn holds(&self) -> Phase {
        match self.stage {
            Stage::Gathering => Phase::TICKET,
            Stage::Scouting if self.scouts_left > 0 => self.phase,
            Stage::Executing => self.phase,
            Stage::Scouting | Stage::Executed => self.phase.next(),
        }
    }

    pub(super) fn is_admitted(&self) -> bool {
        self.stage == Stage::Executing && self.cursor == self.order.len()
    }

    /// What a worker's sequencer says of a transaction, with the parcel that says it.
    pub(super) fn entry(&self, place: Place) -> Option<(&Parcel, &Entry)> {
        let parcel = self.parcels.get(place.parcel as usize)?;
        Some((parcel, parcel.entries.get(place.entry as usize)?))
    }

    /// The request of a root, and the index of its call there.
    pub(super) fn call(&mut self, root: RootOf) -> (&mut Request, usize) {
        let RootOf { parcel, at } = root;
        (&mut self.parcels[parcel as usize].requests[at.request as usize], at.index as usize)
    }

    /// Whether a transaction has an entry here.
    pub(super) fn find(&self, txn: TxnId) -> Option<usize> {
        self.order.binary_search_by_key(&txn, |place| place.txn).ok()
    }

    /// The roots here, with their entries.
    fn entries_of_roots(&self) -> impl Iterator<Item = (TxnId, RootOf, &Entry)> {
        (0..).zip(&self.parcels).flat_map(|(number, parcel)| {
            parcel.entries.iter().filter_map(move |entry| {
                Some((parcel.txn(entry.seq), RootOf { parcel: number, at: entry.root? }, entry))
            })
        })
    }

    /// The roots here.
    pub(super) fn roots(&self) -> Vec<RootOf> {
        self.entries_of_roots().map(|(_, root, _)| root).collect()
    }

    /// The roots here of which it has to be found out what they touch. In an epoch that cannot run again it is not presumed,
    /// either.
    pub(super) fn guessed_roots(&self) -> Vec<(TxnId, RootOf)> {
        let guessed = |entry: &Entry| entry.dynamic || (entry.presumed && self.runs_once);
        let roots = self.entries_of_roots().filter(|(.., entry)| guessed(entry));
        roots.map(|(txn, root, _)| (txn, root)).collect()
    }

    /// The roots here that may touch what they have no tickets for; or `all`.
    pub(super) fn unsure_roots(&self, all: bool) -> Vec<(TxnId, RootOf)> {
        let roots = self.entries_of_roots().filter(|(.., entry)| all || entry.dynamic || entry.presumed);
        roots.map(|(txn, root, _)| (txn, root)).collect()
    }

    /// Prefetches what the next transactions will touch.
    pub(super) fn prefetch(&mut self, worker: &Worker) {
        let next = &self.order[self.cursor..self.order.len().min(self.cursor + PREFETCH_WINDOW)];
        let entries = next.iter().filter_map(|place| self.entry(*place));
        let tickets = entries.flat_map(|(parcel, entry)| parcel.tickets_of(entry));
        worker.prefetch_tickets(tickets.filter(|ticket| usize::from(ticket.owner) == worker.index));
        self.prefetched = self.cursor + next.len();
    }

    /// Puts the transactions of this worker in order, to begin an attempt.
    pub(super) fn line_up(&mut self) {
        self.order.clear();
        (self.cursor, self.prefetched) = (0, 0);
        for (at, parcel) in self.parcels.iter().enumerate() {
            let places = parcel.entries.iter().enumerate();
            // The looks of an epoch that may be undone come when it stands.
            let places = places.filter(|(_, entry)| !(self.undoable && entry.look));
            self.order.extend(places.map(|(place, entry)| Place {
                txn: parcel.txn(entry.seq),
                parcel: at as u32,
                entry: place as u32,
            }));
        }
        if !self.shares.is_empty() {
            let known: BTreeSet<TxnId> = self.order.iter().map(|place| place.txn).collect();
            let guests = self.shares.keys().filter(|txn| !known.contains(txn));
            self.order.extend(guests.map(|txn| Place::by_scout(*txn)));
            self.order.sort_unstable_by_key(|place| place.txn);
        }
        debug_assert!(self.order.is_sorted_by(|a, b| a.txn < b.txn), "one entry for each transaction");
    }
}

impl Parcel {
    /// What the transaction of an entry has here; `number` is that of the parcel.
    pub(super) fn has(&self, number: u32, entry: &Entry) -> Claim<'_> {
        let tickets = self.tickets_of(entry);
        let others = entry.others.start as usize..entry.others.end as usize;
        let root = entry.root.map(|at| RootOf { parcel: number, at });
        Claim { tickets, home: entry.home, root, others: &self.others[others], ..Claim::NONE }
    }

    /// The tickets of an entry.
    pub(super) fn tickets_of(&self, entry: &Entry) -> &[Ticket] {
        &self.tickets[entry.tickets.start as usize..entry.tickets.end as usize]
    }

    pub(super) fn txn(&self, seq: u32) -> TxnId {
        TxnId { epoch: self.epoch, worker: self.from, seq }
    }
}
