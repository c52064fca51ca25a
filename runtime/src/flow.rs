//! How a method makes its calls: most never leave the worker, and are made on the caller's stack.
use crate::ambient::{self, Activation, way};
use crate::call::Call;
use crate::entity::Method;
use crate::error::Result;
use crate::message::CallKind;
use crate::oracle::Plain;
use crate::place::Location;
use crate::state::key_text;
use crate::task::{Frame, caught, run_now};
use crate::worker::Worker;
use crate::{Entity, Error, MAX_DEPTH};
use std::any::Any;
use std::cell::Cell;
use std::convert::Infallible;
use std::future::{Future, pending, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;
use thalweg_graph::Access;

/// Where methods run.
#[derive(Clone)]
pub(crate) enum World {
    /// On a worker that owns everything they touch: nothing ever waits.
    Alone(Rc<Worker>),
    /// On one of several workers.
    Worker(Rc<Worker>),
    /// On plain maps: the oracle's, or those of a scout.
    Plain(Rc<Plain>),
    Nowhere,
}

/// The thread of calls a method belongs to.
pub struct Flow {
    world: World,
    depth: u32,
    /// The way of calls that led here.
    path: u64,
    /// How many calls it has made.
    calls: Cell<u64>,
}

/// A part of a join, for what it may meet.
pub struct Branch {
    method: usize,
    /// The entity and whether it is written, when the call touches nothing else.
    alone: Option<(u64, bool)>,
}

impl Flow {
    pub(crate) fn new(world: World) -> Self {
        Self { world, depth: 0, path: 0, calls: Cell::new(0) }
    }
    pub(crate) fn at(world: World, depth: u32) -> Self {
        Self { depth, ..Self::new(world) }
    }

    /// The way to the next call.
    pub(crate) fn next(&self) -> u64 {
        self.calls.set(self.calls.get() + 1);
        way(self.path, self.calls.get())
    }

    /// The flow of the method that `path` leads to.
    pub(crate) fn deeper(&self, path: u64) -> Self {
        Self { world: self.world.clone(), depth: self.depth + 1, path, calls: Cell::new(0) }
    }

    /// The flow of a part of a join. It is made before any part runs, so that what a part draws does not depend on
    /// the others.
    pub(crate) fn branch(&self) -> Self {
        Self { world: self.world.clone(), depth: self.depth, path: self.next(), calls: Cell::new(0) }
    }

    /// The transaction cannot go on; nor does the method that says so.
    pub(crate) async fn fail(&self, error: Error) -> Infallible {
        self.doom(error);
        pending().await
    }

    fn doom(&self, error: Error) {
        match &self.world {
            World::Alone(worker) | World::Worker(worker) => worker.doom(error),
            World::Plain(plain) => plain.doom(error),
            World::Nowhere => {}
        }
    }

    /// Makes a call.
    pub(crate) async fn perform<M: Method>(&self, call: Call<M>) -> M::Output {
        let path = self.next();
        self.arrive(call, path).await
    }

    /// Makes a call that `path` leads to.
    pub(crate) async fn arrive<M: Method>(&self, call: Call<M>, path: u64) -> M::Output {
        if self.depth >= MAX_DEPTH {
            match self.fail(Error::TooDeep { limit: MAX_DEPTH }).await {}
        }
        let done = match &self.world {
            World::Alone(worker) => self.alone(worker, call, path),
            World::Worker(worker) => {
                let at = Location::of::<M::Entity>(&call.key, worker.peers);
                if at.owner != worker.index {
                    if M::SUSPENDS {
                        self.acknowledged(worker).await;
                    }
                    let number = worker.send(at.owner, CallKind::Await, self.depth, path, Box::new(call));
                    return self.returned::<M>(worker, number).await;
                }
                if !worker.may(at.lock, M::ACCESS) {
                    match self.fail(unplanned(&call, at.owner)).await {}
                }
                if M::SUSPENDS {
                    match worker.context::<M>(self.deeper(path), at, call.key) {
                        Ok(cx) => return Frame::new(M::run(cx, Some(call.args)), path).await,
                        Err(error) => match self.fail(error).await {},
                    }
                }
                self.enter(worker, at, call, path)
            }
            World::Plain(plain) => {
                if let Some((worker, owner)) = plain.elsewhere::<M>(&call) {
                    let number = worker.send(owner, CallKind::Scout, self.depth, path, Box::new(call));
                    return self.returned::<M>(&worker, number).await;
                }
                if plain.is_scout() && M::SUSPENDS {
                    match plain.context(self.deeper(path), call.key) {
                        Ok(cx) => return Frame::new(M::run(cx, Some(call.args)), path).await,
                        Err(error) => match self.fail(error).await {},
                    }
                }
                plain.enter(self, call, path)
            }
            World::Nowhere => Poll::Pending,
        };
        match done {
            Poll::Ready(output) => output,
            Poll::Pending => pending().await,
        }
    }

    /// Makes a call on a worker where nothing waits; `Pending` means that the transaction failed.
    pub(crate) fn alone<M: Method>(&self, worker: &Rc<Worker>, call: Call<M>, path: u64) -> Poll<M::Output> {
        let at = Location::of::<M::Entity>(&call.key, worker.peers);
        if worker.peers > 1 && (at.owner != worker.index || !worker.may(at.lock, M::ACCESS)) {
            self.doom(unplanned(&call, at.owner));
            return Poll::Pending;
        }
        self.enter(worker, at, call, path)
    }

    /// The frame of a root, on the worker that owns its entity.
    pub(crate) fn frame<M: Method>(&self, call: Call<M>) -> Result<Frame<M::Output>> {
        let World::Worker(worker) = &self.world else { return Err(Error::Stopped) };
        let at = Location::of::<M::Entity>(&call.key, worker.peers);
        if !worker.may(at.lock, M::ACCESS) {
            return Err(unplanned(&call, at.owner));
        }
        let path = self.next();
        let cx = worker.context::<M>(self.deeper(path), at, call.key)?;
        Ok(Frame::new(M::run(cx, Some(call.args)), path))
    }

    /// A local call that cannot have to wait.
    fn enter<M: Method>(
        &self,
        worker: &Rc<Worker>,
        at: Location,
        call: Call<M>,
        path: u64,
    ) -> Poll<M::Output> {
        match worker.context::<M>(self.deeper(path), at, call.key) {
            Ok(cx) => {
                let outer = ambient::enter(Activation::new(path));
                let done = run_now::<M>(cx, call.args);
                ambient::enter(outer);
                done
            }
            Err(error) => {
                self.doom(error);
                Poll::Pending
            }
        }
    }

    /// Waits for the result of a call to another worker.
    async fn returned<M: Method>(&self, worker: &Rc<Worker>, number: u32) -> M::Output {
        let value = poll_fn(|_| worker.receive(number).map_or(Poll::Pending, Poll::Ready)).await;
        match value {
            Ok(value) => match value.downcast::<M::Output>() {
                Ok(output) => *output,
                Err(_) => unreachable!("a return has the type of its call"),
            },
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

    /// Makes a call after which the method does nothing that could tell whether it was carried out.
    pub(crate) async fn last<M: Method>(&self, call: Call<M>) -> M::Output {
        // A result without content is known before it comes.
        let mut unit: Box<dyn Any> = Box::new(Some(()));
        let Some(output) = unit.downcast_mut::<Option<M::Output>>() else { return self.perform(call).await };
        match (self.one_way(call), output.take()) {
            (Ok(()), Some(output)) => output,
            (Ok(()), None) => unreachable!("the option has just been filled"),
            (Err(call), _) => self.perform(call).await,
        }
    }

    fn one_way<M: Method>(&self, call: Call<M>) -> Result<(), Call<M>> {
        let World::Worker(worker) = &self.world else { return Err(call) };
        let owner = Location::of::<M::Entity>(&call.key, worker.peers).owner;
        if M::SUSPENDS || owner == worker.index || self.depth >= MAX_DEPTH {
            return Err(call);
        }
        worker.send(owner, CallKind::OneWay, self.depth, self.next(), Box::new(call));
        Ok(())
    }

    /// What a call may meet as a part of a join.
    pub(crate) fn part<M: Method>(&self, call: &Call<M>) -> Option<Branch> {
        let World::Worker(worker) = &self.world else { return None };
        let at = Location::of::<M::Entity>(&call.key, worker.peers);
        let write = M::ACCESS != Access::Read || M::Entity::AUTO;
        let alone = (!M::SUSPENDS).then_some((at.lock, write));
        Some(Branch { method: worker.methods.place::<M>(), alone })
    }

    /// Whether no two of these parts can meet on an entity that one of them writes.
    pub(crate) fn apart(&self, mut parts: Vec<Branch>) -> bool {
        let World::Worker(worker) = &self.world else { return false };
        if parts.iter().all(|part| part.alone.is_some()) {
            parts.sort_unstable_by_key(|part| part.alone);
            let meet = |a: &Branch, b: &Branch| {
                a.alone.zip(b.alone).is_some_and(|(a, b)| a.0 == b.0 && (a.1 || b.1))
            };
            return !parts.windows(2).any(|pair| meet(&pair[0], &pair[1]));
        }
        let mut kinds: Vec<(usize, bool)> = parts.iter().map(|part| (part.method, false)).collect();
        kinds.sort_unstable();
        kinds.dedup_by(|a, b| {
            b.1 |= a.0 == b.0; // more than one of this kind
            a.0 == b.0
        });
        let meets = |(at, (a, twice)): (usize, &(usize, bool))| {
            (*twice && worker.methods.may_meet(*a, *a))
                || kinds[at + 1..].iter().any(|(b, _)| worker.methods.may_meet(*a, *b))
        };
        !kinds.iter().enumerate().any(meets)
    }

    /// Runs the parts of a join side by side. If some fail, the first of them in the order of the program is why.
    pub(crate) async fn side_by_side(&self, parts: Vec<Pin<Box<dyn Future<Output = ()> + '_>>>) {
        enum Part<'a> {
            Runs(Pin<Box<dyn Future<Output = ()> + 'a>>),
            Done,
            Failed(Option<Error>),
        }
        let World::Worker(worker) = &self.world else { return };
        let mut parts: Vec<Part<'_>> = parts.into_iter().map(Part::Runs).collect();
        poll_fn(|cx| {
            for part in &mut parts {
                let Part::Runs(future) = part else { continue };
                let polled = caught(|| future.as_mut().poll(cx));
                match (worker.take_doom(), polled) {
                    (Some(error), _) | (None, Err(error)) => *part = Part::Failed(Some(error)),
                    (None, Ok(Poll::Ready(()))) => *part = Part::Done,
                    (None, Ok(Poll::Pending)) => {}
                }
            }
            match parts.iter_mut().find(|part| !matches!(part, Part::Done)) {
                None => Poll::Ready(()),
                Some(Part::Failed(error)) => {
                    error.take().into_iter().for_each(|error| worker.doom(error));
                    Poll::Pending
                }
                Some(_) => Poll::Pending,
            }
        })
        .await;
    }
}

/// Neither the arguments nor a scout have named the entity that is called.
pub(crate) fn unplanned<M: Method>(call: &Call<M>, worker: usize) -> Error {
    Error::Unplanned { entity: M::Entity::NAME, key: key_text(&call.key), method: M::NAME, worker }
}
