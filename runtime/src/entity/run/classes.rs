//! The entities of a worker, of all its classes.
use crate::base::class_id::{ByClass, ClassId};
use crate::base::hash::key_hash;
use crate::base::location::Location;
use crate::codec::{Form, append, decode_marked};
use crate::entity::inspect::Shown;
use crate::entity::run::shipped::Instances;
use crate::entity::run::twice::{self, Touched};
use crate::entity::traits::{Entity, Method};
use crate::state::class::{Class, Slots};
use crate::state::loan::Lendable;
use crate::state::saving::Seen;
use crate::state::stored::{Stored, Which};
use crate::state::table::{Tables, with_rows};
use std::any::Any;
use std::rc::Rc;
use std::sync::Arc;

/// A class without its type, and what is seen of its entities.
pub(crate) trait AnyClass: Slots + Any {
    /// Every entity, for people.
    fn inspect(&self) -> Vec<Shown>;
    /// What a transaction has written; nothing if the entity came and went meanwhile.
    fn touched(&self, undo: usize) -> Option<Touched>;
    /// A state from its bytes, in which rows are where they belong: the worker that owns it, the hash of its key, and the
    /// stamp that its table with number 0 has. Runs code of the user's.
    ///
    /// # Errors
    /// When it cannot be read.
    fn read(&self, state: &[u8], peers: usize) -> Result<(usize, u64, Lendable, u64), String>;
    /// An entity of a checkpoint, which has rows of tables with these stamps.
    fn restore(&self, hash: u64, state: Lendable, seen: Seen);
    /// A state as bytes.
    fn encoded(&self, key: &dyn Any) -> Option<Vec<u8>>;
}

/// What knows the types of an app: it makes the classes at a worker, by their numbers, and calls of bytes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Makers {
    classes: Vec<(ClassId, MakeClass)>,
    /// Whether they know what has changed, for checkpoints.
    pub(crate) tracked: bool,
    pub(crate) calls: Arc<Instances>,
}

/// Makes a class without entities.
type MakeClass = fn(bool) -> Rc<dyn AnyClass>;

impl Makers {
    /// A class is part of the app.
    pub(crate) fn add<E: Entity>(&mut self) {
        self.classes.push((E::CLASS, |tracked| Rc::new(Class::<E>::new(tracked))));
    }

    /// A method is part of the app.
    pub(crate) fn add_method<M: Method>(&self) {
        self.calls.add::<M>();
    }

    /// The classes, without entities.
    pub(crate) fn all(&self) -> ByClass<Rc<dyn AnyClass>> {
        ByClass::new(self.classes.iter().map(|(class, make)| (*class, make(self.tracked))).collect())
    }
}

impl<E: Entity> AnyClass for Class<E> {
    fn inspect(&self) -> Vec<Shown> {
        let mut shown = Vec::new();
        self.each(|state| shown.push(Shown::new(state)));
        shown
    }

    fn touched(&self, undo: usize) -> Option<Touched> {
        self.written(undo, Touched::new::<E>)
    }

    fn read(&self, state: &[u8], peers: usize) -> Result<(usize, u64, Lendable, u64), String> {
        let (state, stamp) = with_rows(|| decode_marked::<E>(state));
        let state = state.map_err(|failure| failure.to_string())?;
        let at = Location::of::<E>(state.key(), peers);
        Ok((at.owner, at.hash, E::to_lendable(Arc::new(state)), stamp))
    }

    fn restore(&self, hash: u64, state: Lendable, seen: Seen) {
        Self::restore(self, hash, E::from_lendable(state), seen);
    }

    fn encoded(&self, key: &dyn Any) -> Option<Vec<u8>> {
        let key: &<E as Entity>::Key = key.downcast_ref()?;
        let slot = self.find(key_hash(key), key)?;
        self.hold(slot).map(|state| twice::encoded(&*state))
    }
}

impl<E: Entity> Stored for E {
    type Key = <E as Entity>::Key;
    fn own_key(&self) -> &Self::Key {
        self.key()
    }
    fn key_bytes(key: &Self::Key) -> Result<Vec<u8>, String> {
        let mut bytes = Vec::new();
        append(Form::Binary, key, &mut bytes).map_err(|failure| failure.to_string())?;
        Ok(bytes)
    }
    fn state_bytes(&self) -> Result<Vec<u8>, String> {
        let mut bytes = Vec::new();
        append(Form::Binary, self, &mut bytes).map_err(|failure| failure.to_string())?;
        Ok(bytes)
    }
    fn tables(&self) -> Tables<'_> {
        let mut found = Tables::new();
        Self::each_table(self, &mut |number, table| found.push((number, table)));
        found
    }
    fn hash_of_key(key: &Self::Key) -> u64 {
        key_hash(key)
    }
    type Parts = <E as Entity>::Parts;
    fn to_lendable_parts(parts: Self::Parts) -> Lendable {
        Self::lend_parts(parts).unwrap_or_else(|| unreachable!("what an entity holds is `Send` and `Sync`"))
    }
    const IN_PARTS: bool = !<E as Entity>::FIELDS.is_empty();
    fn merge_tables(&mut self, which: Which) {
        self.merge(which);
    }
    fn keep_parts(&self, which: Which, to: &mut Self::Parts) {
        self.keep(which, to);
    }
    fn put_parts_back(&mut self, parts: &mut Self::Parts) {
        self.put_back(parts);
    }
    fn to_lendable(state: Arc<Self>) -> Lendable {
        Self::lend(state).unwrap_or_else(|| unreachable!("what an entity holds is `Send` and `Sync`"))
    }
    fn from_lendable(state: Lendable) -> Arc<Self> {
        Self::borrow(state).unwrap_or_else(|| unreachable!("a loan has the type of its class"))
    }
}
