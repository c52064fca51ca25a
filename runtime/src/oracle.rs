//! The oracle: transactions one at a time on plain maps, without workers, undo logs or messages.
//!
//! It runs the same methods with another world behind them: an entity's state is copied out when a method starts
//! and after each call, and written back before each call and at the end. What it says is what the runtime has to
//! say, byte for byte.
use crate::Error;
use crate::ambient::{self, Ambient, TransactionId, aside, first_use};
use crate::call::Call;
use crate::codec::decode;
use crate::cx::{Cx, Place, wrong_key};
use crate::entity::{Entity, Method, Methods};
use crate::flow::{Flow, World};
use crate::guard::{caught, discard};
use crate::inspect::{self, Shown};
use crate::names::{self, Named};
use crate::place::Location;
use crate::plan::Ticket;
use crate::program::Explorer;
use crate::state::{Class, key_text};
use crate::task::{self, run_now, with_stack};
use crate::thread::{STACK, as_worker};
use crate::twice::{Ended, Record, Recorder, Replica, Written, sorted};
use crate::worker::Worker;
use std::any::{Any, TypeId};
use std::cell::RefCell;
use std::collections::hash_map::Entry;
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
    known: Explorer,
}

/// The plain maps, and why the running transaction failed.
///
/// With a worker behind them, they are what a scout sees: entities are copied from there when they are first looked
/// at, and nothing goes back.
#[derive(Default)]
pub(crate) struct Plain {
    maps: RefCell<HashMap<TypeId, Rc<dyn AnyMap>>>,
    doom: RefCell<Option<Error>>,
    behind: Behind,
    touched: RefCell<Vec<Ticket>>,
}

/// Where entities come from that have not been looked at.
#[derive(Default)]
enum Behind {
    /// There are no others: the oracle's own maps.
    #[default]
    Nothing,
    /// From a worker: a scout's.
    Worker(Rc<Worker>),
    /// From bytes: those of a run that is compared with others.
    Replica(Rc<Replica>, Recorder),
}

/// The same, for one class.
enum BehindMap<E: Entity> {
    Nothing,
    Class(Rc<Class<E>>, usize),
    Replica(Rc<Replica>),
}

pub(crate) struct PlainMap<E: Entity> {
    /// `None` for what has been removed.
    now: RefCell<BTreeMap<E::Key, Option<E>>>,
    before: RefCell<BTreeMap<E::Key, Option<E>>>,
    behind: BehindMap<E>,
}

trait AnyMap {
    fn as_any(self: Rc<Self>) -> Rc<dyn Any>;
    fn end(&self, commit: bool);
    fn inspect(&self) -> (Named, Vec<Shown>);
    /// What has been written to the copies of a class.
    fn written(&self) -> Vec<Written>;
}

impl<E: Entity> PlainMap<E> {
    pub(crate) fn get(&self, key: &E::Key) -> Option<E> {
        if let Some(known) = self.now.borrow().get(key) {
            return aside(|| known.clone());
        }
        match &self.behind {
            BehindMap::Nothing => None,
            BehindMap::Class(class, peers) => class.copy(Location::of::<E>(key, *peers).hash, key),
            BehindMap::Replica(replica) => {
                // It has been tried before: see `Touched`.
                let read =
                    |bytes: &[u8]| decode(bytes).unwrap_or_else(|error| panic!("{}: {error}", E::NAME));
                replica.get::<E>(key).map(|(_, bytes)| aside(|| read(&bytes)))
            }
        }
    }
    /// Whether this is one of several runs that are compared.
    pub(crate) fn is_shadow(&self) -> bool {
        matches!(self.behind, BehindMap::Replica(_))
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
    fn written(&self) -> Vec<Written> {
        let BehindMap::Replica(replica) = &self.behind else { return Vec::new() };
        let now = self.now.borrow();
        let written = |(key, state): (&E::Key, &Option<E>)| match state {
            Some(state) => Some(Written::new(state.key(), Some(state))),
            // What has come and gone was never there.
            None => replica.get::<E>(key).map(|(key, _)| Written::new::<E>(&key, None)),
        };
        now.iter().filter_map(written).collect()
    }
    fn inspect(&self) -> (Named, Vec<Shown>) {
        (Named::of::<E>(), self.now.borrow().values().flatten().map(Shown::new).collect())
    }
}

impl Plain {
    /// What a scout sees of a worker.
    pub(crate) fn before(worker: &Rc<Worker>) -> Rc<Self> {
        Rc::new(Self { behind: Behind::Worker(worker.clone()), ..Self::default() })
    }

    /// For one of several runs that are compared.
    pub(crate) fn shadow(replica: Rc<Replica>) -> Rc<Self> {
        Rc::new(Self { behind: Behind::Replica(replica, Recorder::default()), ..Self::default() })
    }

    pub(crate) fn is_scout(&self) -> bool {
        matches!(self.behind, Behind::Worker(_))
    }

    /// Something is wrong with the running method, whatever other runs do.
    pub(crate) fn fault(&self, what: String) {
        if let Behind::Replica(_, recorder) = &self.behind {
            recorder.fault(what);
        }
    }

    pub(crate) fn take_doom(&self) -> Option<Error> {
        self.doom.borrow_mut().take()
    }

    /// All that has been done here.
    pub(crate) fn recorded(&self, ended: Ended) -> Record {
        let none = Recorder::default();
        let recorder = if let Behind::Replica(_, recorder) = &self.behind { recorder } else { &none };
        let written = self.maps.borrow().values().flat_map(|map| map.written()).collect();
        recorder.take(ended, sorted(written))
    }

    fn map<E: Entity>(&self) -> Result<Rc<PlainMap<E>>, Error> {
        let mut maps = self.maps.borrow_mut();
        let map = match maps.entry(TypeId::of::<E>()) {
            Entry::Occupied(known) => known.get().clone(),
            Entry::Vacant(vacant) => {
                let behind = match &self.behind {
                    Behind::Nothing => BehindMap::Nothing,
                    Behind::Worker(worker) => BehindMap::Class(worker.class::<E>()?, worker.peers),
                    Behind::Replica(replica, _) => {
                        replica.check::<E>()?;
                        BehindMap::Replica(replica.clone())
                    }
                };
                let map = PlainMap::<E> { now: RefCell::default(), before: RefCell::default(), behind };
                vacant.insert(Rc::new(map)).clone()
            }
        };
        Ok(map.as_any().downcast().unwrap_or_else(|_| unreachable!("a map stands under its own type")))
    }

    pub(crate) fn doom(&self, error: Error) {
        match &self.behind {
            Behind::Worker(worker) => worker.doom(error),
            Behind::Nothing | Behind::Replica(..) => drop(self.doom.borrow_mut().get_or_insert(error)),
        }
    }

    pub(crate) fn is_doomed(&self) -> bool {
        match &self.behind {
            Behind::Worker(worker) => worker.is_doomed(),
            Behind::Nothing | Behind::Replica(..) => self.doom.borrow().is_some(),
        }
    }

    /// The worker and owner of a scout's call, if it is not for here. Either way the entity is now among those touched.
    pub(crate) fn elsewhere<M: Method>(&self, call: &Call<M>) -> Option<(Rc<Worker>, usize)> {
        let Behind::Worker(worker) = &self.behind else { return None };
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
        let map = self.map::<E>()?;
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
        let recorder = if let Behind::Replica(_, recorder) = &self.behind { Some(recorder) } else { None };
        if let Some(recorder) = recorder {
            recorder.called(&call);
        }
        let deeper = flow.deeper(path, false);
        let cx = if M::ABSENT_OK {
            self.map().map(|map| Cx { flow: deeper, place: Place::Map { map, key: call.key } })
        } else {
            self.context(deeper, call.key)
        };
        let done = match cx {
            Ok(cx) => flow.ended::<M>(run_now::<M>(cx, call.args, path)),
            Err(error) => {
                self.doom(error);
                Poll::Pending
            }
        };
        if let (Some(recorder), Poll::Ready(output)) = (recorder, &done) {
            recorder.returned::<M>(output);
        }
        done
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
        Self { plain: Rc::default(), seed: 0, clock: || 0, now: 0, number: 0, known: Explorer::default() }
    }
    /// Tells of a class, and of those that it can reach. It matters to names alone: where two classes of an app have one
    /// name, it shows them by their paths, and the oracle has to know of both.
    pub fn entity<E: Methods>(mut self) -> Self {
        self.known.visit_entity::<E>();
        // What is wrong with the classes is what `App::start` says.
        let _ = self.known.explore();
        self
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
        ambient::set(Some(Ambient { id, now: self.now, seed: self.seed, ..Ambient::default() }));
        let flow = Flow::new(World::Plain(self.plain.clone()));
        let enter = || self.plain.enter(&flow, call, flow.next());
        let outcome = caught(|| as_worker(STACK, || with_stack(0, enter)));
        let result = task::outcome(self.plain.take_doom(), outcome);
        let commit = result.as_ref().is_ok_and(|output| !M::is_err(output));
        self.plain.maps.borrow().values().for_each(|map| map.end(commit));
        ambient::set(None);
        result
    }

    /// The whole state, as [`crate::Handle::inspect`] shows it.
    pub fn inspect(&self) -> serde_json::Value {
        let maps = self.plain.maps.borrow();
        let (touched, entities): (Vec<Named>, Vec<Vec<Shown>>) =
            maps.values().map(|map| map.inspect()).unzip();
        let mut all = touched.clone();
        all.extend(self.known.named().filter(|known| !touched.iter().any(|named| named.is(known))).cloned());
        let names = names::shown(&all);
        let name = |named: &Named| names.get(&named.class()).cloned().unwrap_or_default();
        inspect::whole([touched.iter().map(name).zip(entities).collect()].into_iter())
    }
}
