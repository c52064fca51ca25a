//! How a method makes its calls: most never leave the worker, and are made on the caller's stack.
use crate::base::ambient::call_path;
use crate::base::emitted;
use crate::base::error::{Error, Result};
use crate::base::location::Location;
use crate::base::text::key_text;
use crate::entity::call::Call;
use crate::entity::run::outgoing::{CallKind, Cargo, OutgoingCall};
use crate::entity::run::overlay::{Overlay, Reach};
use crate::entity::run::task::{Frame, Payload, run_now};
use crate::entity::run::worker::Worker;
use crate::entity::traits::{Entity, Method};
use std::any::Any;
use std::cell::Cell;
use std::convert::Infallible;
use std::future::{pending, poll_fn};
use std::rc::Rc;
use std::task::Poll;
use thalweg_graph::Access;

/// How deep calls may be nested.
///
/// It is the same at any number of workers, and low enough for an endless recursion to end in a fraction of a second also
/// where every call goes to another worker.
pub const MAX_DEPTH: u32 = 16_000;

/// Where methods run.
#[derive(Clone)]
pub(crate) enum Mode {
    /// On a worker that owns everything they touch: nothing ever waits.
    Local(Rc<Worker>),
    /// On one of several workers.
    Partitioned(Rc<Worker>),
    /// On plain maps: the oracle's, or those of a scout.
    Overlay(Rc<Overlay>),
    Describe,
}

/// The chain of calls from the root to the running method, and how it makes further calls.
pub struct Invocation {
    pub(super) mode: Mode,
    depth: u32,
    /// The way of calls that led here.
    path: u64,
    /// How many calls it has made.
    calls: Cell<u64>,
    /// Whether calls may go one way. Not in parts of a join that run side by side: which of them failed first in the
    /// order of the program could not be told from the order of their calls.
    one_way: bool,
    /// Whether the task ends when this method ends, so that no code of a caller runs before one-way calls are
    /// acknowledged.
    tail: bool,
}

impl Invocation {
    #[inline]
    pub(crate) fn new(mode: Mode) -> Self {
        Self { mode, depth: 0, path: 0, calls: Cell::new(0), one_way: true, tail: true }
    }
    pub(crate) fn at(mode: Mode, depth: u32, one_way: bool) -> Self {
        Self { depth, one_way, ..Self::new(mode) }
    }

    /// The way of calls that led here.
    pub(crate) fn path(&self) -> u64 {
        self.path
    }

    /// The way to the next call.
    #[inline]
    pub(crate) fn next(&self) -> u64 {
        self.calls.set(self.calls.get() + 1);
        let path = call_path(self.path, self.calls.get());
        emitted::called(self.path, path);
        path
    }

    /// The flow of the method that `path` leads to.
    #[inline]
    pub(crate) fn deeper(&self, path: u64, tail: bool) -> Self {
        let (mode, depth) = (self.mode.clone(), self.depth + 1);
        Self { mode, depth, path, calls: Cell::new(0), one_way: self.one_way, tail }
    }

    /// The flow of a part of a join. It is made before any part runs, so that what a part draws does not depend on
    /// the others.
    pub(crate) fn branch(&self, side_by_side: bool) -> Self {
        let (mode, depth, path) = (self.mode.clone(), self.depth, self.next());
        let one_way = self.one_way && !side_by_side;
        Self { mode, depth, path, calls: Cell::new(0), one_way, tail: false }
    }

    /// The transaction cannot go on; nor does the method that says so.
    pub(crate) async fn fail(&self, error: Error) -> Infallible {
        self.doom(error);
        pending().await
    }

    pub(crate) fn doom(&self, error: Error) {
        match &self.mode {
            Mode::Local(worker) | Mode::Partitioned(worker) => worker.doom(error),
            Mode::Overlay(overlay) => overlay.doom(error),
            Mode::Describe => {}
        }
    }

    /// Something is wrong with the running method, whatever it gives; see [`crate::entity::run::twice`].
    pub(crate) fn fault(&self, what: String) {
        if let Mode::Overlay(overlay) = &self.mode {
            overlay.fault(what);
        }
    }

    fn is_doomed(&self) -> bool {
        match &self.mode {
            Mode::Local(worker) | Mode::Partitioned(worker) => worker.is_doomed(),
            Mode::Overlay(overlay) => overlay.is_doomed(),
            Mode::Describe => true,
        }
    }

    /// What a method has returned; `Pending` when it has changed its key, which is seen only when it is over.
    #[inline]
    pub(crate) fn ended<M: Method>(&self, done: Poll<M::Output>) -> Poll<M::Output> {
        if M::ACCESS == Access::Write && self.is_doomed() { Poll::Pending } else { done }
    }

    /// The worker that the method runs on.
    #[inline]
    pub(crate) fn worker(&self) -> Option<&Rc<Worker>> {
        match &self.mode {
            Mode::Local(worker) | Mode::Partitioned(worker) => Some(worker),
            Mode::Overlay(_) | Mode::Describe => None,
        }
    }

    /// Makes a call where nothing ever waits; gives it back where something may. `Pending` means that the transaction
    /// failed.
    pub(crate) fn at_once<M: Method>(&self, call: Call<M>) -> Result<Poll<M::Output>, Call<M>> {
        let Mode::Local(worker) = &self.mode else { return Err(call) };
        let path = self.next();
        if self.depth >= MAX_DEPTH {
            self.doom(Error::TooDeep { limit: MAX_DEPTH });
            return Ok(Poll::Pending);
        }
        Ok(self.alone(worker, call, path))
    }

    /// Makes a call.
    pub(crate) async fn perform<M: Method>(&self, call: Call<M>) -> M::Output {
        let path = self.next();
        self.arrive(call, path, false).await
    }

    /// Makes a call that `path` leads to. `tail`: when it ends, its task does.
    pub(crate) async fn arrive<M: Method>(&self, call: Call<M>, path: u64, tail: bool) -> M::Output {
        if self.depth >= MAX_DEPTH {
            match self.fail(Error::TooDeep { limit: MAX_DEPTH }).await {}
        }
        let done = 'done: {
            let (cx, args) = match &self.mode {
                Mode::Local(worker) => break 'done self.alone(worker, call, path),
                Mode::Partitioned(worker) => {
                    let at = Location::of::<M::Entity>(&call.key, worker.peers);
                    if !worker.has(at.owner) {
                        if M::SUSPENDS {
                            self.acknowledged(worker).await;
                        }
                        let to = worker.home_for(at.owner);
                        return self.shipped(worker, to, (CallKind::Await, path), call).await;
                    }
                    if !worker.may(&at, M::ACCESS) {
                        match self.fail(unplanned(&call, at.owner)).await {}
                    }
                    if let Some(demand) = worker.missing(&at) {
                        let outgoing = self.outgoing(CallKind::Await, path, Cargo::here(call));
                        return self.returned::<M>(worker, worker.demand(at.owner, demand, outgoing)).await;
                    }
                    if !M::SUSPENDS {
                        break 'done self.enter(worker, at, call, path);
                    }
                    (worker.context::<M>(self.deeper(path, tail), at, call.key), call.args)
                }
                Mode::Overlay(overlay) => {
                    match overlay.reach::<M>(&call) {
                        Reach::Here => {}
                        Reach::Elsewhere(worker, owner) => {
                            return self.shipped(worker, owner, (CallKind::Scout, path), call).await;
                        }
                        Reach::Missing(worker, owner, demand) => {
                            let outgoing = self.outgoing(CallKind::Scout, path, Cargo::here(call));
                            return self.returned::<M>(worker, worker.demand(owner, demand, outgoing)).await;
                        }
                    }
                    if !(overlay.is_scout() && M::SUSPENDS) {
                        break 'done overlay.enter(self, call, path);
                    }
                    (overlay.context(self.deeper(path, tail), call.key), call.args)
                }
                Mode::Describe => break 'done Poll::Pending,
            };
            // What may have to wait gets a frame.
            match cx {
                Ok(cx) => self.ended::<M>(Poll::Ready(Frame::new(M::run(cx, Some(args)), path).await)),
                Err(error) => match self.fail(error).await {},
            }
        };
        match done {
            Poll::Ready(output) => output,
            Poll::Pending => pending().await,
        }
    }

    /// Makes a call on a worker where nothing waits; `Pending` means that the transaction failed.
    pub(crate) fn alone<M: Method>(&self, worker: &Rc<Worker>, call: Call<M>, path: u64) -> Poll<M::Output> {
        let at = Location::of::<M::Entity>(&call.key, worker.peers);
        if worker.peers > 1 && !worker.may(&at, M::ACCESS) {
            self.doom(unplanned(&call, at.owner));
            return Poll::Pending;
        }
        self.enter(worker, at, call, path)
    }

    /// A local call that cannot have to wait.
    fn enter<M: Method>(
        &self,
        worker: &Rc<Worker>,
        at: Location,
        call: Call<M>,
        path: u64,
    ) -> Poll<M::Output> {
        if let Some(twice) = &worker.twice {
            twice.recorder.called(&call);
        }
        let done = if M::LEAF {
            worker.run_leaf(at, call, path).map(Poll::Ready)
        } else {
            let cx = worker.context::<M>(self.deeper(path, false), at, call.key);
            cx.map(|cx| self.ended::<M>(run_now::<M>(cx, call.args, path)))
        };
        let done = done.unwrap_or_else(|error| {
            self.doom(error);
            Poll::Pending
        });
        if let (Some(twice), Poll::Ready(output)) = (&worker.twice, &done) {
            twice.recorder.returned::<M>(output);
        }
        done
    }

    /// Makes a call in another group, by way of a worker there.
    async fn shipped<M: Method>(
        &self,
        worker: &Worker,
        to: usize,
        (kind, path): (CallKind, u64),
        call: Call<M>,
    ) -> M::Output {
        match worker.instances.ship(&call) {
            Ok(call) => {
                let number = worker.send(to, self.outgoing(kind, path, Cargo::Away(call)));
                self.returned::<M>(worker, number).await
            }
            Err(error) => match self.fail(error).await {},
        }
    }

    /// Waits for the result of a call that is made elsewhere, or as a task of its own.
    async fn returned<M: Method>(&self, worker: &Worker, number: u32) -> M::Output {
        let value = poll_fn(|_| worker.receive(number).map_or(Poll::Pending, Poll::Ready)).await;
        match value.and_then(Payload::output::<M>) {
            Ok(output) => output,
            Err(error) => match self.fail(error).await {},
        }
    }

    /// Waits until every one-way call made here has been carried out, so that what comes next comes after them
    /// everywhere.
    async fn acknowledged(&self, worker: &Rc<Worker>) {
        poll_fn(|_| {
            let running = &mut *worker.running.borrow_mut();
            if running.outstanding == 0 && running.failed.is_none() { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    /// Makes a call whose result is not wanted.
    ///
    /// One to another worker that makes no calls of its own goes one way: the caller goes on at once, and the
    /// transaction waits for the word that it was carried out before it ends, or before a call that could see it by
    /// another way. If it fails, the transaction fails as if nothing after it had been done.
    pub(crate) async fn send<M: Method>(&self, call: Call<M>) {
        match self.one_way(call) {
            Ok(()) => {}
            Err(call) => drop(self.perform(call).await),
        }
    }

    /// Makes a call in tail position: the caller need not wait for its effect.
    pub(crate) async fn last<M: Method>(&self, call: Call<M>) -> M::Output {
        // A result without content is known before it comes.
        let mut unit = Some(());
        let known = (&mut unit as &mut dyn Any).downcast_mut::<Option<M::Output>>().and_then(Option::take);
        let (Some(output), true) = (known, self.tail) else {
            return self.perform(call).await; // or a caller's code comes next, and that could do anything
        };
        match self.one_way(call) {
            Ok(()) => output,
            Err(call) => {
                let path = self.next();
                self.arrive(call, path, true).await
            }
        }
    }

    fn outgoing(&self, kind: CallKind, path: u64, call: Cargo) -> OutgoingCall {
        OutgoingCall { kind, depth: self.depth, path, one_way: self.one_way, call }
    }

    fn one_way<M: Method>(&self, call: Call<M>) -> Result<(), Call<M>> {
        let Mode::Partitioned(worker) = &self.mode else { return Err(call) };
        let owner = Location::of::<M::Entity>(&call.key, worker.peers).owner;
        // What has workers whole may have to demand what it calls there.
        let waits = M::SUSPENDS || worker.running.borrow().whole;
        if !self.one_way || waits || worker.has(owner) || self.depth >= MAX_DEPTH {
            return Err(call);
        }
        // What cannot be shipped fails where its result is waited for.
        let Ok(shipped) = worker.instances.ship(&call) else { return Err(call) };
        let outgoing = self.outgoing(CallKind::OneWay, self.next(), Cargo::Away(shipped));
        worker.send(worker.home_for(owner), outgoing);
        Ok(())
    }
}

/// Neither the arguments nor a scout have named the entity that is called.
pub(crate) fn unplanned<M: Method>(call: &Call<M>, worker: usize) -> Error {
    Error::Unplanned { entity: M::Entity::NAME, key: key_text(&call.key), method: M::NAME, worker }
}
