//! The entities of one class on one worker, and what undoes a transaction's writes to them.
//!
//! A slot is given to a key when the entity is created and given back when a transaction that left it vacant
//! commits or is undone. Before a transaction's first write to a slot the old state is kept; `undo` holds these
//! in order, and one transaction at a time writes on a worker, so ending it empties the list.
use crate::entity::Entity;
use rustc_hash::FxHashMap;
use std::any::Any;
use std::cell::{Cell, RefCell, RefMut};
use std::rc::Rc;

struct Slot<E: Entity> {
    state: Option<E>,
    /// The stamp of the last transaction that wrote here.
    writer: u64,
}

struct Undo<E: Entity> {
    slot: usize,
    key: E::Key,
    before: Option<E>,
}

/// The entities of one class on one worker.
pub(crate) struct Class<E: Entity> {
    index: RefCell<FxHashMap<E::Key, usize>>,
    slots: RefCell<Vec<Slot<E>>>,
    free: RefCell<Vec<usize>>,
    undo: RefCell<Vec<Undo<E>>>,
    dirty: Cell<bool>,
}

/// A class without its type.
pub(crate) trait AnyClass {
    fn as_any(self: Rc<Self>) -> Rc<dyn Any>;
    /// Forgets the old states, or puts them back.
    fn end(&self, commit: bool);
    /// Every entity as JSON, with its key as text.
    fn inspect(&self) -> (&'static str, Vec<(String, serde_json::Value)>);
}

impl<E: Entity> Class<E> {
    pub(crate) fn new() -> Self {
        Self {
            index: RefCell::default(),
            slots: RefCell::default(),
            free: RefCell::default(),
            undo: RefCell::default(),
            dirty: Cell::new(false),
        }
    }

    /// The slot of an entity that exists.
    pub(crate) fn find(&self, key: &E::Key) -> Option<usize> {
        let slot = *self.index.borrow().get(key)?;
        self.slots.borrow()[slot].state.is_some().then_some(slot)
    }

    /// The state of an entity, for as long as no call is made.
    pub(crate) fn hold(&self, slot: usize) -> Option<RefMut<'_, E>> {
        RefMut::filter_map(self.slots.borrow_mut(), |slots| slots[slot].state.as_mut()).ok()
    }

    /// Keeps the old state before the first write of the transaction with this stamp; says whether the class has
    /// to be told of the transaction's end for the first time.
    pub(crate) fn before_write(&self, slot: usize, stamp: u64) -> bool {
        let slots = &mut *self.slots.borrow_mut();
        let entry = &mut slots[slot];
        if entry.writer == stamp {
            return false;
        }
        let Some(state) = &entry.state else { return false };
        entry.writer = stamp;
        self.undo.borrow_mut().push(Undo { slot, key: state.key().clone(), before: entry.state.clone() });
        !self.dirty.replace(true)
    }

    /// Puts a new entity in place; the key must be vacant.
    pub(crate) fn create(&self, entity: E, stamp: u64) -> bool {
        let key = entity.key().clone();
        let slot = self.slot_for(&key);
        let entry = &mut self.slots.borrow_mut()[slot];
        if entry.writer != stamp {
            entry.writer = stamp;
            self.undo.borrow_mut().push(Undo { slot, key, before: None });
        }
        entry.state = Some(entity);
        !self.dirty.replace(true)
    }

    /// Takes an entity away, after `before_write`.
    pub(crate) fn remove(&self, slot: usize) {
        self.slots.borrow_mut()[slot].state = None;
    }

    fn slot_for(&self, key: &E::Key) -> usize {
        if let Some(slot) = self.index.borrow().get(key) {
            return *slot;
        }
        let mut slots = self.slots.borrow_mut();
        let slot = self.free.borrow_mut().pop().unwrap_or_else(|| {
            slots.push(Slot { state: None, writer: 0 });
            slots.len() - 1
        });
        self.index.borrow_mut().insert(key.clone(), slot);
        slot
    }
}

impl<E: Entity> AnyClass for Class<E> {
    fn as_any(self: Rc<Self>) -> Rc<dyn Any> {
        self
    }

    fn end(&self, commit: bool) {
        self.dirty.set(false);
        let mut slots = self.slots.borrow_mut();
        for Undo { slot, key, before } in self.undo.borrow_mut().drain(..).rev() {
            let entry = &mut slots[slot];
            if !commit {
                entry.state = before;
            }
            entry.writer = 0;
            if entry.state.is_none() {
                self.index.borrow_mut().remove(&key);
                self.free.borrow_mut().push(slot);
            }
        }
    }

    fn inspect(&self) -> (&'static str, Vec<(String, serde_json::Value)>) {
        let slots = self.slots.borrow();
        let states = slots.iter().filter_map(|slot| slot.state.as_ref());
        (E::NAME, states.map(|state| (key_text(state.key()), state_json(state))).collect())
    }
}

/// A key as the text used in errors and in an inspection: a string as it is, anything else as JSON.
pub(crate) fn key_text<K: serde::Serialize + std::fmt::Debug>(key: &K) -> String {
    match serde_json::to_value(key) {
        Ok(serde_json::Value::String(text)) => text,
        Ok(value) => value.to_string(),
        Err(_) => format!("{key:?}"),
    }
}

/// A state as JSON; a state that JSON cannot hold is shown by the reason.
pub(crate) fn state_json<E: serde::Serialize>(state: &E) -> serde_json::Value {
    serde_json::to_value(state)
        .unwrap_or_else(|error| serde_json::Value::String(format!("not JSON: {error}")))
}
