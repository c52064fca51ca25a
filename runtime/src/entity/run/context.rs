//! What a running method holds: its context, and for as long as no call is made its entity's state.
//!
//! A method never keeps a borrow of its entity across a call: [`Held::call`] lets the state go, makes the call, and
//! takes the state up again. So a callee may call back and see every write so far, and rustc rejects a borrow of
//! `self` that would live across the call.
//!
//! Whenever a state that could be written is let go, its key is compared with the one it was called by: a method that
//! changes it fails, and its transaction with it.
use crate::base::error::{Error, Result};
use crate::base::guard::discard;
use crate::base::location::Location;
use crate::base::text::key_text;
use crate::codec::shown;
use crate::entity::call::Awaitable;
use crate::entity::explore::{Described, Description};
use crate::entity::run::invoke::Invocation;
use crate::entity::run::lent::Borrowed;
use crate::entity::run::overlay::OverlayMap;
use crate::entity::run::twice;
use crate::entity::traits::{Constructed, Entity};
use crate::state::class::Class;
use crate::state::stored::Which;
use std::cell::{Ref, RefMut};
use std::convert::Infallible;
use std::fmt;
use std::future::pending;
use std::marker::PhantomData;
use std::rc::Rc;
use std::task::Poll;

/// The context of one running method.
pub struct MethodContext<E: Entity> {
    pub(crate) invocation: Invocation,
    pub(crate) place: Place<E>,
}

/// What an attribute such as `#[instrument]` shows of the method's entity.
impl<E: Entity> fmt::Debug for MethodContext<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::Slot { key, .. } | Place::Lent { key, .. } | Place::Map { key, .. } => {
                write!(f, "{}({key:?})", E::NAME)
            }
            Place::Nowhere(_) => f.write_str(E::NAME),
        }
    }
}

pub(crate) enum Place<E: Entity> {
    /// On a worker.
    Slot { class: Rc<Class<E>>, hash: u64, slot: Option<usize>, key: E::Key },
    /// With another worker, which lends it.
    Lent { at: Location, key: E::Key },
    /// In plain maps: the oracle's, or those of a scout.
    Map { map: Rc<OverlayMap<E>>, key: E::Key },
    /// Nowhere: the method only describes itself.
    Nowhere(Description),
}

/// A call site; learns by inference what is called there.
pub struct Site<A>(PhantomData<fn(A)>);

impl<A> Site<A> {
    /// A site that knows nothing yet.
    #[allow(clippy::new_without_default)]
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<A: Awaitable> Site<A> {
    /// The callees, without running anything.
    pub fn callees(&self) -> Vec<Described> {
        let mut callees = Vec::new();
        A::callees(&mut callees);
        callees
    }
}

/// The answer for every other type: it has no callees. rustc complains about it where it is awaited.
pub trait NeverAwaited {
    /// None.
    fn callees(&self) -> Vec<Described> {
        Vec::new()
    }
}
impl<A> NeverAwaited for &Site<A> {}

impl<E: Entity> MethodContext<E> {
    /// Takes up the state of the entity.
    ///
    /// `which` is what of it may be written: bits as of [`Entity::FIELDS`], none for a reader.
    pub async fn hold(&self, which: u32) -> Held<'_, E> {
        let mut held = Held { cx: self, which, state: None };
        if !held.take_up() {
            pending().await
        }
        held
    }

    /// Reports the call sites of the method, `None` for one that is compiled out; the method goes no further.
    pub async fn describe(&self, sites: Vec<Option<Vec<Described>>>) -> Infallible {
        if let Place::Nowhere(description) = &self.place {
            description.replace(sites);
        }
        pending().await
    }

    /// Puts what a constructor made in its place.
    pub async fn create<C: Constructed<E>>(&self, made: C) -> C::Output {
        match made.settle(|entity| self.settle(entity)) {
            Ok(output) => output,
            Err(error) => match self.invocation.fail(error).await {},
        }
    }

    fn settle(&self, entity: E) -> Result<()> {
        let Some(key) = self.key() else { return Ok(()) };
        if entity.key() != key {
            return Err(wrong_key(key, &entity));
        }
        if self.exists() {
            return Err(Error::AlreadyExists { entity: E::NAME, key: key_text(key) });
        }
        match &self.place {
            Place::Slot { class, hash, .. } => {
                if let Some(worker) = self.invocation.worker() {
                    worker.create(class, *hash, entity);
                }
            }
            Place::Lent { at, .. } => {
                if let Some(worker) = self.invocation.worker() {
                    worker.create_lent(at, entity);
                }
            }
            Place::Map { map, .. } => map.put(entity),
            Place::Nowhere(_) => {}
        }
        Ok(())
    }

    fn key(&self) -> Option<&E::Key> {
        match &self.place {
            Place::Slot { key, .. } | Place::Lent { key, .. } | Place::Map { key, .. } => Some(key),
            Place::Nowhere(_) => None,
        }
    }

    pub(crate) fn exists(&self) -> bool {
        match &self.place {
            Place::Slot { class, hash, key, .. } => class.find(*hash, key).is_some(),
            Place::Lent { at, key } => {
                self.invocation.worker().is_some_and(|worker| worker.is_lent::<E>(at, key))
            }
            Place::Map { map, key } => map.get(key).is_some(),
            Place::Nowhere(_) => false,
        }
    }

    pub(crate) fn remove(&self) -> bool {
        match &self.place {
            Place::Slot { class, hash, key, .. } => {
                match (class.find(*hash, key), self.invocation.worker()) {
                    (Some(slot), Some(worker)) => {
                        worker.remove(class, slot);
                        true
                    }
                    _ => false,
                }
            }
            Place::Lent { at, key } => {
                self.invocation.worker().is_some_and(|worker| worker.remove_lent::<E>(at, key))
            }
            Place::Map { map, key } => map.remove(key),
            Place::Nowhere(_) => false,
        }
    }

    fn state(&self, which: Which) -> Option<State<'_, E>> {
        match &self.place {
            Place::Slot { class, hash, slot, key } => {
                let worker = self.invocation.worker()?;
                let held = |slot| {
                    if which != 0 {
                        worker.hold_to_write(class, slot, which).map(State::Written)
                    } else {
                        class.hold(slot).map(State::Read)
                    }
                };
                // During a call the entity may have been removed and created anew, in another slot.
                slot.and_then(held).or_else(|| class.find(*hash, key).and_then(held))
            }
            Place::Lent { at, key } => {
                let worker = self.invocation.worker()?;
                worker.borrow::<E>(at, key, which).map(State::Lent)
            }
            Place::Map { map, key } => map.get(key).map(|state| {
                let seen = (which == 0 && map.is_shadow()).then(|| twice::encoded(&state));
                State::Copy(state, seen)
            }),
            Place::Nowhere(_) => None,
        }
    }

    /// Looks whether a `&self` method has changed its state all the same.
    fn unchanged(&self, state: &State<'_, E>) {
        let State::Copy(state, Some(seen)) = state else { return };
        let now = twice::encoded(state);
        if now != *seen {
            self.invocation.fault(changed(E::NAME, &key_text(state.key()), [seen, &now]));
        }
    }

    fn missing(&self) -> Error {
        let key = self.key().map(key_text).unwrap_or_default();
        Error::Missing { entity: E::NAME, key }
    }
}

/// What is said of a `&self` method that has changed its state.
fn changed(entity: &str, key: &str, states: [&[u8]; 2]) -> String {
    let [was, is] = states.map(shown);
    format!("it takes `&self` and changed {entity} {key} from {was} to {is}")
}

pub(crate) fn wrong_key<E: Entity>(key: &E::Key, made: &E) -> Error {
    Error::WrongKey { entity: E::NAME, key: key_text(key), made: key_text(made.key()) }
}

/// The state of an entity in the hands of one of its methods.
pub struct Held<'c, E: Entity> {
    cx: &'c MethodContext<E>,
    which: Which,
    state: Option<State<'c, E>>,
}

enum State<'c, E: Entity> {
    Read(Ref<'c, E>),
    Written(RefMut<'c, E>),
    /// From another worker.
    Lent(Borrowed<'c, E>),
    /// With its bytes, if it has to be the same in the end.
    Copy(E, Option<Vec<u8>>),
}

impl<E: Entity> State<'_, E> {
    fn entity(&self) -> &E {
        match self {
            State::Read(state) => state,
            State::Written(state) => state,
            State::Lent(state) => state.get(),
            State::Copy(state, _) => state,
        }
    }

    /// Lets it go; what a writer had from another worker is as it is now.
    fn let_go(self) {
        match self {
            // A copy that nobody asked for must not make the method panic when it is dropped.
            State::Copy(state, _) => discard(state),
            State::Read(_) | State::Written(_) | State::Lent(_) => {}
        }
    }
}

impl<E: Entity> Held<'_, E> {
    /// The state, for a `&self` method.
    pub fn get(&self) -> &E {
        match &self.state {
            Some(state) => state.entity(),
            None => unreachable!("the state is held except during a call"),
        }
    }

    /// The state, for a `&mut self` method.
    pub fn get_mut(&mut self) -> &mut E {
        match &mut self.state {
            Some(State::Written(state)) => state,
            Some(State::Lent(state)) => state.get_mut(),
            Some(State::Copy(state, _)) => state,
            _ => unreachable!("the state is held to be written except during a call"),
        }
    }

    /// A cut: lets the state go, makes the call, takes the state up again.
    pub async fn call<A: Awaitable>(&mut self, _: &Site<A>, call: A) -> A::Output {
        if !self.let_go() {
            pending().await
        }
        let output = match call.at_once(&self.cx.invocation) {
            Ok(Poll::Ready(output)) => output,
            Ok(Poll::Pending) => pending().await,
            Err(call) => call.perform(&self.cx.invocation).await,
        };
        if !self.take_up() {
            pending().await
        }
        output
    }

    /// A one-way cut: as [`Held::call`], without a result.
    pub async fn send<A: Awaitable>(&mut self, _: &Site<A>, call: A) {
        if !self.let_go() {
            pending().await
        }
        match call.at_once(&self.cx.invocation) {
            Ok(Poll::Ready(output)) => drop(output),
            Ok(Poll::Pending) => pending().await,
            Err(call) => call.send(&self.cx.invocation).await,
        }
        if !self.take_up() {
            pending().await
        }
    }

    /// The last cut of a method that afterwards does nothing but return: as [`Held::call`], but the state is not taken
    /// up again. The entity may be gone by then.
    pub async fn last<A: Awaitable>(&mut self, _: &Site<A>, call: A) -> A::Output {
        if !self.let_go() {
            pending().await
        }
        match call.at_once(&self.cx.invocation) {
            Ok(Poll::Ready(output)) => output,
            Ok(Poll::Pending) => pending().await,
            Err(call) => call.last(&self.cx.invocation).await,
        }
    }

    /// `false` when there is no entity any more: then the transaction cannot go on, nor can the method.
    fn take_up(&mut self) -> bool {
        self.state = self.cx.state(self.which);
        if self.state.is_none() {
            self.cx.invocation.doom(self.cx.missing());
        }
        self.state.is_some()
    }

    /// `false` when the method has changed the key: then the transaction cannot go on, nor can the method.
    fn let_go(&mut self) -> bool {
        let Some(state) = self.state.take() else { return true };
        // What a method leaves behind that panics is undone; no more of the user's code may run meanwhile.
        if std::thread::panicking() {
            state.let_go();
            return true;
        }
        if self.which == 0 {
            self.cx.unchanged(&state);
            state.let_go();
            return true;
        }
        let Some(key) = self.cx.key() else { return true };
        if state.entity().key() != key {
            self.cx.invocation.doom(wrong_key(key, state.entity()));
            state.let_go();
            return false;
        }
        match (state, &self.cx.place) {
            (State::Copy(state, _), Place::Map { map, .. }) => map.put(state),
            (state, _) => state.let_go(),
        }
        true
    }
}

impl<E: Entity> Drop for Held<'_, E> {
    fn drop(&mut self) {
        // Whoever called sees that the transaction is doomed; see `Invocation::ended`.
        self.let_go();
    }
}
