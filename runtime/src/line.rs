//! The line of one worker: every transaction in `TxnId` order; only the first one runs.
use crate::ambient::{self, Ambient};
use crate::ingress::{Counters, Ingress, Look, Request};
use crate::message::{Message, TxnId};
use crate::worker::{Flow, Payload, Progress, Remote, Sent, Task, Worker, World};
use rustc_hash::FxHashMap;
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// A place in the line.
pub(crate) enum Ticket {
    /// A transaction whose root is here.
    Root(Ambient, Box<dyn Request>),
    /// A transaction whose root is elsewhere; calls of it may arrive.
    Elsewhere,
    /// A look at the entities between two transactions.
    Look(Look),
}

/// A call that arrived from another worker.
pub(crate) struct Arrived {
    pub(crate) from: usize,
    pub(crate) depth: u32,
    pub(crate) ambient: Ambient,
    pub(crate) call: Box<dyn Remote>,
}

pub(crate) struct Line {
    worker: Rc<Worker>,
    ingress: Arc<Ingress>,
    line: VecDeque<(TxnId, Option<Ticket>)>,
    /// The tasks of the first transaction: a stack, see the invariant of [`crate::worker`].
    tasks: Vec<(Ambient, Box<dyn Task>)>,
    /// Calls of transactions that are not the first yet.
    early: FxHashMap<TxnId, Arrived>,
    /// Ends of transactions that are not the first yet.
    ended: FxHashMap<TxnId, bool>,
    /// Messages to send, with the epoch they belong to.
    pub(crate) out: Vec<(u64, usize, Message)>,
}

impl Line {
    pub(crate) fn new(worker: Rc<Worker>, ingress: Arc<Ingress>) -> Self {
        Self {
            worker,
            ingress,
            line: VecDeque::new(),
            tasks: Vec::new(),
            early: FxHashMap::default(),
            ended: FxHashMap::default(),
            out: Vec::new(),
        }
    }

    /// Adds the tickets of an epoch, which must be sorted and later than all before.
    pub(crate) fn extend(&mut self, tickets: impl Iterator<Item = (TxnId, Ticket)>) {
        for (txn, ticket) in tickets {
            debug_assert!(self.line.back().is_none_or(|(last, _)| *last < txn), "tickets come in order");
            self.line.push_back((txn, Some(ticket)));
        }
    }

    /// The epoch of the first transaction.
    pub(crate) fn first_epoch(&self) -> Option<u64> {
        self.line.front().map(|(txn, _)| txn.epoch)
    }

    /// Takes what another worker sent.
    pub(crate) fn receive(&mut self, message: Message) {
        match message {
            Message::Call { txn, from, depth, ambient, call } => {
                self.early.insert(txn, Arrived { from, depth, ambient, call });
            }
            Message::Return { txn, draws, value } => {
                debug_assert_eq!(
                    self.line.front().map(|(first, _)| *first),
                    Some(txn),
                    "only the first one waits"
                );
                self.resume(draws, value);
            }
            Message::End { txn, commit } => {
                self.ended.insert(txn, commit);
            }
        }
    }

    /// Runs from the front of the line as far as it goes.
    pub(crate) fn run(&mut self) {
        while let Some((txn, ticket)) = self.line.front_mut() {
            let txn = *txn;
            match ticket.take() {
                Some(Ticket::Look(look)) => {
                    look(&self.worker);
                    self.line.pop_front();
                    continue;
                }
                Some(Ticket::Root(ambient, request)) => self.start(txn, ambient, request),
                Some(Ticket::Elsewhere) | None => {}
            }
            if let Some(arrived) = self.early.remove(&txn) {
                let Arrived { from, depth, ambient, call } = arrived;
                ambient::set(Some(ambient));
                let flow = Flow::at_depth(World::Worker(self.worker.clone()), depth);
                self.step(call.task(flow, from));
            }
            let Some(commit) = self.ended.remove(&txn) else { break };
            self.worker.end(commit);
            self.tasks.clear();
            self.line.pop_front();
        }
        ambient::set(None);
    }

    fn start(&mut self, txn: TxnId, ambient: Ambient, request: Box<dyn Request>) {
        ambient::set(Some(ambient));
        if self.worker.peers > 1 {
            let task = request.start(&self.worker);
            return self.step(task);
        }
        let commit = request.run_alone(&self.worker);
        self.count(commit);
        self.ended.insert(txn, commit);
    }

    fn resume(&mut self, draws: u64, value: crate::error::Result<Payload>) {
        let Some((ambient, task)) = self.tasks.pop() else { return };
        ambient::set(Some(Ambient { draws, ..ambient }));
        self.worker.deliver(value);
        self.step(task);
    }

    /// Lets a task go on, and passes on what it has to say.
    fn step(&mut self, mut task: Box<dyn Task>) {
        let progress = task.poll(&self.worker);
        let Some(&(txn, _)) = self.line.front() else { return };
        let ambient = ambient::get().unwrap_or_default();
        for sent in self.worker.outbox.take() {
            let from = self.worker.index;
            let (to, message) = match sent {
                Sent::Call { to, call, depth } => (to, Message::Call { txn, from, depth, ambient, call }),
                Sent::Return { to, value } => (to, Message::Return { txn, draws: ambient.draws, value }),
            };
            self.out.push((txn.epoch, to, message));
        }
        match progress {
            Progress::Waiting => self.tasks.push((ambient, task)),
            Progress::Returned => {}
            Progress::Ended { commit } => {
                self.count(commit);
                self.ended.insert(txn, commit);
                let others = (0..self.worker.peers).filter(|other| *other != self.worker.index);
                self.out.extend(others.map(|to| (txn.epoch, to, Message::End { txn, commit })));
            }
        }
    }

    fn count(&self, commit: bool) {
        let Counters { committed, aborted, .. } = &self.ingress.counters;
        let counter = if commit { committed } else { aborted };
        counter.fetch_add(1, Ordering::Relaxed);
    }
}
