//! Workers that take turns inside one thread, in an order drawn from a seed: reproducible interleavings (deterministic simulation).
//!
//! A simulation runs the same sequencer and the same executors as [`crate::App::start`], with a drawn schedule in
//! the place of timely: which worker goes on next, which of all messages under way arrives next (timely promises no
//! order inside a timestamp, so none is kept), how many requests an epoch takes, and when a worker learns how far
//! everything has come. The result must not depend on it. It also counts what workers send each other, for any number
//! of workers.
use crate::app::App;
use crate::app::Handle;
use crate::app::Past;
use crate::base::ambient::TransactionId;
use crate::base::emitted;
use crate::base::error::{Error, Result};
use crate::base::ids::{Phase, Time};
use crate::base::thread::as_worker;
use crate::egress::outbox::Outbox;
use crate::entity::run::task::with_stack;
use crate::execute::Executor;
use crate::execute::message::Envelope;
use crate::execute::message::Message;
use crate::request::ingress::{Submission, Submitted};
use crate::sequence::epochs::{EpochLoop, Shared};
use crate::sequence::parcel::Parcel;
use rand::{Rng, RngExt};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use std::collections::BTreeMap;

/// How a simulation goes.
#[derive(Clone, Copy, Debug)]
pub struct Schedule {
    /// What all of it is drawn from.
    pub seed: u64,
    /// The most requests that a worker puts into one epoch; how many it puts is drawn from 1 to this.
    pub epoch: usize,
}

/// What workers have sent to other workers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Traffic {
    /// Parcels: a worker's part of an epoch, as far as another worker has to know it.
    pub parcels: u64,
    /// Bytes of parcels, without what arguments point to.
    pub parcel_bytes: u64,
    /// Calls that are shipped from one group to another.
    pub calls: u64,
    /// Answers to calls: results, and words that one-way calls were carried out.
    pub answers: u64,
    /// Ends of transactions.
    pub ends: u64,
    /// Words with what a worker lends to a transaction that is at home at another.
    pub grants: u64,
    /// What scouts, and transactions that have workers to themselves, demand of others in the group, and what comes of it.
    pub demands: u64,
    /// Words with what comes back.
    pub returns: u64,
    /// Entities that were lent to transactions, or keys of which there was none.
    pub lent: u64,
    /// Words about dynamic transactions: tickets that scouts found, and wrong guesses.
    pub scouting: u64,
    /// Bytes of all messages but parcels, without what arguments and results point to.
    pub message_bytes: u64,
    /// Epochs with at least one request.
    pub epochs: u64,
    /// Those of them that had to be such that they can be undone.
    pub undoable: u64,
    /// Workers' parts of epochs, of at least one request each.
    pub parts: u64,
}

/// The most that was on a worker at one time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Peak {
    /// Transactions that had been admitted and were not over.
    pub active: usize,
    /// Their tickets.
    pub tickets: usize,
}

enum Mail {
    Parcel(Parcel),
    Message { to: u32, sent: Time, about: Time, message: Message },
}

struct Node {
    executor: Executor,
    epochs: EpochLoop,
    /// The phase that it is known to hold in each epoch, as its capabilities would be.
    holds: BTreeMap<u64, Phase>,
}

/// See the head of this module.
pub struct Simulation {
    shared: Shared,
    handle: Handle,
    nodes: Vec<Node>,
    mail: Vec<Mail>,
    schedule: Schedule,
    draws: ChaCha8Rng,
    traffic: Traffic,
    peak: Peak,
    /// By epoch and worker.
    order: BTreeMap<(u64, usize), Vec<TransactionId>>,
}

impl App {
    /// Links the app and simulates its workers in this thread instead of starting them. The seed of [`crate::random`] is 0
    /// unless one is set: a simulation comes out the same each time.
    ///
    /// # Errors
    /// As [`App::start`]; and with [`App::data_dir`], for a simulation keeps nothing.
    pub fn simulate(self, schedule: Schedule) -> Result<Simulation> {
        if self.keeps_something() {
            let what = "a simulation keeps nothing; take `App::data_dir` away";
            return Err(Error::Start(what.to_owned()));
        }
        // Nothing depends on how fast a sink is.
        let mut app = self.seed_or(0).outbox(usize::MAX);
        let sinks = app.take_sinks();
        let (shared, outline) = app.link(Past::NONE, &sinks)?;
        let peers = shared.ingress.workers();
        let node = |index| Node {
            executor: Executor::new(shared.worker(index), shared.marks.clone()),
            epochs: EpochLoop::new(index, shared.clone()),
            holds: BTreeMap::new(),
        };
        let before = emitted::set_topics(shared.ingress.egress().outbox.as_ref().map(Outbox::topics));
        let nodes = (0..peers).map(node).collect();
        emitted::set_topics(before);
        let handle = Handle::start(shared.clone(), outline, None);
        handle.running.deliver(sinks)?;
        Ok(Simulation {
            nodes,
            handle,
            shared,
            mail: Vec::new(),
            schedule,
            draws: ChaCha8Rng::seed_from_u64(schedule.seed),
            traffic: Traffic::default(),
            peak: Peak::default(),
            order: BTreeMap::new(),
        })
    }
}

impl Simulation {
    /// The way in: submit requests here, then [`Simulation::run`], then collect the replies. What blocks until an
    /// answer comes would wait for ever before that.
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Runs until everything that was submitted has been answered.
    ///
    /// # Panics
    /// When the workers are stuck, which is a mistake in the engine.
    pub fn run(&mut self) {
        let topics = self.shared.ingress.egress().outbox.as_ref().map(Outbox::topics);
        let before = emitted::set_topics(topics);
        as_worker(self.shared.stack, || with_stack(0, || self.run_here()));
        emitted::set_topics(before);
    }

    fn run_here(&mut self) {
        loop {
            let busy = !self.mail.is_empty() || self.open_queues().next().is_some();
            if busy {
                self.take_turn();
                continue;
            }
            self.nodes.iter().for_each(|node| node.epochs.follow());
            let before: Vec<_> = self.nodes.iter().map(|node| node.holds.clone()).collect();
            (0..self.nodes.len()).for_each(|at| self.go_on(at));
            let still = self.nodes.iter().zip(before).all(|(node, before)| node.holds == before);
            if still && self.mail.is_empty() {
                break;
            }
        }
        let stuck: Vec<String> = self.nodes.iter().flat_map(|node| node.executor.open_epochs()).collect();
        assert!(stuck.is_empty(), "the workers are stuck under the schedule {:?}: {stuck:#?}", self.schedule);
    }

    /// The whole state between two transactions; see [`Handle::inspect`].
    ///
    /// # Errors
    /// As [`Handle::inspect`].
    pub fn inspect(&mut self) -> Result<serde_json::Value> {
        let parts = self.handle.look()?;
        self.run();
        self.handle.gather(&parts)
    }

    /// What the workers have sent each other so far.
    pub fn traffic(&self) -> Traffic {
        Traffic { epochs: self.shared.ingress.epochs(), undoable: self.shared.marks.count(), ..self.traffic }
    }

    /// The most that was on one worker at one time so far.
    pub fn peak(&self) -> Peak {
        self.peak
    }

    /// The transactions so far, in the order in which they would have had the same results one after the other.
    pub fn order(&self) -> impl Iterator<Item = TransactionId> + '_ {
        self.order.values().flatten().copied()
    }

    fn open_queues(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.nodes.len()).filter(|worker| self.shared.ingress.waits(*worker))
    }

    /// One thing happens at one worker.
    fn take_turn(&mut self) {
        let at = self.draws.random_range(0..self.nodes.len());
        match self.draws.random_range(0..8) {
            0 => self.close_epoch(at),
            1 => self.go_on(at),
            2 => self.nodes[at].epochs.follow(),
            _ if self.mail.is_empty() => self.close_epoch(at),
            _ => self.deliver(),
        }
    }

    /// A worker orders some of what has been submitted there.
    fn close_epoch(&mut self, at: usize) {
        if !self.shared.ingress.waits(at) {
            return;
        }
        let most = self.draws.random_range(1..=self.schedule.epoch.max(1));
        let Self { order, traffic, nodes, .. } = self;
        let parcels = nodes[at].epochs.turn(most, |epoch, requests| {
            let known = order.entry((epoch, at)).or_default();
            for Submitted { id, work } in requests {
                if let Submission::Transactions(work) = work {
                    let numbers = id.number..id.number + work.len() as u64;
                    known.extend(numbers.map(|number| TransactionId { number, ..*id }));
                }
            }
            traffic.parts += 1;
        });
        for parcel in parcels.into_iter().flatten() {
            if parcel.from != parcel.to {
                self.traffic.parcels += 1;
                self.traffic.parcel_bytes += parcel.size() as u64;
            }
            self.mail.push(Mail::Parcel(parcel));
        }
    }

    /// One of the messages under way arrives, whichever.
    fn deliver(&mut self) {
        let at = self.draws.random_range(0..self.mail.len());
        let to = match self.mail.swap_remove(at) {
            Mail::Parcel(parcel) => {
                let to = parcel.to as usize;
                self.nodes[to].holds.entry(parcel.epoch).or_insert(Phase::TICKET);
                self.nodes[to].executor.parcel(parcel);
                to
            }
            Mail::Message { to, sent, about, message } => {
                let to = to as usize;
                self.nodes[to].holds.entry(sent.epoch).or_insert(sent.phase);
                self.nodes[to].executor.message(about, message);
                to
            }
        };
        if self.draws.next_u32().is_multiple_of(2) {
            self.go_on(to);
        }
    }

    /// A worker learns how far everything has come, and goes on.
    fn go_on(&mut self, at: usize) {
        let (sequenced, passed) = self.frontier();
        let node = &mut self.nodes[at];
        node.executor.advance(sequenced, passed);
        node.executor.run();
        node.executor.worker().save_some();
        node.epochs.learn(passed.epoch);
        let me = node.executor.worker().index;
        for outgoing in node.executor.out() {
            let held = node.holds.get(&outgoing.at.epoch);
            let phase = *held.unwrap_or_else(|| unreachable!("a worker holds the epochs that it sends in"));
            let sent = Time { epoch: outgoing.at.epoch, phase };
            self.traffic.lent += match &outgoing.message {
                Message::Grant { loans, .. } => loans.len().max(1) as u64,
                // What scouts have copies of is lent, if they are right.
                Message::Lent(_) if outgoing.at.phase != Phase::SCOUT => 1,
                _ => 0,
            };
            if outgoing.to as usize != me {
                self.traffic.message_bytes += outgoing.message.size() as u64;
                *match &outgoing.message {
                    Message::Call(_) => &mut self.traffic.calls,
                    Message::Result(_) | Message::Ack { .. } => &mut self.traffic.answers,
                    Message::Grant { .. } => &mut self.traffic.grants,
                    Message::Demand { .. } | Message::Lent(_) => &mut self.traffic.demands,
                    Message::Return { .. } => &mut self.traffic.returns,
                    Message::End { .. } => &mut self.traffic.ends,
                    Message::Scouted { .. } | Message::Mispredicted { .. } => &mut self.traffic.scouting,
                } += 1;
            }
            let Envelope { at: about, to, message } = outgoing;
            self.mail.push(Mail::Message { to, sent, about, message });
        }
        let Node { executor, holds, .. } = node;
        holds.retain(|epoch, phase| match executor.works_at(*epoch) {
            None => false,
            Some(now) => {
                *phase = now.max(*phase);
                true
            }
        });
        let (active, tickets) = executor.load();
        self.peak.active = self.peak.active.max(active);
        self.peak.tickets = self.peak.tickets.max(tickets);
    }

    /// What timely's frontiers would say: the first epoch of which parcels may come, and the first time of which
    /// messages may come.
    fn frontier(&self) -> (u64, Time) {
        let parcels = self.mail.iter().filter_map(|mail| match mail {
            Mail::Parcel(parcel) => Some(parcel.epoch),
            Mail::Message { .. } => None,
        });
        let sequenced =
            self.nodes.iter().map(|node| node.epochs.open()).chain(parcels).min().unwrap_or(u64::MAX);
        let messages = self.mail.iter().filter_map(|mail| match mail {
            Mail::Parcel(_) => None,
            Mail::Message { sent, .. } => Some(*sent),
        });
        let held = self.nodes.iter().filter_map(|node| node.holds.first_key_value());
        let held = held.map(|(epoch, phase)| Time { epoch: *epoch, phase: *phase });
        let start = Time { epoch: sequenced, phase: Phase::TICKET };
        (sequenced, messages.chain(held).min().map_or(start, |first| first.min(start)))
    }
}
