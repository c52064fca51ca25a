//! The oracle: transactions one at a time on plain maps, without workers, undo logs or messages.
//!
//! It runs the same methods with another world behind them: an entity's state is copied out when a method starts
//! and after each call, and written back before each call and at the end. What it says is what the runtime has to
//! say, byte for byte.
use crate::Error;
use crate::ambient::{self, Ambient, TransactionId};
use crate::call::Call;
use crate::cx::{Cx, Place, wrong_key};
use crate::entity::{Entity, Method};
use crate::state::{key_text, state_json};
use crate::worker::{Flow, World, caught, run_now};
use std::any::{Any, TypeId};
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;
use std::task::Poll;

/// Runs calls one after the other, each as a transaction.
pub struct Oracle {
    plain: Rc<Plain>,
    seed: u64,
    clock: fn() -> u64,
    number: u64,
}

/// The plain maps, and why the running transaction failed.
#[derive(Default)]
pub(crate) struct Plain {
    maps: RefCell<HashMap<TypeId, Rc<dyn AnyMap>>>,
    doom: RefCell<Option<Error>>,
}

pub(crate) struct PlainMap<E: Entity> {
    now: RefCell<BTreeMap<E::Key, E>>,
    before: RefCell<BTreeMap<E::Key, E>>,
}

trait AnyMap {
    fn as_any(self: Rc<Self>) -> Rc<dyn Any>;
    fn end(&self, commit: bool);
    fn inspect(&self) -> (String, serde_json::Value);
}

impl<E: Entity> PlainMap<E> {
    pub(crate) fn get(&self, key: &E::Key) -> Option<E> {
        self.now.borrow().get(key).cloned()
    }
    pub(crate) fn put(&self, entity: E) {
        self.now.borrow_mut().insert(entity.key().clone(), entity);
    }
    pub(crate) fn remove(&self, key: &E::Key) -> bool {
        self.now.borrow_mut().remove(key).is_some()
    }
}

impl<E: Entity> AnyMap for PlainMap<E> {
    fn as_any(self: Rc<Self>) -> Rc<dyn Any> {
        self
    }
    fn end(&self, commit: bool) {
        let (mut now, mut before) = (self.now.borrow_mut(), self.before.borrow_mut());
        if commit {
            before.clone_from(&now);
        } else {
            now.clone_from(&before);
        }
    }
    fn inspect(&self) -> (String, serde_json::Value) {
        let now = self.now.borrow();
        let states = now.values().map(|state| (key_text(state.key()), state_json(state)));
        (E::NAME.to_owned(), states.collect::<BTreeMap<_, _>>().into_iter().collect())
    }
}

impl Plain {
    fn map<E: Entity>(&self) -> Rc<PlainMap<E>> {
        let mut maps = self.maps.borrow_mut();
        let fresh = || Rc::new(PlainMap::<E> { now: RefCell::default(), before: RefCell::default() });
        let map = maps.entry(TypeId::of::<E>()).or_insert_with(|| fresh()).clone();
        map.as_any().downcast().unwrap_or_else(|_| unreachable!("a map stands under its own type"))
    }

    pub(crate) fn doom(&self, error: Error) {
        self.doom.borrow_mut().get_or_insert(error);
    }

    pub(crate) fn enter<M: Method>(self: &Rc<Self>, flow: &Flow, call: Call<M>) -> Poll<M::Output> {
        let map = self.map::<M::Entity>();
        if !M::ABSENT_OK && map.get(&call.key).is_none() {
            match M::Entity::auto(&call.key) {
                Some(fresh) if fresh.key() == &call.key => map.put(fresh),
                Some(fresh) => {
                    self.doom(wrong_key(&call.key, &fresh));
                    return Poll::Pending;
                }
                None => {
                    self.doom(Error::Missing { entity: M::Entity::NAME, key: key_text(&call.key) });
                    return Poll::Pending;
                }
            }
        }
        let cx = Cx { flow: flow.deeper(), place: Place::Map { map, key: call.key } };
        run_now::<M>(cx, call.args)
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
        Self { plain: Rc::default(), seed: 0, clock: || 0, number: 0 }
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
        ambient::set(Some(Ambient { id, now: (self.clock)(), seed: self.seed, draws: 0 }));
        let flow = Flow::new(World::Oracle(self.plain.clone()));
        let outcome = caught(|| self.plain.enter(&flow, call));
        ambient::set(None);
        let doom = self.plain.doom.borrow_mut().take();
        let result = match (doom, outcome) {
            (Some(error), _) | (None, Err(error)) => Err(error),
            (None, Ok(Poll::Ready(output))) => Ok(output),
            (None, Ok(Poll::Pending)) => Err(Error::Stopped),
        };
        let commit = result.as_ref().is_ok_and(|output| !M::is_err(output));
        self.plain.maps.borrow().values().for_each(|map| map.end(commit));
        result
    }

    /// The whole state: entity, key, fields; sorted.
    pub fn inspect(&self) -> serde_json::Value {
        let maps = self.plain.maps.borrow();
        let states: BTreeMap<_, _> = maps.values().map(|map| map.inspect()).collect();
        states.into_iter().filter(|(_, map)| map.as_object().is_some_and(|map| !map.is_empty())).collect()
    }
}
