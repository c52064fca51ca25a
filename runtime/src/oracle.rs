//! The oracle: transactions one at a time on plain maps, without workers, undo logs or messages.
//!
//! It runs the same methods with another world behind them: an entity's state is copied out when a method starts
//! and after each call, and written back before each call and at the end. What it says is what the runtime has to
//! say, byte for byte.
use crate::Error;
use crate::ambient::{self, Ambient, TransactionId, aside, first_use};
use crate::call::Call;
use crate::cx::{Cx, Place, wrong_key};
use crate::entity::{Entity, Method};
use crate::flow::{Flow, World};
use crate::guard::{caught, discard};
use crate::place::Location;
use crate::plan::Ticket;
use crate::state::{Class, key_text, state_json};
use crate::task::{run_now, with_stack};
use crate::thread::{STACK, as_worker};
use crate::worker::Worker;
use std::any::{Any, TypeId};
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;
use std::task::Poll;
use thalweg_graph::Access;

/// Runs calls one after the other, each as a transaction.
pub struct Oracle {
    plain: Rc<Plain>,
    seed: u64,
    clock: fn() -> u64,
    /// The time of the last transaction: none is before it, as in the engine.
    now: u64,
    number: u64,
}

/// The plain maps, and why the running transaction failed.
///
/// With a worker behind them, they are what a scout sees: entities are copied from there when they are first looked
/// at, and nothing goes back.
#[derive(Default)]
pub(crate) struct Plain {
    maps: RefCell<HashMap<TypeId, Rc<dyn AnyMap>>>,
    doom: RefCell<Option<Error>>,
    behind: Option<Rc<Worker>>,
    touched: RefCell<Vec<Ticket>>,
}

pub(crate) struct PlainMap<E: Entity> {
    /// `None` for what has been removed.
    now: RefCell<BTreeMap<E::Key, Option<E>>>,
    before: RefCell<BTreeMap<E::Key, Option<E>>>,
    behind: Option<(Rc<Class<E>>, usize)>,
}

trait AnyMap {
    fn as_any(self: Rc<Self>) -> Rc<dyn Any>;
    fn end(&self, commit: bool);
    fn inspect(&self) -> (String, serde_json::Value);
}

impl<E: Entity> PlainMap<E> {
    pub(crate) fn get(&self, key: &E::Key) -> Option<E> {
        if let Some(known) = self.now.borrow().get(key) {
            return aside(|| known.clone());
        }
        let (class, peers) = self.behind.as_ref()?;
        class.copy(Location::of::<E>(key, *peers).hash, key)
    }
    /// Whether it is there.
    fn has(&self, key: &E::Key) -> bool {
        let state = self.get(key);
        let known = state.is_some();
        discard(state);
        known
    }
    pub(crate) fn put(&self, entity: E) {
        let key = entity.key().clone();
        let before = self.now.borrow_mut().insert(key, Some(entity));
        discard(before);
    }
    pub(crate) fn remove(&self, key: &E::Key) -> bool {
        let known = self.has(key);
        let before = self.now.borrow_mut().insert(key.clone(), None);
        discard(before);
        known
    }
}

impl<E: Entity> Drop for PlainMap<E> {
    fn drop(&mut self) {
        forget(self.now.take());
        forget(self.before.take());
    }
}

/// Drops states one by one, which is user code.
fn forget<K, E>(states: BTreeMap<K, Option<E>>) {
    for (key, state) in states {
        discard(key);
        discard(state);
    }
}

impl<E: Entity> AnyMap for PlainMap<E> {
    fn as_any(self: Rc<Self>) -> Rc<dyn Any> {
        self
    }
    fn end(&self, commit: bool) {
        let (from, to) = if commit { (&self.now, &self.before) } else { (&self.before, &self.now) };
        let states = from.borrow().clone();
        forget(to.replace(states));
    }
    fn inspect(&self) -> (String, serde_json::Value) {
        let now = self.now.borrow();
        let states = now.values().flatten().map(|state| (key_text(state.key()), state_json(state)));
        (E::NAME.to_owned(), states.collect::<BTreeMap<_, _>>().into_iter().collect())
    }
}

impl Plain {
    /// What a scout sees of a worker.
    pub(crate) fn before(worker: &Rc<Worker>) -> Rc<Self> {
        Rc::new(Self { behind: Some(worker.clone()), ..Self::default() })
    }

    pub(crate) fn is_scout(&self) -> bool {
        self.behind.is_some()
    }

    fn map<E: Entity>(&self) -> Rc<PlainMap<E>> {
        let mut maps = self.maps.borrow_mut();
        let behind = || self.behind.as_ref().map(|worker| (worker.class::<E>(), worker.peers));
        let fresh = || {
            Rc::new(PlainMap::<E> { now: RefCell::default(), before: RefCell::default(), behind: behind() })
        };
        let map = maps.entry(TypeId::of::<E>()).or_insert_with(|| fresh()).clone();
        map.as_any().downcast().unwrap_or_else(|_| unreachable!("a map stands under its own type"))
    }

    pub(crate) fn doom(&self, error: Error) {
        match &self.behind {
            Some(worker) => worker.doom(error),
            None => drop(self.doom.borrow_mut().get_or_insert(error)),
        }
    }

    /// The worker and owner of a scout's call, if it is not for here. Either way the entity is now among those touched.
    pub(crate) fn elsewhere<M: Method>(&self, call: &Call<M>) -> Option<(Rc<Worker>, usize)> {
        let worker = self.behind.as_ref()?;
        let at = Location::of::<M::Entity>(&call.key, worker.peers);
        let write = M::ACCESS != Access::Read || M::Entity::AUTO;
        self.touched.borrow_mut().push(Ticket::new(at, write));
        (at.owner != worker.index).then(|| (worker.clone(), at.owner))
    }

    /// What a scout has touched since the last time.
    pub(crate) fn touched(&self) -> Vec<Ticket> {
        self.touched.take()
    }

    pub(crate) fn context<E: Entity>(&self, flow: Flow, key: E::Key) -> Result<Cx<E>, Error> {
        let map = self.map::<E>();
        if !map.has(&key) {
            match ambient::within(first_use(flow.path()), || E::auto(&key)) {
                Some(fresh) if fresh.key() == &key => map.put(fresh),
                Some(fresh) => return Err(wrong_key(&key, &fresh)),
                None => return Err(Error::Missing { entity: E::NAME, key: key_text(&key) }),
            }
        }
        Ok(Cx { flow, place: Place::Map { map, key } })
    }

    pub(crate) fn enter<M: Method>(
        self: &Rc<Self>,
        flow: &Flow,
        call: Call<M>,
        path: u64,
    ) -> Poll<M::Output> {
        let deeper = flow.deeper(path, false);
        let cx = if M::ABSENT_OK {
            Ok(Cx { flow: deeper, place: Place::Map { map: self.map(), key: call.key } })
        } else {
            self.context(deeper, call.key)
        };
        match cx {
            Ok(cx) => run_now::<M>(cx, call.args, path),
            Err(error) => {
                self.doom(error);
                Poll::Pending
            }
        }
    }
}

impl Default for Oracle {
    fn default() -> Self {
        Self::new()
    }
}

impl Oracle {
    /// An oracle without entities, with seed 0 and a clock that stands at 0.
    pub fn new() -> Self {
        Self { plain: Rc::default(), seed: 0, clock: || 0, now: 0, number: 0 }
    }
    /// The seed of [`crate::random`].
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }
    /// The clock behind [`crate::now`], in microseconds.
    pub fn clock(mut self, clock: fn() -> u64) -> Self {
        self.clock = clock;
        self
    }

    /// Runs one transaction.
    ///
    /// # Errors
    /// As the runtime: see [`Error`].
    pub fn call<M: Method>(&mut self, call: Call<M>) -> Result<M::Output, Error> {
        let id = TransactionId { handle: 0, number: self.number };
        self.number += 1;
        self.now = self.now.max((self.clock)());
        ambient::set(Some(Ambient { id, now: self.now, seed: self.seed }));
        let flow = Flow::new(World::Plain(self.plain.clone()));
        let enter = || self.plain.enter(&flow, call, flow.next());
        let outcome = caught(|| as_worker(STACK, || with_stack(0, enter)));
        let doom = self.plain.doom.borrow_mut().take();
        let result = match (doom, outcome) {
            (Some(error), _) | (None, Err(error)) => Err(error),
            (None, Ok(Poll::Ready(output))) => Ok(output),
            (None, Ok(Poll::Pending)) => Err(Error::internal("a method stopped, and nothing says why")),
        };
        let commit = result.as_ref().is_ok_and(|output| !M::is_err(output));
        self.plain.maps.borrow().values().for_each(|map| map.end(commit));
        ambient::set(None);
        result
    }

    /// The whole state: entity, key, fields; sorted.
    pub fn inspect(&self) -> serde_json::Value {
        let maps = self.plain.maps.borrow();
        let states: BTreeMap<_, _> = maps.values().map(|map| map.inspect()).collect();
        states.into_iter().filter(|(_, map)| map.as_object().is_some_and(|map| !map.is_empty())).collect()
    }
}
