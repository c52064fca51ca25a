//! One worker's part in executing the epochs. It knows nothing of timely: the dataflow and the
//! simulation bring it parcels, messages and how far everything has come, and take its messages away.
//!
//! Transactions are *admitted* in `TxnId` order: their tickets take places in the queues of their entities. One that
//! has all of its tickets at this worker may run here, and gives them back when it ends. It waits only for earlier
//! ones, so there is no deadlock, and nobody is aborted for the sake of another. A transaction that needs no other
//! worker and finds its entities free runs at admission, from beginning to end, without any queue.
//!
//! A plan may say too little: a scout's, which saw another state, and one that relies on what the arguments show. An epoch
//! with such a plan is *undoable*: it is executed as if they were right, but everything that it changes can be undone and
//! no answer leaves. One with *dynamic* transactions waits until all before it is over, and *scouts* run against that state
//! and find the tickets first. A transaction that touches an entity without a ticket is *wrong*. If there is none, the epoch
//! stands. If there is, the epoch is undone everywhere and executed again, and the wrong ones (the *tail*) get all of
//! the workers that they touch to themselves, in their places. So the result is that of one transaction after the
//! other in `TxnId` order, always, and who guessed what is a matter of speed alone.
//!
//! Invariants: a transaction's entry at a worker is admitted once per attempt; what a message is about belongs to the
//! attempt it is marked with, so one that comes too early waits and one that comes too late is dropped.
mod transaction;
mod transactions;
mod admit;
mod validate;
mod receive;
mod epoch;
mod lend;
pub(crate) mod message;
mod locks;
mod scout;

use crate::base::ambient;
use crate::base::ids::{Phase, Time, TxnId};
use crate::entity::run::worker::Worker;
use crate::execute::message::{Envelope, Message};
use crate::methods::table::Methods;
use crate::sequence::marks::EpochMarks;
use crate::sequence::parcel::Parcel;
use epoch::{Epoch, Epochs, Stage};
use rustc_hash::FxHashMap;
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;
use transactions::Transactions;

/// Flush the outbox at this many messages, so that the workers that they are for do not idle.
const FLUSH_AT_MESSAGES: usize = 64;

/// See the head of this file.
pub(crate) struct Executor {
    worker: Rc<Worker>,
    methods: Arc<Methods>,
    epochs: Epochs,
    /// What all workers know of epochs that may be undone.
    marks: Arc<EpochMarks>,
    /// The parcels of all epochs before this one are here.
    sequenced: u64,
    /// Everything before this is over at all workers that have a part in it.
    passed: Time,
    active: Transactions,
    /// The one that has the worker to itself.
    exclusive: Option<usize>,
    /// What has come for transactions that are not admitted yet.
    early: FxHashMap<TxnId, Vec<Message>>,
    out: Vec<Envelope>,
    /// What this worker has to say to itself.
    inner: VecDeque<(Time, Message)>,
}

impl Executor {
    pub(crate) fn new(worker: Rc<Worker>, marks: Arc<EpochMarks>) -> Self {
        Self {
            marks,
            methods: worker.methods.clone(),
            epochs: Epochs::default(),
            sequenced: 0,
            passed: Time::default(),
            active: Transactions::new(worker.index),
            exclusive: None,
            early: FxHashMap::default(),
            out: Vec::new(),
            inner: VecDeque::new(),
            worker,
        }
    }

    /// Takes a worker's part of an epoch.
    pub(crate) fn parcel(&mut self, parcel: Parcel) {
        self.epochs.entry(parcel.epoch).or_default().add(parcel);
    }

    /// Learns how far all workers have come: the first epoch whose parcels are not all here, and the first time at
    /// which there may still be messages.
    pub(crate) fn advance(&mut self, sequenced: u64, passed: Time) {
        debug_assert!(sequenced >= self.sequenced && passed >= self.passed, "time does not go back");
        for (epoch, marks) in self.marks.among(self.sequenced, sequenced) {
            self.epochs.entry(epoch).or_default().mark(marks);
        }
        (self.sequenced, self.passed) = (sequenced, passed);
    }

    /// Takes a message that is about this time.
    pub(crate) fn message(&mut self, at: Time, message: Message) {
        let epoch = self.epochs.entry(at.epoch).or_default();
        match at.phase.cmp(&epoch.phase) {
            std::cmp::Ordering::Greater => epoch.later.push((at.phase, message)),
            std::cmp::Ordering::Equal => self.receive(at, message),
            std::cmp::Ordering::Less => {} // its transaction has been undone since
        }
    }

    /// Goes on, as far as possible or until there is much to send: others wait for it. Whether there is more to do.
    pub(crate) fn run(&mut self) -> bool {
        let more = loop {
            while let Some(at) = self.active.next_ready() {
                self.go(at);
            }
            while let Some((at, message)) = self.inner.pop_front() {
                self.message(at, message);
            }
            if self.out.len() >= FLUSH_AT_MESSAGES {
                break true;
            }
            if !self.step() && !self.active.is_ready() && self.inner.is_empty() {
                break false;
            }
        };
        ambient::set(None);
        more
    }

    /// The messages to send.
    pub(crate) fn out(&mut self) -> std::vec::Drain<'_, Envelope> {
        self.out.drain(..)
    }

    /// The phase that this worker still works at in an epoch; none when it is through with it.
    pub(crate) fn works_at(&self, epoch: u64) -> Option<Phase> {
        self.epochs.get(&epoch).map(Epoch::holds)
    }

    /// The epochs that this worker is not through with, and how far they are, for people.
    pub(crate) fn open_epochs(&self) -> impl Iterator<Item = String> + '_ {
        self.epochs.iter().map(|(number, epoch)| {
            let Epoch { stage, phase, cursor, open, scouts_left, .. } = epoch;
            let (worker, all) = (self.worker.index, epoch.order.len());
            format!(
                "worker {worker}, epoch {number}: {stage:?} in {phase:?}, {cursor} of {all} admitted, {open} open, \
                 {scouts_left} scouts left; all has passed {:?}, parcels before {} are here",
                self.passed, self.sequenced
            )
        })
    }

    /// How many transactions are active here, and how many tickets they have.
    pub(crate) fn load(&self) -> (usize, usize) {
        self.active.load()
    }

    /// The worker.
    pub(crate) fn worker(&self) -> &Rc<Worker> {
        &self.worker
    }

    fn send(&mut self, at: Time, to: u32, message: Message) {
        if to as usize == self.worker.index {
            self.inner.push_back((at, message));
        } else {
            self.out.push(Envelope { at, to, message });
        }
    }

    /// One step of the first epoch that can take one.
    fn step(&mut self) -> bool {
        let mut next = self.epochs.keys().next().copied();
        while let Some(number) = next {
            let epoch = &mut self.epochs[number];
            let stepped = match epoch.stage {
                Stage::Gathering => {
                    if number >= self.sequenced || (epoch.scouted && self.passed.epoch < number) {
                        return false;
                    }
                    self.open(number);
                    true
                }
                Stage::Scouting => {
                    let phase = epoch.phase.next();
                    if epoch.scouts_left > 0 || self.passed < (Time { epoch: number, phase }) {
                        return false;
                    }
                    epoch.scouts.clear();
                    self.begin(number, phase);
                    true
                }
                Stage::Executing => self.admit(number),
                Stage::Executed => {
                    let phase = epoch.phase.next();
                    if self.passed < (Time { epoch: number, phase }) {
                        return false;
                    }
                    self.settle(number);
                    true
                }
            };
            if stepped {
                return true;
            }
            match self.epochs.get(&number) {
                // What follows may overtake what waits, entity by entity, but not an epoch that may be undone.
                Some(epoch) if epoch.is_admitted() && !epoch.undoable => {}
                _ => return false,
            }
            next = self.epochs.range(number + 1..).next().map(|(number, _)| *number);
        }
        false
    }

    /// All parcels of an epoch are here.
    fn open(&mut self, number: u64) {
        if self.worker.peers == 1 {
            return self.run_alone(number);
        }
        let epoch = &mut self.epochs[number];
        epoch.parcels.sort_by_key(|parcel| parcel.from);
        if epoch.scouted { self.scout(number) } else { self.begin(number, Phase::EXECUTE) }
    }

    /// The only worker runs all of an epoch in order.
    fn run_alone(&mut self, number: u64) {
        let epoch = self.epochs.take(number);
        for parcel in epoch.parcels {
            let (mut requests, mut looks) = (parcel.requests.into_iter(), parcel.looks.into_iter());
            for entry in parcel.entries {
                if entry.look {
                    looks.next().into_iter().for_each(|look| look(&self.worker));
                } else if let Some(request) = requests.next() {
                    request.run_all(&self.worker);
                }
            }
        }
    }
}
