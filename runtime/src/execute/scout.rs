//! Scouting: dynamic transactions run against the state at the end of the epoch before, to learn what they touch.
use crate::base::ambient::{self, Ambient};
use crate::base::error::Result;
use crate::base::groups::{Part, RootOwner};
use crate::base::ids::{Phase, Time, TxnId, narrow};
use crate::base::location::worker_number;
use crate::base::ticket::{Ticket, normalise};
use crate::entity::run::invoke::{Invocation, Mode};
use crate::entity::run::outgoing::{Cargo, Demand, Outgoing, OutgoingCall};
use crate::entity::run::overlay::Overlay;
use crate::entity::run::task::{Gives, Payload, Progress, Task};
use crate::entity::run::txn_local::TxnLocal;
use crate::execute::Executor;
use crate::execute::epoch::{Guess, Stage};
use crate::execute::message::{CallMessage, LentMessage, Message, Own, ReturnMessage, Waits};
use crate::methods::counts::Count;
use std::collections::BTreeSet;
use std::rc::Rc;

/// What a scout has at one worker. Scouts make one call at a time, so their tasks form a stack.
pub(super) struct Scout {
    overlay: Rc<Overlay>,
    ambient: Ambient,
    running: Box<TxnLocal>,
    tasks: Vec<(Task, Option<Waits>)>,
    /// The call that waits for what it has demanded.
    demanding: Option<CallMessage>,
    /// What was touched elsewhere.
    touched: Vec<Ticket>,
}

impl Executor {
    /// Begins the scout phase of an epoch.
    pub(super) fn scout(&mut self, number: u64) {
        let epoch = &mut self.epochs[number];
        (epoch.stage, epoch.phase) = (Stage::Scouting, Phase::SCOUT);
        let guessed = epoch.guessed_roots();
        epoch.scouts_left = guessed.len();
        let runs_once = epoch.runs_once;
        for (txn, root) in guessed {
            let epoch = &mut self.epochs[number];
            let (request, index) = epoch.call(root);
            let (method, ambient) = (request.method(), request.ambient(index));
            self.methods.count(method, self.worker.index, Count::Scouted, 1);
            let overlay = Overlay::before(&self.worker);
            let task = if runs_once { None } else { request.scout(index, &overlay) };
            epoch.guesses.insert(txn, Guess { method, workers: BTreeSet::new(), mispredicted: 0 });
            let Some(task) = task else {
                self.share_out(txn, None);
                continue;
            };
            epoch.scouts.insert(txn, Scout::new(overlay, ambient));
            self.step_scout(txn, task, None);
        }
        self.enter(number, Phase::SCOUT);
    }

    /// Guessing has taken long enough: every transaction whose plan is not sure gets all workers, in a phase of its own; or
    /// `all`, if that has not been enough. Then the next attempt stands.
    pub(super) fn regroup(&mut self, number: u64, all: bool) {
        let epoch = &mut self.epochs[number];
        let phase = epoch.phase.next();
        let unsure = epoch.unsure_roots(all);
        (epoch.stage, epoch.phase, epoch.scouts_left) = (Stage::Scouting, phase, unsure.len());
        for (txn, root) in unsure {
            let epoch = &mut self.epochs[number];
            let method = epoch.call(root).0.method();
            let new = || Guess { method, workers: BTreeSet::new(), mispredicted: 0 };
            epoch.guesses.entry(txn).or_insert_with(new);
            self.share_out(txn, None);
        }
        self.enter(number, phase);
    }

    /// Lets a scout's task go on, with what it waits for, if there is something.
    fn step_scout(&mut self, txn: TxnId, mut task: Task, waits: Option<Waits>) {
        let worker = self.worker.clone();
        let scout = self.scout_of(txn);
        let mut running = std::mem::take(&mut scout.running);
        ambient::set(Some(scout.ambient));
        std::mem::swap(&mut *worker.running.borrow_mut(), &mut running);
        worker.begin(&scout.ambient);
        let progress = task.poll(&worker);
        worker.rest();
        std::mem::swap(&mut *worker.running.borrow_mut(), &mut running);
        let scout = self.scout_of(txn);
        scout.running = running;
        let (slot, ambient) = (scout.tasks.len(), scout.ambient);
        let at = Time { epoch: txn.epoch, phase: Phase::SCOUT };
        for sent in worker.outbox().drain(..) {
            let from = Waits { worker: narrow(worker.index), task: narrow(slot), number: sent.number };
            let message = match sent.outgoing {
                Outgoing::Call(outgoing) => {
                    Message::call(CallMessage { txn, from, after: 0, ambient, outgoing })
                }
                Outgoing::Demand(demand, outgoing) => {
                    let scout = self.scout_of(txn);
                    scout.demanding = Some(CallMessage { txn, from, after: 0, ambient, outgoing });
                    Message::Demand { txn, from, demand }
                }
            };
            self.send(at, sent.to, message);
        }
        match (progress, waits) {
            (Progress::Waiting, waits) => {
                self.scout_of(txn).tasks.push((task, waits));
            }
            (Progress::Returned(value), Some(waits)) => self.scout_returns(txn, waits, value),
            _ => {
                let touched = self.scout_of(txn).touched();
                self.share_out(txn, Some(touched));
            }
        }
    }

    fn scout_of(&mut self, txn: TxnId) -> &mut Scout {
        let scout = self.epochs[txn.epoch].scouts.get_mut(&txn);
        scout.unwrap_or_else(|| unreachable!("the scouts of an epoch are there until all are done"))
    }

    fn scout_returns(&mut self, txn: TxnId, to: Waits, value: Result<Payload>) {
        let touched = Some(self.scout_of(txn).touched());
        let at = Time { epoch: txn.epoch, phase: Phase::SCOUT };
        self.send(at, to.worker, Message::result(ReturnMessage { txn, to, value, emitted: None, touched }));
    }

    /// A scout's call from another group, or one that has what it demanded.
    pub(super) fn scout_call(&mut self, called: CallMessage) {
        let CallMessage { txn, from, ambient, outgoing, .. } = called;
        let OutgoingCall { depth, path, call, .. } = outgoing;
        let worker = self.worker.clone();
        let epoch = &mut self.epochs[txn.epoch];
        let scout = epoch.scouts.entry(txn).or_insert_with(|| Scout::new(Overlay::before(&worker), ambient));
        let invocation = Invocation::at(Mode::Overlay(scout.overlay.clone()), depth, false);
        match call.open(&worker) {
            (Ok(call), away) => {
                let gives = if away { Gives::Shipped } else { Gives::Typed };
                let frame = call.into_inner().frame(invocation, path, gives);
                self.step_scout(txn, Task::call(frame), Some(from));
            }
            (Err(error), _) => self.scout_returns(txn, from, Err(error)),
        }
    }

    /// The result of a call that a scout waited for.
    pub(super) fn scout_return(&mut self, returned: ReturnMessage) {
        let ReturnMessage { txn, to, value, touched, .. } = returned;
        let scout = self.scout_of(txn);
        // A list grows on its way back through deep calls, and with every call that one method makes: the shorter one is
        // appended.
        let mut touched = touched.unwrap_or_default();
        if touched.len() > scout.touched.len() {
            std::mem::swap(&mut touched, &mut scout.touched);
        }
        scout.touched.append(&mut touched);
        let Some((task, waits)) = scout.tasks.pop() else { unreachable!("what returns is waited for") };
        self.worker.deliver(to.number, value);
        self.step_scout(txn, task, waits);
        drop(self.worker.receive(to.number));
    }

    /// What a scout has demanded is here: the call is made.
    pub(super) fn scout_has(&mut self, lent: LentMessage) {
        let LentMessage { txn, to, loans } = lent;
        let scout = self.scout_of(txn);
        let called = scout.demanding.take().filter(|called| called.from == to);
        let called = called.unwrap_or_else(|| unreachable!("what was demanded is waited for"));
        let Cargo::Here(call) = &called.outgoing.call else { unreachable!("what is demanded is for here") };
        match loans.and_then(|loans| call.adopt(&scout.overlay, loans)) {
            Ok(()) => self.scout_call(called),
            Err(error) => self.scout_returns(txn, to, Err(error)),
        }
    }

    /// Copies what a scout demands. Nothing changes as long as there are scouts.
    pub(super) fn scout_demands(&mut self, at: Time, txn: TxnId, from: Waits, demand: Demand) {
        let loans = self.worker.copies(demand);
        self.send(at, from.worker, Message::Lent(Box::new(LentMessage { txn, to: from, loans })));
    }

    /// A scout that started here is done: hands out the tickets for what it has touched, or whole workers if that is
    /// not known.
    fn share_out(&mut self, txn: TxnId, touched: Option<Vec<Ticket>>) {
        let phase = self.epochs[txn.epoch].phase;
        let at = Time { epoch: txn.epoch, phase };
        let me = worker_number(self.worker.index);
        let mut all: Vec<(u32, Own)> = match touched {
            None => {
                Own::wholes(&self.worker.groups.whole(txn, me, &(0..narrow(self.worker.peers)).collect()))
            }
            // One that touches nothing elsewhere waits for nobody elsewhere: the worker is its own for as long as it
            // runs, and what else it touches here does not make it wrong.
            Some(tickets) if tickets.iter().all(|ticket| ticket.owner == me) => Vec::new(),
            Some(mut tickets) => {
                normalise(&mut tickets);
                let mut all = Vec::new();
                self.worker.groups.parts(
                    txn,
                    RootOwner::Fixed(me),
                    (&tickets, None),
                    |Part { worker, home, tickets }| {
                        let home = (home != worker).then_some(home);
                        all.push((worker.into(), Own::tickets(tickets.to_vec(), home)));
                    },
                );
                let homes: Vec<u32> =
                    all.iter().filter(|(_, own)| own.home.is_none()).map(|(worker, _)| *worker).collect();
                for (home, own) in all.iter_mut().filter(|(_, own)| own.home.is_none()) {
                    own.others.extend(homes.iter().filter(|other| *other != home));
                }
                all
            }
        };
        let here = all.iter().position(|(worker, _)| *worker == u32::from(me));
        let own = match here {
            Some(here) => all.swap_remove(here).1,
            None => {
                assert!(all.is_empty(), "a root touches its own entity");
                Own::whole(None)
            }
        };
        let epoch = &mut self.epochs[txn.epoch];
        let guess = epoch.guesses.get_mut(&txn).unwrap_or_else(|| unreachable!("a scout learns for a guess"));
        guess.workers = all.iter().map(|(worker, _)| *worker).chain([me.into()]).collect();
        epoch.shares.insert(txn, own);
        assert!(epoch.scouts_left > 0, "a scout is done once");
        epoch.scouts_left -= 1;
        for (to, own) in all {
            self.send(at, to, Message::Scouted { txn, own: Box::new(own) });
        }
    }
}

impl Scout {
    fn new(overlay: Rc<Overlay>, ambient: Ambient) -> Self {
        // Whatever it meets it demands.
        let running = Box::new(TxnLocal { whole: true, ..TxnLocal::default() });
        Self { overlay, ambient, running, tasks: Vec::new(), demanding: None, touched: Vec::new() }
    }

    fn touched(&mut self) -> Vec<Ticket> {
        let mut touched = std::mem::take(&mut self.touched);
        touched.extend(self.overlay.touched());
        touched
    }
}
