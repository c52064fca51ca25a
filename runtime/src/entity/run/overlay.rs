//! Plain maps: a world without workers, undo logs or messages, in which methods run one after the other.
//!
//! An entity's state is copied out when a method starts and after each call, and written back before each call and at the
//! end. The oracle runs here, and so do scouts and the runs that are compared with others; what is behind the maps differs.
use crate::base::ambient::{self, aside};
use crate::base::emitted::first_use;
use crate::base::error::Error;
use crate::base::guard::discard;
use crate::base::hash::key_hash;
use crate::base::indices::Indices;
use crate::base::location::Location;
use crate::base::text::key_text;
use crate::base::ticket::Ticket;
use crate::codec::decode;
use crate::entity::call::Call;
use crate::entity::inspect::Shown;
use crate::entity::names::Named;
use crate::entity::run::context::{MethodContext, Place, wrong_key};
use crate::entity::run::invoke::Invocation;
use crate::entity::run::outgoing::Demand;
use crate::entity::run::task::run_now;
use crate::entity::run::twice::{Ended, Record, Recorder, Written};
use crate::entity::run::twice::{Replica, sorted};
use crate::entity::run::worker::Worker;
use crate::entity::traits::{Entity, Method};
use crate::state::class::Class;
use crate::state::loan::Loans;
use crate::state::stored::Stored;
use std::any::{Any, TypeId};
use std::cell::RefCell;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;
use thalweg_graph::Access;

/// The plain maps, and why the running transaction failed.
///
/// With a worker behind them, they are what a scout sees: entities are copied from there when they are first looked
/// at, and nothing goes back.
#[derive(Default)]
pub(crate) struct Overlay {
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
    Class(Rc<Class<E>>),
    Replica(Rc<Replica>),
}

/// What a call needs before it can be made on plain maps.
pub(crate) enum Reach<'o> {
    Here,
    /// It goes to a worker of another group.
    Elsewhere(&'o Rc<Worker>, usize),
    /// A copy of the entity has to be demanded of a worker.
    Missing(&'o Rc<Worker>, usize, Demand),
}

pub(crate) struct OverlayMap<E: Entity> {
    now: RefCell<States<E>>,
    before: RefCell<States<E>>,
    behind: BehindMap<E>,
}

/// States by their keys; `None` for what has been removed. It is compiled for every entity of a user's, for which a map of
/// std's would be ten times as much code.
struct States<E: Entity> {
    all: Vec<(E::Key, Option<E>)>,
    by_hash: Indices,
}

impl<E: Entity> Default for States<E> {
    fn default() -> Self {
        Self { all: Vec::new(), by_hash: Indices::default() }
    }
}

impl<E: Entity> States<E> {
    fn find(&self, hash: u64, key: &E::Key) -> Option<usize> {
        self.by_hash.of(hash).find(|index| self.all[*index].0 == *key)
    }
    fn get(&self, key: &E::Key) -> Option<&Option<E>> {
        self.find(key_hash(key), key).map(|at| &self.all[at].1)
    }
    /// What stood there before.
    fn insert(&mut self, key: E::Key, state: Option<E>) -> Option<E> {
        let hash = key_hash(&key);
        if let Some(known) = self.find(hash, &key) {
            return std::mem::replace(&mut self.all[known].1, state);
        }
        self.by_hash.add(hash, self.all.len());
        self.all.push((key, state));
        None
    }
    fn iter(&self) -> impl Iterator<Item = &(E::Key, Option<E>)> {
        self.all.iter()
    }
}

impl<E: Entity> Clone for States<E> {
    fn clone(&self) -> Self {
        Self { all: self.all.clone(), by_hash: self.by_hash.clone() }
    }
}

impl<E: Entity> Drop for States<E> {
    fn drop(&mut self) {
        // One by one: what the drop of a state does is user code.
        for (key, state) in self.all.drain(..) {
            discard(key);
            discard(state);
        }
    }
}

trait AnyMap {
    fn as_any(self: Rc<Self>) -> Rc<dyn Any>;
    fn end(&self, commit: bool);
    fn inspect(&self) -> (Named, Vec<Shown>);
    /// What has been written to the copies of a class.
    fn written(&self) -> Vec<Written>;
}

impl<E: Entity> OverlayMap<E> {
    pub(crate) fn get(&self, key: &E::Key) -> Option<E> {
        if let Some(known) = self.now.borrow().get(key) {
            return aside(|| known.clone());
        }
        match &self.behind {
            BehindMap::Nothing => None,
            BehindMap::Class(class) => class.copy(key_hash(key), key),
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

impl<E: Entity> AnyMap for OverlayMap<E> {
    fn as_any(self: Rc<Self>) -> Rc<dyn Any> {
        self
    }
    fn end(&self, commit: bool) {
        let (from, to) = if commit { (&self.now, &self.before) } else { (&self.before, &self.now) };
        let states = from.borrow().clone();
        drop(to.replace(states));
    }
    fn written(&self) -> Vec<Written> {
        let BehindMap::Replica(replica) = &self.behind else { return Vec::new() };
        let now = self.now.borrow();
        let written = |(key, state): &(E::Key, Option<E>)| match state {
            Some(state) => Some(Written::new(state.key(), Some(state))),
            // What has come and gone was never there.
            None => replica.get::<E>(key).map(|(key, _)| Written::new::<E>(&key, None)),
        };
        now.iter().filter_map(written).collect()
    }
    fn inspect(&self) -> (Named, Vec<Shown>) {
        (
            Named::of::<E>(),
            self.now.borrow().iter().filter_map(|(_, state)| state.as_ref()).map(Shown::new).collect(),
        )
    }
}

impl Overlay {
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

    /// A transaction has ended.
    pub(crate) fn end(&self, commit: bool) {
        self.maps.borrow().values().for_each(|map| map.end(commit));
    }

    /// Every entity, by class.
    pub(crate) fn inspect(&self) -> Vec<(Named, Vec<Shown>)> {
        self.maps.borrow().values().map(|map| map.inspect()).collect()
    }

    fn map<E: Entity>(&self) -> Result<Rc<OverlayMap<E>>, Error> {
        let mut maps = self.maps.borrow_mut();
        let map = match maps.entry(TypeId::of::<E>()) {
            Entry::Occupied(known) => known.get().clone(),
            Entry::Vacant(vacant) => {
                let behind = match &self.behind {
                    Behind::Nothing => BehindMap::Nothing,
                    Behind::Worker(worker) => BehindMap::Class(worker.class::<E>()?),
                    Behind::Replica(replica, _) => {
                        replica.check::<E>()?;
                        BehindMap::Replica(replica.clone())
                    }
                };
                let map = OverlayMap::<E> { now: RefCell::default(), before: RefCell::default(), behind };
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

    /// What is needed before a call can be made here. If a scout makes it, the entity is now among those touched.
    pub(crate) fn reach<M: Method>(&self, call: &Call<M>) -> Reach<'_> {
        let Behind::Worker(worker) = &self.behind else { return Reach::Here };
        let at = Location::of::<M::Entity>(&call.key, worker.peers);
        let write = M::ACCESS != Access::Read || M::Entity::AUTO;
        self.touched.borrow_mut().push(Ticket::new(at, write));
        if !worker.has(at.owner) {
            return Reach::Elsewhere(worker, at.owner);
        }
        worker.missing(&at).map_or(Reach::Here, |demand| Reach::Missing(worker, at.owner, demand))
    }

    /// Takes the copies that a scout has demanded.
    pub(crate) fn adopt<E: Entity>(&self, copies: Loans) -> Result<(), Error> {
        let map = self.map::<E>()?;
        for state in copies.into_iter().filter_map(|copy| copy.state) {
            let Some(state) = Arc::into_inner(E::from_lendable(state)) else {
                unreachable!("a copy is in no other hands")
            };
            map.put(state);
        }
        Ok(())
    }

    /// What a scout has touched since the last time.
    pub(crate) fn touched(&self) -> Vec<Ticket> {
        self.touched.take()
    }

    pub(crate) fn context<E: Entity>(
        &self,
        invocation: Invocation,
        key: E::Key,
    ) -> Result<MethodContext<E>, Error> {
        let map = self.map::<E>()?;
        if !map.has(&key) {
            match ambient::within(first_use(invocation.path()), || E::auto(&key)) {
                Some(fresh) if fresh.key() == &key => map.put(fresh),
                Some(fresh) => return Err(wrong_key(&key, &fresh)),
                None => return Err(Error::Missing { entity: E::NAME, key: key_text(&key) }),
            }
        }
        Ok(MethodContext { invocation, place: Place::Map { map, key } })
    }

    pub(crate) fn enter<M: Method>(
        self: &Rc<Self>,
        invocation: &Invocation,
        call: Call<M>,
        path: u64,
    ) -> Poll<M::Output> {
        let recorder = if let Behind::Replica(_, recorder) = &self.behind { Some(recorder) } else { None };
        if let Some(recorder) = recorder {
            recorder.called(&call);
        }
        let deeper = invocation.deeper(path, false);
        let cx = if M::ABSENT_OK {
            self.map()
                .map(|map| MethodContext { invocation: deeper, place: Place::Map { map, key: call.key } })
        } else {
            self.context(deeper, call.key)
        };
        let done = match cx {
            Ok(cx) => invocation.ended::<M>(run_now::<M>(cx, call.args, path)),
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
