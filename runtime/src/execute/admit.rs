//! Admission: transactions take their places in the queues, in `TxnId` order.
use crate::base::ids::{Phase, Time, TxnId};
use crate::base::ticket::{Share, Ticket};
use crate::execute::Executor;
use crate::execute::epoch::{Place, Stage};
use crate::execute::message::{Message, Own};
use crate::sequence::parcel::RootAt;

/// What a transaction has at this worker.
#[derive(Clone, Copy)]
pub(super) struct Claim<'a> {
    pub(super) share: Share,
    pub(super) tickets: &'a [Ticket],
    /// Its home in this group, if that is another worker.
    pub(super) home: Option<u16>,
    /// The root, if it is here.
    pub(super) root: Option<RootOf>,
    /// The other workers to which calls are shipped.
    pub(super) others: &'a [u32],
    /// The other workers of the group that it has whole, if this is its home.
    pub(super) lenders: &'a [u16],
}

impl Claim<'_> {
    /// Nothing, so far.
    pub(super) const NONE: Claim<'static> =
        Claim { share: Share::Tickets, tickets: &[], home: None, root: None, others: &[], lenders: &[] };
}

/// The parcel of a root, and its place there.
#[derive(Clone, Copy)]
pub(super) struct RootOf {
    pub(super) parcel: u32,
    pub(super) at: RootAt,
}

impl Executor {
    /// Begins an attempt.
    pub(super) fn begin(&mut self, number: u64, phase: Phase) {
        let epoch = &mut self.epochs[number];
        epoch.stage = Stage::Executing;
        epoch.line_up();
        self.enter(number, phase);
    }

    /// An epoch comes to a phase: what has come for it is looked at now.
    pub(super) fn enter(&mut self, number: u64, phase: Phase) {
        let epoch = &mut self.epochs[number];
        epoch.phase = phase;
        for (phase, message) in std::mem::take(&mut epoch.later) {
            self.message(Time { epoch: number, phase }, message);
        }
    }

    /// Admits what can be admitted, as long as there is room; whether anything has changed.
    pub(super) fn admit(&mut self, number: u64) -> bool {
        let mut admitted = false;
        while self.exclusive.is_none() && self.active.has_room() {
            if !self.admit_planned(number) {
                let epoch = &self.epochs[number];
                let Some(place) = epoch.order.get(epoch.cursor).copied() else { break };
                if !self.admit_one(place) {
                    return admitted;
                }
            }
            admitted = true;
        }
        let epoch = &mut self.epochs[number];
        if !epoch.is_admitted() || epoch.open > 0 {
            return admitted;
        }
        if epoch.undoable {
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
        let epoch = &self.epochs[txn.epoch];
        let mut has = match epoch.entry(place) {
            Some((parcel, entry)) => parcel.has(place.parcel, entry),
            None => Claim::NONE,
        };
        if let Some(Own { share, tickets, home, others, lenders }) = epoch.shares.get(&txn) {
            has = Claim { share: *share, tickets, home: *home, root: has.root, others, lenders };
        }
        let whole = has.share == Share::Whole;
        if whole && !self.active.is_empty() {
            return false;
        }
        match self.active.free_root(&has) {
            Some(root) => {
                self.worker.running.borrow_mut().may_touch(has.share, has.tickets);
                self.admitted(txn);
                self.run_here(txn, root);
            }
            None => {
                let early = self.early.remove(&txn);
                // Who lends to it waits for its end, though it has not been here.
                let nobody_lends = self.active.lenders(&has) == 0 && has.lenders.is_empty();
                if nobody_lends && ended(early.as_ref()) {
                    self.admitted(txn);
                    drop(early);
                } else {
                    let at = self.active.activate(txn, epoch.phase, self.worker.fresh_stamp(), has);
                    self.exclusive = whole.then_some(at);
                    self.admitted(txn);
                    self.activated(txn, early);
                }
            }
        }
        true
    }

    /// An epoch has one more active transaction, and what has come for it can be looked at.
    fn activated(&mut self, txn: TxnId, early: Option<Vec<Message>>) {
        let epoch = &mut self.epochs[txn.epoch];
        epoch.open += 1;
        let time = Time { epoch: txn.epoch, phase: epoch.phase };
        early.into_iter().flatten().for_each(|message| self.receive(time, message));
    }

    fn admitted(&mut self, txn: TxnId) {
        self.epochs[txn.epoch].cursor += 1;
    }

    fn look(&self, place: Place) -> Option<crate::request::ingress::Inspect> {
        let (parcel, entry) = self.epochs[place.txn.epoch].entry(place)?;
        if !entry.look {
            return None;
        }
        let nth = parcel.entries[..place.entry as usize].iter().filter(|entry| entry.look).count();
        parcel.looks.get(nth).cloned()
    }

    /// Admits the next transactions of an epoch in which all have what their plans say, as long as there is room. Those that
    /// need no other worker and nobody's entities run at once; most do. Whether there was one.
    fn admit_planned(&mut self, number: u64) -> bool {
        let Self { epochs, active, worker, early, .. } = self;
        let epoch = &mut epochs[number];
        if !epoch.shares.is_empty() {
            return false;
        }
        let (first, keep) = (epoch.cursor, epoch.undoable);
        let mut mispredicted = None;
        while let Some(place) = epoch.order.get(epoch.cursor).copied() {
            if epoch.cursor >= epoch.prefetched {
                epoch.prefetch(worker);
            }
            let Some((parcel, entry)) = epoch.entry(place).filter(|(_, entry)| !entry.look) else { break };
            let has = parcel.has(place.parcel, entry);
            match active.free_root(&has) {
                Some(root) => {
                    worker.running.borrow_mut().may_touch(has.share, has.tickets);
                    let (request, index) = epoch.call(root);
                    let finished = request.run_alone(index, worker, keep);
                    worker.end(finished.commit, keep.then_some(&mut epoch.undo_log));
                    mispredicted = finished.mispredicted.map(|owner| (place.txn, root, owner));
                }
                None => {
                    // What has come too early is looked at with care.
                    if !active.has_room() || (!early.is_empty() && early.contains_key(&place.txn)) {
                        break;
                    }
                    active.activate(place.txn, epoch.phase, worker.fresh_stamp(), has);
                    epoch.open += 1;
                }
            }
            epoch.cursor += 1;
            if mispredicted.is_some() {
                break;
            }
        }
        let admitted = epoch.cursor > first;
        if let Some((txn, root, owner)) = mispredicted {
            self.mispredicted(txn, root, owner);
        }
        admitted
    }

    /// Runs a transaction that needs no other worker and waits for nobody.
    fn run_here(&mut self, txn: TxnId, root: RootOf) {
        let epoch = &mut self.epochs[txn.epoch];
        let keep = epoch.undoable;
        let (request, index) = epoch.call(root);
        let finished = request.run_alone(index, &self.worker, keep);
        self.worker.end(finished.commit, keep.then_some(&mut epoch.undo_log));
        if let Some(mispredicted) = finished.mispredicted {
            self.mispredicted(txn, root, mispredicted);
        }
    }
}

/// Whether a transaction is over that has not been here.
fn ended(early: Option<&Vec<Message>>) -> bool {
    early.into_iter().flatten().any(|message| matches!(message, Message::End { .. } | Message::Return { .. }))
}
