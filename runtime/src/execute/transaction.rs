//! A transaction that has been admitted at this worker, and how its tasks run.
use crate::base::ambient::{self, Ambient};
use crate::base::emitted;
use crate::base::error::Error;
use crate::base::ids::{Phase, Time, TxnId, narrow};
use crate::entity::run::invoke::{Invocation, Mode};
use crate::entity::run::outgoing::{CallKind, Outgoing, OutgoingCall};
use crate::entity::run::task::{Gives, Progress, Task};
use crate::entity::run::txn_local::TxnLocal;
use crate::execute::Executor;
use crate::execute::admit::RootOf;
use crate::execute::locks::LockRequest;
use crate::execute::message::{CallMessage, Envelope, Message, ReturnMessage, Waits};
use crate::state::loan::Loans;
use slab::Slab;
use smallvec::SmallVec;
use std::collections::VecDeque;

/// A transaction between its admission and its end, at one worker.
///
/// The records are used again and again: they are large, and there is one for every transaction.
#[derive(Default)]
pub(super) struct Transaction {
    pub(super) txn: TxnId,
    pub(super) phase: Phase,
    /// Its places in the queues, and how many of its tickets are not granted.
    pub(super) places: SmallVec<[LockRequest; 4]>,
    pub(super) waiting: u32,
    /// Its home, to which this worker lends what it needs; `None` if this is its home.
    pub(super) home: Option<u16>,
    /// Whether this worker has done so.
    pub(super) lent: bool,
    /// How many workers have not lent what it needs of them, and how many demands are on their way.
    pub(super) lenders_left: u32,
    /// How it has ended, while something that was lent is still on its way.
    pub(super) over: Option<bool>,
    pub(super) running: Box<TxnLocal>,
    /// What has to be known to start and end it, if its root is here.
    pub(super) root: Option<RootHere>,
    pub(super) ambient: Ambient,
    /// Its tasks; the one that runs has left its place empty.
    pub(super) tasks: Slab<Option<Pending>>,
    /// Calls that came before it could run, or before a one-way call that must be carried out first.
    pub(super) held: VecDeque<CallMessage>,
    /// Calls that wait for what they have demanded.
    pub(super) demanding: Vec<CallMessage>,
}

pub(super) struct RootHere {
    pub(super) of: RootOf,
    /// The other workers that have tickets.
    pub(super) others: SmallVec<[u32; 4]>,
    pub(super) started: bool,
    /// The worker that decides how the transaction ends, once it has been asked to.
    pub(super) decider: Option<u32>,
}

/// A task that waits.
pub(super) struct Pending {
    task: Task,
    /// What waits elsewhere for this one. None for the root.
    from: Option<Waits>,
}

impl Transaction {
    pub(super) fn time(&self) -> Time {
        Time { epoch: self.txn.epoch, phase: self.phase }
    }

    /// One more worker has lent what is needed of it.
    pub(super) fn take(&mut self, loans: Loans) {
        assert!(self.lenders_left > 0, "who lends is waited for");
        self.lenders_left -= 1;
        self.waiting -= 1;
        self.running.loans.extend(loans);
    }

    /// How many one-way calls of a worker have been carried out here.
    fn carried_out(&self, from: u32) -> u32 {
        self.running.done.iter().find(|(known, _)| *known == from).map_or(0, |(_, n)| *n)
    }

    /// Makes the record ready for another transaction.
    pub(super) fn clear(&mut self) {
        let Self { places, root, tasks, held, demanding, running, home, lent, over, .. } = self;
        demanding.clear();
        places.clear();
        (*root, *home, *lent, *over) = (None, None, false, None);
        tasks.clear();
        held.clear();
        running.clear();
    }
}

impl Executor {
    /// A transaction has all of its tickets here: starts its root, and carries out the calls that wait.
    pub(super) fn go(&mut self, at: usize) {
        let Some(active) = self.active.get_mut(at).filter(|active| active.waiting == 0) else { return };
        let txn = active.txn;
        if let Some(home) = active.home {
            // It may be told twice that it can go on: another one that was here has ended unseen. What has the worker whole
            // demands what it needs.
            if !std::mem::replace(&mut active.lent, true) && !active.running.whole {
                self.lend(at, home);
            }
            return;
        }
        if let Some(root) = active.root.as_mut().filter(|root| !root.started) {
            root.started = true;
            if root.others.is_empty() && active.running.lenders.is_empty() {
                let root = root.of;
                return self.run_at_home(at, root);
            }
            let root = root.of;
            let epoch = &mut self.epochs[txn.epoch];
            let keep = epoch.undoable;
            let (request, index) = epoch.call(root);
            active.ambient = request.ambient(index);
            let task = request.start(index, &self.worker, keep);
            self.adopt(at, Pending { task, from: None });
        }
        self.carry_out(at, txn);
    }

    /// Carries out the calls that need not wait any longer.
    pub(super) fn carry_out(&mut self, at: usize, txn: TxnId) {
        loop {
            // A call may have ended the transaction, and its place may be another's by now.
            let Some(active) = self.active.get_mut(at).filter(|active| active.txn == txn) else { return };
            let due = |called: &CallMessage| active.carried_out(called.from.worker) >= called.after;
            let Some(next) = active.held.iter().position(due) else { return };
            let called = active.held.remove(next).unwrap_or_else(|| unreachable!("it has just been found"));
            self.arrive(at, called);
        }
    }

    /// A call from another worker has come for a transaction that may run here.
    pub(super) fn call_running(&mut self, at: usize, txn: TxnId, called: CallMessage) {
        let active = &mut self.active[at];
        if active.carried_out(called.from.worker) < called.after {
            return active.held.push_back(called);
        }
        self.arrive(at, called);
        if self.active.get(at).is_some_and(|active| !active.held.is_empty()) {
            self.carry_out(at, txn);
        }
    }

    /// Carries out a call from another worker, or one that has what it demanded.
    pub(super) fn arrive(&mut self, at: usize, called: CallMessage) {
        self.active[at].ambient = called.ambient;
        let CallMessage { from, outgoing, .. } = called;
        let OutgoingCall { kind, depth, path, one_way, call } = outgoing;
        let invocation = Invocation::at(Mode::Partitioned(self.worker.clone()), depth, one_way);
        let worker = self.worker.clone();
        let value = match call.open(&worker) {
            (Ok(call), away) if !call.leaf() || self.active[at].running.whole => {
                assert!(matches!(kind, CallKind::Await), "what may have to wait does not go one way");
                let gives = if away { Gives::Shipped } else { Gives::Typed };
                let frame = call.into_inner().frame(invocation, path, gives);
                return self.adopt(at, Pending { task: Task::call(frame), from: Some(from) });
            }
            (Ok(call), _) => {
                let wanted = kind == CallKind::Await;
                self.watched(at, |_| call.into_inner().now(&invocation, path, &worker, wanted))
            }
            (Err(error), _) => Err(error),
        };
        let active = &mut self.active[at];
        let (txn, time, emitted) = (active.txn, active.time(), active.running.take_events());
        if kind == CallKind::OneWay {
            match active.running.done.iter_mut().find(|(known, _)| *known == from.worker) {
                Some((_, done)) => *done += 1,
                None => active.running.done.push((from.worker, 1)),
            }
        }
        let message = match kind {
            CallKind::Await | CallKind::Scout => {
                let value =
                    value.and_then(|value| value.ok_or_else(|| Error::internal("a result is missing")));
                Message::result(ReturnMessage { txn, to: from, value, emitted, touched: None })
            }
            CallKind::OneWay | CallKind::Last => {
                let result = value.map(|_| emitted);
                if kind == CallKind::Last {
                    self.over(at, result.is_ok());
                }
                Message::Ack { txn, number: from.number, result }
            }
        };
        self.send(time, from.worker, message);
    }

    /// Runs something as this transaction.
    pub(super) fn as_running<T>(&mut self, at: usize, run: impl FnOnce(&mut Self) -> T) -> T {
        let active = &mut self.active[at];
        ambient::set(Some(active.ambient));
        emitted::start();
        std::mem::swap(&mut *self.worker.running.borrow_mut(), &mut active.running);
        let value = run(self);
        std::mem::swap(&mut *self.worker.running.borrow_mut(), &mut self.active[at].running);
        if let Some(noted) = emitted::take() {
            self.active[at].running.emit(noted);
        }
        value
    }

    /// As [`Executor::as_running`], for something that does not say itself what it runs.
    fn watched<T>(&mut self, at: usize, run: impl FnOnce(&mut Self) -> T) -> T {
        self.worker.begin(&self.active[at].ambient);
        let value = self.as_running(at, run);
        self.worker.rest();
        value
    }

    /// Gives a transaction one more task, and lets it go as far as it can.
    fn adopt(&mut self, at: usize, pending: Pending) {
        let slot = self.active[at].tasks.insert(None);
        self.poll(at, slot, pending);
    }

    /// Lets a waiting task go on, if its transaction has not ended meanwhile.
    pub(super) fn resume(&mut self, at: usize, slot: usize) {
        let active = self.active.get_mut(at).filter(|active| active.over.is_none());
        let pending = active.and_then(|active| active.tasks.get_mut(slot)?.take());
        if let Some(pending) = pending {
            self.poll(at, slot, pending);
        }
    }

    fn poll(&mut self, at: usize, slot: usize, mut pending: Pending) {
        let worker = self.worker.clone();
        let progress = self.watched(at, |_| pending.task.poll(&worker));
        let decides = self.post(at, slot, matches!(progress, Progress::Deciding { commit: true }));
        let active = &mut self.active[at];
        let (txn, time) = (active.txn, active.time());
        match progress {
            Progress::Waiting => active.tasks[slot] = Some(pending),
            Progress::Deciding { .. } => {
                if let Some(root) = &mut active.root {
                    root.decider = decides;
                }
                active.tasks[slot] = Some(pending);
            }
            Progress::Returned(value) => {
                active.tasks.remove(slot);
                if let Some(to) = pending.from {
                    let emitted = active.running.take_events();
                    let returned = ReturnMessage { txn, to, value, emitted, touched: None };
                    self.send(time, to.worker, Message::result(returned));
                }
            }
            Progress::Ended { commit, mispredicted } => self.ended(at, pending.task, commit, mispredicted),
        }
    }

    /// Sends what a task has left in the outbox. When its root is `done` and one one-way call that has not left yet is
    /// all that is outstanding, its worker decides; gives that worker.
    fn post(&mut self, at: usize, slot: usize, done: bool) -> Option<u32> {
        let active = &mut self.active[at];
        let (txn, time, ambient) = (active.txn, active.time(), active.ambient);
        let last = done && active.running.outstanding == 1 && active.running.failed.is_none();
        let mut decider = None;
        for sent in self.worker.outbox().drain(..) {
            let from = Waits { worker: narrow(self.worker.index), task: narrow(slot), number: sent.number };
            let message = match sent.outgoing {
                Outgoing::Call(mut outgoing) => {
                    if last && outgoing.kind == CallKind::OneWay {
                        (outgoing.kind, decider) = (CallKind::Last, Some(sent.to));
                    }
                    Message::call(CallMessage { txn, from, after: sent.after, ambient, outgoing })
                }
                Outgoing::Demand(demand, outgoing) => {
                    active.lenders_left += 1;
                    active.demanding.push(CallMessage { txn, from, after: 0, ambient, outgoing });
                    Message::Demand { txn, from, demand }
                }
            };
            self.out.push(Envelope { at: time, to: sent.to, message });
        }
        decider
    }

    /// The root is done: tells the others, and ends the transaction here.
    fn ended(&mut self, at: usize, task: Task, commit: bool, mispredicted: Option<usize>) {
        let active = &mut self.active[at];
        let (txn, time) = (active.txn, active.time());
        let root =
            active.root.take().unwrap_or_else(|| unreachable!("a transaction ends once, where its root is"));
        let epoch = &mut self.epochs[txn.epoch];
        let (keep, emitted) = (epoch.undoable, active.running.take_events());
        let (request, index) = epoch.call(root.of);
        request.finish(index, (task, emitted), keep, &self.worker);
        for to in root.others.iter().filter(|to| Some(**to) != root.decider) {
            self.send(time, *to, Message::End { txn, commit });
        }
        if let Some(mispredicted) = mispredicted {
            self.mispredicted(txn, root.of, mispredicted);
        }
        self.over(at, commit);
    }

    /// Ends a transaction at this worker: what it wrote stays or is undone, and its tickets go to those who wait.
    pub(super) fn over(&mut self, at: usize, commit: bool) {
        if let Some(active) = self.active.get_mut(at).filter(|active| active.lenders_left > 0) {
            active.over = Some(commit);
            return;
        }
        let mut active = self.active.end(at);
        // Locals of methods that have not come to their end may still hold what is settled now.
        active.tasks.clear();
        active.held.clear();
        active.demanding.clear();
        let epoch = &mut self.epochs[active.txn.epoch];
        assert!(epoch.open > 0, "a transaction is over once");
        epoch.open -= 1;
        let undo_log = active.running.undo_log.drain(..);
        if commit && epoch.undoable {
            epoch.undo_log.extend(undo_log);
        } else {
            self.worker.settle(undo_log, commit);
        }
        if self.exclusive == Some(at) {
            self.exclusive = None;
        }
        if active.home.is_none() {
            self.give_back(&mut active, commit);
        }
        self.active.leave(active);
    }
}
