//! Admission: transactions take their places in the queues, in `TxnId` order.
use super::active::RootHere;
use super::epoch::{Place, Stage};
use super::{Executor, Phase};
use crate::message::{Message, RootAt, Share, TxnId};
use crate::plan::Ticket;
use crate::task::discard;
use smallvec::SmallVec;

/// How many transactions are admitted before those that may run do so: what they need is still near the processor then.
const WINDOW: usize = 64;

/// The most transactions that are active at a worker; the next ones wait for some of these to end. Their records take
/// turns in the processor's cache. It cannot block: the first transaction that is not over stands first everywhere.
pub(super) const MOST: usize = 256;

/// What a transaction has at this worker.
struct Has {
    share: Share,
    tickets: SmallVec<[Ticket; 4]>,
    root: Option<(u32, RootAt)>,
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

    /// Admits what can be admitted, up to a number; whether anything has changed.
    pub(super) fn admit(&mut self, number: u64) -> bool {
        let mut admitted = false;
        for _ in 0..WINDOW {
            if self.exclusive.is_some() {
                break;
            }
            admitted |= self.run_free(number);
            if self.active.len() >= MOST {
                break;
            }
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
        let whole = has.share == Share::Whole;
        if whole && !self.active.is_empty() {
            return false;
        }
        self.admitted(txn);
        let free = |ticket: &Ticket| self.queues.is_free(ticket.lock);
        if let (Some((parcel, at)), true, true) =
            (has.root, has.others.is_empty(), whole || has.tickets.iter().all(free))
        {
            self.run_here(txn, parcel, at, has.share, &has.tickets);
            return true;
        }
        let early = if self.early.is_empty() { None } else { self.early.remove(&txn) };
        if early.iter().flatten().any(|message| matches!(message, Message::End { .. })) {
            discard(early);
            return true; // it ended without having been here
        }
        let at = self.activate(txn, has);
        if whole {
            self.exclusive = Some(at);
        }
        if let Some(early) = early {
            let time = self.active[at].time();
            early.into_iter().for_each(|message| self.receive(time, message));
        }
        true
    }

    fn admitted(&mut self, txn: TxnId) {
        if let Some(epoch) = self.epochs.get_mut(&txn.epoch) {
            epoch.cursor += 1;
        }
    }

    fn look(&self, place: Place) -> Option<crate::ingress::Look> {
        let (parcel, entry) = self.epochs.get(&place.txn.epoch)?.entry(place)?;
        if !entry.look {
            return None;
        }
        let nth = parcel.entries[..place.entry as usize].iter().filter(|entry| entry.look).count();
        parcel.looks.get(nth).cloned()
    }

    fn has(&self, place: Place) -> Has {
        let mut has =
            Has { share: Share::Tickets, tickets: SmallVec::new(), root: None, others: SmallVec::new() };
        let Some(epoch) = self.epochs.get(&place.txn.epoch) else { return has };
        if let Some((parcel, entry)) = epoch.entry(place) {
            has.tickets = SmallVec::from_slice(parcel.tickets_of(entry));
            if let Some((root, others)) = &entry.root {
                has.root = Some((place.parcel, *root));
                has.others = SmallVec::from_slice(&parcel.others[others.start as usize..others.end as usize]);
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

    /// Runs the next transactions of an epoch for as long as they need no other worker and nobody's entities; most
    /// do. Whether there was one.
    fn run_free(&mut self, number: u64) -> bool {
        let Self { epochs, queues, worker, .. } = self;
        let Some(epoch) = epochs.get_mut(&number).filter(|epoch| !epoch.dynamic) else { return false };
        let first = epoch.cursor;
        while let Some(place) = epoch.order.get(epoch.cursor).copied() {
            if epoch.cursor >= epoch.expected {
                epoch.expect(worker);
            }
            let Some((parcel, entry)) = epoch.entry(place) else { break };
            let tickets = parcel.tickets_of(entry);
            let Some((root, others)) = &entry.root else { break };
            if !others.is_empty() || !tickets.iter().all(|ticket| queues.is_free(ticket.lock)) {
                break;
            }
            worker.running.borrow_mut().may_touch(Share::Tickets, tickets);
            let root = *root;
            let work = &mut epoch.parcels[place.parcel as usize].works[root.work as usize];
            let went = work.run_alone(root.place as usize, worker, false);
            worker.end(went.commit, None);
            epoch.cursor += 1;
        }
        epoch.cursor > first
    }

    /// Runs a transaction that needs no other worker and waits for nobody.
    fn run_here(&mut self, txn: TxnId, parcel: u32, at: RootAt, share: Share, tickets: &[Ticket]) {
        self.worker.running.borrow_mut().may_touch(share, tickets);
        let Some(epoch) = self.epochs.get_mut(&txn.epoch) else { return };
        let keep = epoch.dynamic;
        let work = &mut epoch.parcels[parcel as usize].works[at.work as usize];
        let went = work.run_alone(at.place as usize, &self.worker, keep);
        self.worker.end(went.commit, keep.then_some(&mut epoch.journal));
        if let Some(wrong) = went.wrong {
            self.wrong(txn, wrong);
        }
    }

    /// Puts a transaction into the queues; its place among the active ones.
    fn activate(&mut self, txn: TxnId, has: Has) -> usize {
        let Has { share, tickets, root, others } = has;
        let mut active = self.spare.pop().unwrap_or_default();
        let at = self.active.vacant_key();
        (active.txn, active.waiting) = (txn, 0);
        if share == Share::Tickets {
            for ticket in &tickets {
                let (place, granted) = self.queues.join(ticket.lock, at, ticket.write);
                active.places.push(place);
                active.waiting += u32::from(!granted);
            }
        }
        active.running.may_touch(share, &tickets);
        active.running.stamp = self.worker.fresh_stamp();
        active.root = root.map(|(parcel, at)| RootHere { parcel, at, others, started: false, decider: None });
        active.phase = Phase::EXECUTE;
        if let Some(epoch) = self.epochs.get_mut(&txn.epoch) {
            epoch.open += 1;
            active.phase = epoch.phase;
        }
        if active.waiting == 0 {
            self.ready.push_back(at);
        }
        self.active.insert(active);
        self.by_txn.insert(txn, at);
        at
    }
}
