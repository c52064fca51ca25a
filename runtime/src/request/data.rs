//! Requests: calls from outside on their way through the engine.
//!
//! A request is data: which method, which calls, when. Who waits for it is known to [`crate::egress`] alone, and the types
//! of its method to [`super::batch`].
use crate::base::ambient::{self, Ambient, TransactionId};
use crate::base::digest::Digest;
use crate::base::emitted::{self, Emitted};
use crate::base::error::Error;
use crate::base::ids::{MethodId, narrow};
use crate::egress::answers::{Egress, LoggedEgress, RequestId};
use crate::egress::ids::IdKey;
use crate::egress::verdict::Verdict;
use crate::egress::witness::{Ended, InPart};
use crate::entity::run::invoke::{Invocation, Mode};
use crate::entity::run::overlay::Overlay;
use crate::entity::run::task::Task;
use crate::entity::run::twice;
use crate::entity::run::worker::{PREFETCH_WINDOW, Worker};
use crate::methods::counts::Count;
use crate::methods::table::Methods;
use crate::request::batch::{Calls, Finished, Logged};
use smallvec::SmallVec;
use std::collections::BTreeMap;
use std::rc::Rc;

/// Calls of one method that were submitted together, or those of them that have their home at one worker.
pub(crate) struct Request {
    /// Whom to answer; nobody if it is replayed.
    id: Option<RequestId>,
    method: MethodId,
    /// What the log says of it, if there is one.
    pub(crate) logged: Option<Logged>,
    /// The place of the first that was submitted.
    place: InPart,
    /// The identity of the first that was submitted.
    first: TransactionId,
    now: u64,
    seed: u64,
    calls: Box<dyn Calls>,
    /// Their places among those that were submitted together; all of them, if there are none.
    members: Option<Vec<u32>>,
    /// Whether they commit, for those whose outcome waits until the epoch stands.
    kept: Vec<Option<bool>>,
    /// How many have an outcome that stands.
    settled: usize,
    extra: Option<Box<Extra>>,
}

/// What few requests have.
#[derive(Default)]
struct Extra {
    /// What its answer is remembered under, and a hash of the request.
    with_id: Option<(IdKey, u64)>,
    /// What those that commit have emitted, by their indices.
    emitted: BTreeMap<u32, Emitted>,
}

impl Request {
    pub(crate) fn new(id: Option<RequestId>, method: MethodId, calls: Box<dyn Calls>) -> Self {
        let (first, place, kept) = (TransactionId::default(), InPart::default(), Vec::new());
        let (logged, members, extra) = (None, None, None);
        Self { id, method, logged, place, first, now: 0, seed: 0, calls, members, kept, settled: 0, extra }
    }

    /// What the log will say of it.
    pub(crate) fn with_bytes(self, logged: Option<Logged>) -> Self {
        Self { logged, ..self }
    }

    /// Its answer, which is one, is remembered under this key.
    pub(crate) fn remembered(self, with_id: Option<(IdKey, u64)>) -> Self {
        let extra =
            with_id.map(|with_id| Box::new(Extra { with_id: Some(with_id), emitted: BTreeMap::new() }));
        Self { extra, ..self }
    }

    /// What its answer is remembered under.
    pub(crate) fn id_key(&self) -> Option<&IdKey> {
        self.with_id().map(|(key, _)| key)
    }

    fn with_id(&self) -> Option<&(IdKey, u64)> {
        self.extra.as_ref()?.with_id.as_ref()
    }

    pub(crate) fn len(&self) -> usize {
        self.calls.len()
    }

    /// The method, for counting.
    pub(crate) fn method(&self) -> MethodId {
        self.method
    }

    /// Gives them their places in the order, and the time of their epoch.
    pub(crate) fn stamp(&mut self, place: InPart, first: TransactionId, (now, seed): (u64, u64)) {
        (self.place, self.first, self.now, self.seed) = (place, first, now, seed);
    }

    /// Answers all of them with an error while they are in a queue.
    pub(crate) fn withdraw(mut self, error: &Error, egress: &Egress) {
        self.answer_with(error, egress);
    }

    /// Answers all of them with an error before they have a place in the order; `worker` counts them.
    pub(crate) fn refuse(mut self, error: &Error, methods: &Methods, worker: usize, egress: &Egress) {
        methods.count(self.method, worker, Count::Aborted, self.len() as u64);
        self.answer_with(error, egress);
    }

    fn answer_with(&mut self, error: &Error, egress: &Egress) {
        for index in 0..self.len() {
            self.calls.conclude(index, Err(error.clone()));
        }
        // It is in no epoch, so nothing has to be durable before it is answered.
        if let Some((key, _)) = self.with_id() {
            egress.ids.refused(key, error);
        }
        if let Some(id) = self.id {
            egress.answer((id, 0), None, (self.calls.len(), self.calls.outcomes()));
        }
    }

    /// The calls, to be planned one by one.
    pub(crate) fn calls(&self) -> &dyn Calls {
        &*self.calls
    }

    /// Divides it by the workers that its calls belong to.
    pub(crate) fn split(self, owners: &[u16], peers: usize) -> impl Iterator<Item = (usize, Self)> {
        let Self { id, method, mut extra, place, first, now, seed, calls, .. } = self;
        let mut members = vec![Vec::new(); peers];
        (0..).zip(owners).for_each(|(member, owner)| members[usize::from(*owner)].push(member));
        let parts = calls.split(owners, peers).into_iter().zip(members).enumerate();
        parts.filter(|(_, (_, members))| !members.is_empty()).map(move |(owner, (calls, members))| {
            // One with an id is one call, so it has one part.
            let extra = extra.take();
            let mut part = Self { members: Some(members), extra, ..Self::new(id, method, calls) };
            part.stamp(place, first, (now, seed));
            (owner, part)
        })
    }

    pub(crate) fn ambient(&self, index: usize) -> Ambient {
        let member = self.members.as_ref().map_or(index as u64, |members| members[index].into());
        let id = TransactionId { number: self.first.number + member, ..self.first };
        Ambient { id, now: self.now, seed: self.seed, method: self.method }
    }

    /// Runs all of them on the only worker.
    pub(crate) fn run_all(mut self, worker: &Rc<Worker>) {
        let (mut committed, all) = (0, self.len());
        for index in 0..all {
            if index.is_multiple_of(PREFETCH_WINDOW) && all > 1 {
                self.calls.prefetch(index..all.min(index + PREFETCH_WINDOW), worker);
            }
            let ambient = self.ambient(index);
            worker.begin(&ambient);
            ambient::set(Some(ambient));
            emitted::start();
            // What is replayed has been compared when it was new.
            let finished = match &worker.twice {
                Some(_) if self.id.is_some() => self.run_compared(index, worker),
                _ => self.calls.run(index, worker, false),
            };
            worker.end(finished.commit, None);
            self.emit(index, finished.commit, emitted::take_events());
            committed += usize::from(finished.commit);
        }
        worker.rest();
        worker.methods.count(self.method, worker.index, Count::Committed, committed as u64);
        worker.methods.count(self.method, worker.index, Count::Aborted, (all - committed) as u64);
        self.settle(all, &worker.egress);
    }

    /// Runs one, and compares what it does with two runs elsewhere.
    fn run_compared(&mut self, index: usize, worker: &Rc<Worker>) -> Finished {
        let Some(twice) = &worker.twice else { unreachable!("the app was started to compare") };
        let before = self.calls.twins(index).and_then(|runs| twice.before(runs, self.ambient(index)));
        let before = match before {
            Ok(before) => before,
            Err(error) => return self.calls.conclude(index, Err(error)),
        };
        let finished = self.calls.run(index, worker, false);
        let failed = self.calls.failure(index).cloned();
        match twice.after(worker, &before, twice::Ended { failed, commit: finished.commit }) {
            Ok(commit) => Finished { commit, ..finished },
            Err(error) => self.calls.conclude(index, Err(error)),
        }
    }

    /// Runs one that is alone on its worker. `keep`: it may have to run again.
    pub(crate) fn run_alone(&mut self, index: usize, worker: &Rc<Worker>, keep: bool) -> Finished {
        let ambient = self.ambient(index);
        ambient::set(Some(ambient));
        worker.begin(&ambient);
        emitted::start();
        let finished = self.calls.run(index, worker, keep);
        self.emit(index, finished.commit, emitted::take_events());
        worker.rest();
        self.ended(index, finished, keep, worker);
        finished
    }

    /// Starts one that may have to wait.
    pub(crate) fn start(&mut self, index: usize, worker: &Rc<Worker>, keep: bool) -> Task {
        Task::root(self.calls.frame(index, Invocation::new(Mode::Partitioned(worker.clone())), keep))
    }

    /// Starts a scout for one that can run again.
    pub(crate) fn scout(&mut self, index: usize, overlay: &Rc<Overlay>) -> Option<Task> {
        assert!(self.calls.repeatable(), "what can run only once is not scouted");
        let frame = self.calls.frame(index, Invocation::new(Mode::Overlay(overlay.clone())), true);
        frame.ok().map(Task::scout)
    }

    /// Takes the outcome of the task that `start` gave, and what its transaction has emitted.
    pub(crate) fn finish(
        &mut self,
        index: usize,
        (task, emitted): (Task, Option<Box<Emitted>>),
        keep: bool,
        worker: &Worker,
    ) {
        let finished = self.calls.conclude(index, task.into_outcome());
        self.emit(index, finished.commit, emitted.map(|emitted| *emitted));
        self.ended(index, finished, keep, worker);
    }

    /// Keeps what a transaction has emitted, in the place of what it had in an attempt before.
    fn emit(&mut self, index: usize, commit: bool, emitted: Option<Emitted>) {
        match emitted.filter(|_| commit) {
            Some(emitted) => {
                self.extra.get_or_insert_default().emitted.insert(narrow(index), emitted);
            }
            None => {
                self.extra.iter_mut().for_each(|extra| drop(extra.emitted.remove(&narrow(index))));
            }
        }
    }

    /// Keeps an outcome, or counts it.
    fn ended(&mut self, index: usize, finished: Finished, keep: bool, worker: &Worker) {
        if finished.mispredicted.is_some() && !keep {
            let error = Error::internal(
                "a method without references in its arguments touched an entity without a ticket",
            );
            self.calls.conclude(index, Err(error));
        }
        if keep {
            self.kept.resize(self.calls.len(), None);
            self.kept[index] = Some(finished.commit);
        } else {
            self.count(finished.commit, worker);
        }
    }

    /// Lets the outcome go that was kept.
    pub(crate) fn release(&mut self, index: usize, worker: &Worker) {
        if let Some(commit) = self.kept.get_mut(index).and_then(Option::take) {
            self.count(commit, worker);
        }
    }

    fn count(&mut self, commit: bool, worker: &Worker) {
        let what = if commit { Count::Committed } else { Count::Aborted };
        worker.methods.count(self.method, worker.index, what, 1);
        self.settle(1, &worker.egress);
    }

    /// So many more outcomes stand; the last of them lets all of them leave.
    fn settle(&mut self, more: usize, egress: &Egress) {
        self.settled += more;
        assert!(self.settled <= self.calls.len(), "a transaction ends once");
        if self.settled < self.calls.len() {
            return;
        }
        // First: whoever waits for the end of a replay finds it remembered.
        if let Some((key, body)) = self.with_id().cloned() {
            assert!(self.calls.len() == 1, "one call has one id");
            let (at, outcome) = ((self.place.epoch, self.now), self.calls.remembered(0));
            egress.ids.decided((&key, body), at, outcome, || egress.leaves_up_to());
        }
        if egress.logged.is_some() {
            self.tell_witness(egress);
        }
        if let Some(outbox) = &egress.outbox {
            let (place, members) = (self.place, self.members.as_ref());
            let member = |index: u32| members.map_or(index, |members| members[index as usize]);
            let placed = |(index, emitted)| (InPart { index: place.index + member(index), ..place }, emitted);
            let emitted = self.extra.as_mut().map(|extra| std::mem::take(&mut extra.emitted));
            let emitted = emitted.unwrap_or_default().into_iter().map(placed);
            outbox.ended(place.epoch, self.calls.len(), emitted);
        }
        if let Some(id) = self.id {
            let outcomes = (self.calls.len(), self.calls.outcomes());
            egress.answer((id, self.place.epoch), self.members.as_deref(), outcomes);
        }
    }

    /// What became of them, for a replay to be compared with.
    fn tell_witness(&self, egress: &Egress) {
        let Some(LoggedEgress { witness, .. }) = &egress.logged else { unreachable!("this app keeps a log") };
        let all = 0..self.calls.len();
        // Outside the witness's lock: how an answer is written is user code.
        let digests = all.clone().map(|index| {
            let emitted = self.extra.as_ref().and_then(|extra| extra.emitted.get(&narrow(index)));
            let answer = self.calls.digest(index);
            answer.map_or(Digest::default(), |answer| {
                answer.and(emitted.map_or(Digest::default(), Emitted::digest))
            })
        });
        let digests: SmallVec<[Digest; 4]> = digests.collect();
        let verdicts = all.map(|index| (narrow(index), self.calls.verdict(index)));
        let failures = verdicts.filter(|(_, verdict)| *verdict != Verdict::COMMITTED).collect();
        let members = self.members.clone();
        witness.ended(Ended { place: self.place, members, digests, failures });
    }
}
