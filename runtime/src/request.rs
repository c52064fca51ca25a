//! Requests: calls from outside with the way their answers go, one or many of a kind.
use crate::Error;
use crate::ambient::{self, Ambient, TransactionId};
use crate::call::Call;
use crate::entity::Method;
use crate::error::Result;
use crate::flow::{Flow, World};
use crate::guard::{Guarded, caught, discard, discard_all};
use crate::harvest;
use crate::oracle::Plain;
use crate::plan::{Count, MethodId, Methods};
use crate::room::Room;
use crate::sequence::Sequencer;
use crate::task::{AnyTask, Frame, Root, Scouting, Task, run_alone};
use crate::twice::Ended;
use crate::worker::{AHEAD, Worker};
use smallvec::SmallVec;
use std::any::Any;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::oneshot;

/// How a transaction went that ran from beginning to end.
pub(crate) struct Went {
    pub(crate) commit: bool,
    /// The worker of an entity that was touched without a ticket.
    pub(crate) wrong: Option<usize>,
}

/// Requests without their types; they are told apart by their place.
pub(crate) trait Work: Send {
    fn len(&self) -> usize;
    /// The method, for counting.
    fn method(&self) -> MethodId;
    /// Gives them the time of their epoch.
    fn stamp(&mut self, id: TransactionId, now: u64, seed: u64);
    /// Answers all of them with an error before they have a place in the order; `worker` counts them.
    fn refuse(self: Box<Self>, error: &Error, methods: &Methods, worker: usize);
    /// Hands out their tickets, and itself in pieces to the owners of the roots.
    fn sequence(self: Box<Self>, sequencer: &mut Sequencer<'_>);
    /// Runs all of them on the only worker.
    fn run_all(self: Box<Self>, worker: &Rc<Worker>);
    fn ambient(&self, place: usize) -> Ambient;
    /// Runs one that is alone on its worker. `keep`: it may have to run again.
    fn run_alone(&mut self, place: usize, worker: &Rc<Worker>, keep: bool) -> Went;
    /// Starts one that may have to wait.
    fn start(&mut self, place: usize, worker: &Rc<Worker>, keep: bool) -> AnyTask;
    /// Starts a scout for one.
    fn scout(&self, place: usize, plain: &Rc<Plain>) -> Option<AnyTask>;
    /// Takes the outcome from the task that `start` gave.
    fn finish(&mut self, place: usize, task: &mut dyn Task, commit: bool, keep: bool, worker: &Worker);
    /// Gives the answer that was kept.
    fn release(&mut self, place: usize, worker: &Worker);
}

/// One call, and its number among those that were submitted together.
struct Item<M: Method> {
    number: u32,
    call: Option<Call<M>>,
}

/// The answer to a call. Errors are rare and large, so they travel in a box.
pub(crate) type Outcome<T> = Result<T, Box<Error>>;

/// Calls of one method, submitted together. Those that are dropped without an answer are answered by that.
pub(crate) struct Calls<M: Method> {
    method: MethodId,
    first: TransactionId,
    now: u64,
    seed: u64,
    items: SmallVec<[Item<M>; 1]>,
    /// Outcomes that wait until their epoch stands, with whether they commit; as many as there are items, or none.
    kept: Vec<Option<(Outcome<M::Output>, bool)>>,
    /// How many of them have been answered.
    answered: usize,
    answer: Answer<M::Output>,
}

/// Where answers go.
enum Answer<T> {
    /// To the one who asked; with the place in the queue that is free after that.
    One(Option<(oneshot::Sender<Outcome<T>>, Room)>),
    /// To a collection.
    Many(Arc<Collection<T>>, Part<T>),
}

/// The answers that a collection has not got yet, by their places, and how many are missing.
struct Part<T> {
    outcomes: Vec<Option<Outcome<T>>>,
    missing: usize,
}

impl<T> Part<T> {
    fn of(len: usize) -> Self {
        Self { outcomes: std::iter::repeat_with(|| None).take(len).collect(), missing: len }
    }
}

impl<T> Drop for Part<T> {
    fn drop(&mut self) {
        while let Some(outcome) = self.outcomes.pop() {
            discard(outcome);
        }
    }
}

/// What the answers of a batch come to; `None` where there will be none.
pub(crate) type Collected<T> = Vec<Option<Outcome<T>>>;

/// The answers of a batch, from all workers.
struct Collection<T> {
    answers: Mutex<Part<T>>,
    done: Mutex<Option<(oneshot::Sender<Collected<T>>, Room)>>,
}

impl<T> Collection<T> {
    /// Takes the answers of some of the calls.
    fn take(&self, numbers: impl Iterator<Item = u32>, outcomes: Vec<Option<Outcome<T>>>) {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.missing -= outcomes.len();
        if outcomes.len() == answers.outcomes.len() {
            answers.outcomes = outcomes; // all of them, in order
        } else {
            numbers.zip(outcomes).for_each(|(number, outcome)| answers.outcomes[number as usize] = outcome);
        }
        if answers.missing == 0 {
            let outcomes = std::mem::take(&mut answers.outcomes);
            drop(answers);
            self.finish(outcomes);
        }
    }

    fn finish(&self, answers: Collected<T>) {
        let done = self.done.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some((sender, _room)) = done
            && let Err(unwanted) = sender.send(answers)
        {
            discard_all(unwanted);
        }
    }

    /// Why calls are dropped without an answer.
    fn ended(&self) -> Error {
        let done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        dropped(done.as_ref().map(|(_, room)| room))
    }
}

/// Why there will be no answer to a request that had this room.
fn dropped(room: Option<&Room>) -> Error {
    match room.map(Room::ended) {
        Some(error @ Error::Internal { .. }) => error,
        _ => Error::internal("a request was dropped without an answer"),
    }
}

impl<M: Method> Calls<M> {
    pub(crate) fn one(
        method: MethodId,
        call: Call<M>,
        room: Room,
    ) -> (Self, oneshot::Receiver<Outcome<M::Output>>) {
        let (sender, reply) = oneshot::channel();
        let item = Item { number: 0, call: Some(call) };
        let calls = Self::new(method, SmallVec::from_iter([item]), Answer::One(Some((sender, room))));
        (calls, reply)
    }

    pub(crate) fn many(
        method: MethodId,
        calls: Vec<Call<M>>,
        room: Room,
    ) -> (Self, oneshot::Receiver<Collected<M::Output>>) {
        let (sender, replies) = oneshot::channel();
        let collection =
            Collection { answers: Mutex::new(Part::of(calls.len())), done: Mutex::new(Some((sender, room))) };
        if calls.is_empty() {
            collection.finish(Vec::new());
        }
        let answer = Answer::Many(Arc::new(collection), Part::of(0));
        let items = (0..).zip(calls).map(|(number, call)| Item { number, call: Some(call) });
        (Self::new(method, items.collect(), answer), replies)
    }

    fn new(method: MethodId, items: SmallVec<[Item<M>; 1]>, answer: Answer<M::Output>) -> Self {
        let first = TransactionId::default();
        Self { method, first, now: 0, seed: 0, items, kept: Vec::new(), answered: 0, answer }
    }

    fn id(&self, place: usize) -> TransactionId {
        let number = self.first.number + u64::from(self.items[place].number);
        TransactionId { number, ..self.first }
    }

    /// A part of it for another worker.
    fn piece(&mut self) -> Self {
        let answer = match &mut self.answer {
            Answer::One(one) => Answer::One(one.take()),
            Answer::Many(collection, _) => Answer::Many(collection.clone(), Part::of(0)),
        };
        let mut piece = Self::new(self.method, SmallVec::new(), answer);
        (piece.first, piece.now, piece.seed) = (self.first, self.now, self.seed);
        piece
    }

    /// The call to run; a copy if it is to be kept. Copying arguments is user code.
    fn call(&mut self, place: usize, keep: bool) -> Result<Call<M>> {
        let call = &mut self.items[place].call;
        let copy = |call: &Call<M>| {
            caught(|| call.copy()).map_or_else(|error| Some(Err(error)), |call| call.map(Ok))
        };
        let copied = if keep { call.as_ref().and_then(copy) } else { None };
        let gone = || Err(Error::internal("a request that has run is to run again"));
        copied.or_else(|| call.take().map(Ok)).unwrap_or_else(gone)
    }

    /// Passes an outcome on. Whoever asked may have gone; the transaction stands all the same, and dropping its result
    /// is user code.
    fn answer(&mut self, place: usize, outcome: Outcome<M::Output>) {
        self.answered += 1;
        match &mut self.answer {
            Answer::One(one) => {
                if let Some((sender, _room)) = one.take() {
                    discard(sender.send(outcome));
                }
            }
            Answer::Many(collection, part) => {
                if part.outcomes.is_empty() {
                    *part = Part::of(self.items.len()); // this is the first
                }
                part.outcomes[place] = Some(outcome);
                part.missing -= 1;
                if part.missing == 0 {
                    let numbers = self.items.iter().map(|item| item.number);
                    collection.take(numbers, std::mem::take(&mut part.outcomes));
                }
            }
        }
    }

    /// Answers those that nobody has answered: the engine has come to its end, or has lost them.
    fn give_up(&mut self) {
        let error = match &self.answer {
            Answer::One(one) => dropped(one.as_ref().map(|(_, room)| room)),
            Answer::Many(collection, _) => collection.ended(),
        };
        self.answer_all(&error);
    }

    /// Answers those that nobody has answered with an error.
    fn answer_all(&mut self, error: &Error) {
        for place in 0..self.items.len() {
            if self.answered == self.items.len() {
                break; // a batch has been handed over whole
            }
            let open = match &self.answer {
                Answer::One(one) => one.is_some(),
                Answer::Many(_, part) => !part.outcomes.get(place).is_some_and(Option::is_some),
            };
            if open {
                self.answer(place, Err(Box::new(error.clone())));
            }
        }
    }

    fn count(&self, worker: &Worker, commit: bool) {
        let what = if commit { Count::Committed } else { Count::Aborted };
        worker.methods.count(self.method, worker.index, what, 1);
    }

    /// Keeps an outcome, or counts it and passes it on.
    fn ended(&mut self, place: usize, outcome: Result<M::Output>, commit: bool, keep: bool, worker: &Worker) {
        let outcome = outcome.map_err(Box::new);
        if keep {
            self.kept.resize_with(self.items.len(), || None);
            return discard(self.kept[place].replace((outcome, commit)));
        }
        self.count(worker, commit);
        self.answer(place, outcome);
    }
}

impl<M: Method> Drop for Calls<M> {
    fn drop(&mut self) {
        if self.answered < self.items.len() {
            self.give_up();
        }
        while let Some(outcome) = self.kept.pop() {
            discard(outcome);
        }
        while let Some(Item { call, .. }) = self.items.pop() {
            if let Some(Call { key, args }) = call {
                discard(key);
                discard(args);
            }
        }
    }
}

impl<M: Method> Work for Calls<M> {
    fn len(&self) -> usize {
        self.items.len()
    }
    fn method(&self) -> MethodId {
        self.method
    }
    fn stamp(&mut self, id: TransactionId, now: u64, seed: u64) {
        (self.first, self.now, self.seed) = (id, now, seed);
    }

    fn refuse(mut self: Box<Self>, error: &Error, methods: &Methods, worker: usize) {
        methods.count(self.method, worker, Count::Aborted, self.items.len() as u64);
        self.answer_all(error);
    }

    fn sequence(mut self: Box<Self>, sequencer: &mut Sequencer<'_>) {
        let mut pieces: Vec<Option<Self>> = (0..sequencer.peers()).map(|_| None).collect();
        for item in std::mem::take(&mut self.items) {
            let Some(call) = &item.call else { continue };
            let place = |owner| {
                pieces.get(owner).and_then(Option::as_ref).map_or(0, |piece: &Self| piece.items.len())
            };
            let owner = sequencer.place(self.method, call, &place);
            pieces[owner].get_or_insert_with(|| self.piece()).items.push(item);
        }
        for (owner, piece) in pieces.into_iter().enumerate() {
            if let Some(piece) = piece {
                sequencer.give(owner, Box::new(piece));
            }
        }
    }

    fn run_all(mut self: Box<Self>, worker: &Rc<Worker>) {
        let (mut committed, all) = (0, self.items.len() as u64);
        for place in 0..self.items.len() {
            if place.is_multiple_of(AHEAD) && all > 1 {
                let next = self.items.iter().skip(place).take(AHEAD).filter_map(|item| item.call.as_ref());
                // How an argument is serialised is user code; if it panics, it will do so again where it counts.
                let _ = caught(|| worker.expect(next));
                harvest::reset();
            }
            let Some(call) = self.items[place].call.take() else { continue };
            worker.begin(self.method);
            ambient::set(Some(self.ambient(place)));
            let flow = Flow::new(World::Alone(worker.clone()));
            let before = worker.twice.as_ref().map_or(Ok(None), |twice| {
                twice.before(&call, self.ambient(place)).map(|record| Some((twice, record)))
            });
            let (outcome, commit) = match before {
                Ok(None) => run_alone::<M>(worker, &flow, call),
                Ok(Some((twice, before))) => {
                    let (outcome, _) = run_alone::<M>(worker, &flow, call);
                    match twice.after(worker, &before, Ended::of(&outcome, M::is_err)) {
                        Ok(stands) => (outcome, stands),
                        Err(error) => {
                            discard(outcome);
                            (Err(error), false)
                        }
                    }
                }
                Err(error) => (Err(error), false),
            };
            worker.end(commit, None);
            committed += u64::from(commit);
            if place as u64 + 1 == all {
                worker.methods.count(self.method, worker.index, Count::Committed, committed);
                worker.methods.count(self.method, worker.index, Count::Aborted, all - committed);
            }
            self.answer(place, outcome.map_err(Box::new));
        }
        worker.rest();
    }

    fn ambient(&self, place: usize) -> Ambient {
        Ambient { id: self.id(place), now: self.now, seed: self.seed, method: self.method }
    }

    fn run_alone(&mut self, place: usize, worker: &Rc<Worker>, keep: bool) -> Went {
        let call = match self.call(place, keep) {
            Ok(call) => call,
            Err(error) => {
                self.ended(place, Err(error), false, keep, worker);
                return Went { commit: false, wrong: None };
            }
        };
        ambient::set(Some(self.ambient(place)));
        let flow = Flow::new(World::Alone(worker.clone()));
        worker.begin(self.method);
        let (outcome, commit) = run_alone::<M>(worker, &flow, call);
        worker.rest();
        let wrong = match &outcome {
            Err(Error::Unplanned { worker, .. }) => Some(*worker),
            _ => None,
        };
        self.ended(place, outcome, commit, keep, worker);
        Went { commit, wrong }
    }

    fn start(&mut self, place: usize, worker: &Rc<Worker>, keep: bool) -> AnyTask {
        let call = self.call(place, keep);
        Guarded::new(Box::new(Root::<M>::new(call, Flow::new(World::Worker(worker.clone())))))
    }

    fn scout(&self, place: usize, plain: &Rc<Plain>) -> Option<AnyTask> {
        let call = self.items[place].call.as_ref()?;
        let call = caught(|| call.copy()).ok().flatten()?;
        let flow = Flow::new(World::Plain(plain.clone()));
        let frame = Frame::new(async move { flow.perform(call).await }, 0);
        Some(Guarded::new(Box::new(Scouting::<M>(frame))))
    }

    fn finish(&mut self, place: usize, task: &mut dyn Task, commit: bool, keep: bool, worker: &Worker) {
        let mut outcome: Option<Result<M::Output>> = None;
        task.outcome(&mut outcome as &mut dyn Any);
        let lost = || Err(Error::internal("a transaction ended without an outcome"));
        self.ended(place, outcome.unwrap_or_else(lost), commit, keep, worker);
    }

    fn release(&mut self, place: usize, worker: &Worker) {
        if let Some((outcome, commit)) = self.kept.get_mut(place).and_then(Option::take) {
            self.count(worker, commit);
            self.answer(place, outcome);
        }
    }
}
