//! Admission: transactions take their places in the queues, in `TxnId` order.
use super::active::{Active, RootHere};
use super::epoch::{Place, Stage};
use super::{Executor, Phase};
use crate::ambient::Ambient;
use crate::message::{RootAt, Share, TxnId};
use crate::plan::Ticket;
use crate::queue::Queues;
use crate::task::discard;
use crate::worker::Running;
use slab::Slab;
use smallvec::SmallVec;
use std::collections::VecDeque;

/// What a transaction has at this worker.
struct Has {
    share: Share,
    tickets: SmallVec<[Ticket; 4]>,
    root: Option<(usize, RootAt)>,
    others: SmallVec<[u32; 4]>,
}

impl Executor {
    /// Begins an attempt.
    pub(super) fn begin(&mut self, number: u64, phase: Phase) {
        let Some(epoch) = self.epochs.get_mut(&number) else { return };
        epoch.stage = Stage::Executing;
        epoch.line_up();
        self.enter(number, phase);
    }

    /// An epoch comes to a phase: what has come for it is looked at now.
    pub(super) fn enter(&mut self, number: u64, phase: Phase) {
        let Some(epoch) = self.epochs.get_mut(&number) else { return };
        epoch.phase = phase;
        for (phase, message) in std::mem::take(&mut epoch.later) {
            self.message(super::Time { epoch: number, phase }, message);
        }
    }

    /// Admits what can be admitted; whether anything has changed.
    pub(super) fn admit(&mut self, number: u64) -> bool {
        let mut admitted = false;
        while self.exclusive.is_none() {
            let Some(epoch) = self.epochs.get(&number) else { return admitted };
            let Some(place) = epoch.order.get(epoch.cursor).copied() else { break };
            if !self.admit_one(place) {
                return admitted;
            }
            admitted = true;
        }
        let Some(epoch) = self.epochs.get_mut(&number).filter(|epoch| epoch.is_admitted() && epoch.open == 0)
        else {
            return admitted;
        };
        if epoch.dynamic {
            epoch.stage = Stage::Executed;
        } else {
            self.epochs.remove(&number);
        }
        true
    }

    /// Admits one transaction; `false` while it must wait for the whole worker.
    fn admit_one(&mut self, place: Place) -> bool {
        let txn = place.txn;
        if let Some(look) = self.look(place) {
            if !self.active.is_empty() {
                return false;
            }
            self.admitted(txn);
            look(&self.worker);
            return true;
        }
        let has = self.has(place);
        if has.share == Share::Whole && !self.active.is_empty() {
            return false;
        }
        self.admitted(txn);
        let free = |ticket: &Ticket| self.queues.is_free(ticket.lock);
        if let (Some((parcel, at)), true, true) =
            (has.root, has.others.is_empty(), has.share == Share::Whole || has.tickets.iter().all(free))
        {
            self.run_here(txn, parcel, at, (has.share == Share::Tickets).then_some(has.tickets));
            return true;
        }
        let early = self.early.remove(&txn).unwrap_or_default();
        if early.iter().any(|message| matches!(message, crate::message::Message::End { .. })) {
            discard(early);
            return true; // it ended without having been here
        }
        let active = self.activate(txn, has);
        if active.1 {
            self.exclusive = Some(active.0);
        }
        let time = self.active[active.0].time();
        early.into_iter().for_each(|message| self.receive(time, message));
        true
    }

    fn admitted(&mut self, txn: TxnId) {
        if let Some(epoch) = self.epochs.get_mut(&txn.epoch) {
            epoch.cursor += 1;
        }
    }

    fn look(&self, place: Place) -> Option<crate::ingress::Look> {
        let (parcel, entry) = place.entry?;
        let parcel = &self.epochs.get(&place.txn.epoch)?.parcels[parcel];
        if !parcel.entries[entry].look {
            return None;
        }
        let nth = parcel.entries[..entry].iter().filter(|entry| entry.look).count();
        parcel.looks.get(nth).cloned()
    }

    fn has(&self, place: Place) -> Has {
        let nothing =
            Has { share: Share::Tickets, tickets: SmallVec::new(), root: None, others: SmallVec::new() };
        let Some(epoch) = self.epochs.get(&place.txn.epoch) else { return nothing };
        let mut has = nothing;
        if let Some((at, entry)) = place.entry {
            let parcel = &epoch.parcels[at];
            let entry = &parcel.entries[entry];
            let range = |range: &std::ops::Range<u32>| range.start as usize..range.end as usize;
            has.tickets = SmallVec::from_slice(&parcel.tickets[range(&entry.tickets)]);
            if let Some((root, others)) = &entry.root {
                has.root = Some((at, *root));
                has.others = SmallVec::from_slice(&parcel.others[range(others)]);
            }
        }
        if !epoch.dynamic {
            return has;
        }
        if let Some((share, tickets)) = epoch.shares.get(&place.txn) {
            (has.share, has.tickets) = (*share, SmallVec::from_slice(tickets));
        }
        if let Some(guess) = epoch.guesses.get(&place.txn) {
            has.others = guess.workers.iter().copied().filter(|worker| !self.is_me(*worker)).collect();
        }
        has
    }

    /// Runs a transaction that needs no other worker and waits for nobody.
    fn run_here(&mut self, txn: TxnId, parcel: usize, at: RootAt, tickets: Option<SmallVec<[Ticket; 4]>>) {
        self.worker.running.borrow_mut().tickets = tickets;
        let Some(epoch) = self.epochs.get_mut(&txn.epoch) else { return };
        let keep = epoch.dynamic;
        let went = epoch.parcels[parcel].works[at.work].run_alone(at.place, &self.worker, keep);
        self.worker.end(went.commit, keep.then_some(&mut epoch.journal));
        if let Some(wrong) = went.wrong {
            self.wrong(txn, wrong);
        }
    }

    /// Puts a transaction into the queues; its place, and whether it has the worker to itself.
    fn activate(&mut self, txn: TxnId, has: Has) -> (usize, bool) {
        let Has { share, tickets, root, others } = has;
        let at = self.active.vacant_key();
        let whole = share == Share::Whole;
        let (mut places, mut waiting) = (SmallVec::new(), 0);
        if !whole {
            for ticket in &tickets {
                let (place, granted) = Queues::join(&mut self.queues, ticket.lock, at, ticket.write);
                places.push(place);
                waiting += usize::from(!granted);
            }
        }
        let running = Running {
            tickets: (!whole).then_some(tickets),
            stamp: self.worker.fresh_stamp(),
            ..Running::default()
        };
        let root = root.map(|(parcel, at)| RootHere { parcel, at, others, started: false, decider: None });
        let phase = self.epochs.get_mut(&txn.epoch).map_or(Phase::EXECUTE, |epoch| {
            epoch.open += 1;
            epoch.phase
        });
        self.active.insert(Active {
            txn,
            phase,
            places,
            waiting,
            running,
            root,
            ambient: Ambient::default(),
            tasks: Slab::new(),
            held: VecDeque::new(),
        });
        self.by_txn.insert(txn, at);
        if waiting == 0 {
            self.ready.push_back(at);
        }
        (at, whole)
    }
}
