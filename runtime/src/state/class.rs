//! The entities of one class on one worker, and what undoes a transaction's writes to them.
//!
//! A slot is given to a key when the entity is created and given back when what left it vacant is settled. Before a
//! transaction's first write to a slot the old state is kept under a number; the transaction collects these numbers in
//! the order of its writes and settles them when it ends: the old states are forgotten, or put back newest first.
//!
//! A state may be *lent* to a transaction that executes at another worker: for a read it is shared, for a write it is away.
//!
//! Invariants: between a transaction's first write to a slot and its settlement no other transaction touches the slot; nor
//! does any while its state is away.
mod checkpoint;

use crate::base::ambient::aside;
use crate::base::class_id::ClassId;
use crate::base::guard::{discard, discard_all};
use crate::state::content::Content;
use crate::state::loan::{Lendable, Loan, Loans, NOWHERE, Old};
use crate::state::saving::{Changes, Mark, Saving, Seen, Step, Whole};
use crate::state::stored::{ALL, Stored, Which, to_keep};
use checkpoint::SeenTables;
use hashbrown::HashTable;
use slab::Slab;
use std::cell::{Ref, RefCell, RefMut};
use std::sync::Arc;

struct Slot<E: Stored> {
    /// The hash of the key, so that a state need not be looked at to know whose it is: one that was lent lies in the cache
    /// of another processor.
    hash: u64,
    /// The stamp of the transaction that wrote here and is not settled.
    writer: u32,
    /// What of its old state that transaction has kept.
    kept: Which,
    /// What checkpoints know of it.
    mark: Mark,
    state: Content<E>,
}

/// Old fields that are in no other hands, with their type again.
pub(crate) fn parts_of<E: Stored>(parts: &mut Lendable) -> &mut E::Parts {
    let parts = Arc::get_mut(parts).and_then(|parts| parts.downcast_mut());
    parts.unwrap_or_else(|| unreachable!("old fields are of their class, and in one hand"))
}

/// A hash as the index has it: all workers have entities of the same lower bits.
fn spread(hash: u64) -> u64 {
    (hash >> 32).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

struct Undo<E: Stored> {
    slot: usize,
    before: Before<E>,
}

/// An old state. One transaction may keep several of an entity: fields that it wrote later, or the whole of it after some of
/// its fields. They are put back newest first.
enum Before<E: Stored> {
    Whole(Content<E>),
    Parts(E::Parts),
}

impl<E: Stored> Before<E> {
    /// What of a state is about to be written. Copying it is user code.
    fn of(state: &mut E, which: Which) -> Self {
        aside(|| state.merge_tables(which));
        if which == ALL || !E::IN_PARTS {
            return Self::Whole(Content::Here(aside(|| state.clone())));
        }
        let mut parts = E::Parts::default();
        aside(|| state.keep_parts(which, &mut parts));
        Self::Parts(parts)
    }
}

/// The entities of one class on one worker.
pub(crate) struct Class<E: Stored> {
    index: RefCell<HashTable<u32>>,
    slots: RefCell<Slab<Slot<E>>>,
    undo: RefCell<Slab<Undo<E>>>,
    /// What has changed since the last cut, if there are checkpoints.
    changes: Option<RefCell<Changes>>,
    /// The checkpoint that is being taken.
    saving: RefCell<Option<Saving>>,
    /// What checkpoints have of tables.
    seen: RefCell<SeenTables>,
}

impl<E: Stored> Drop for Class<E> {
    fn drop(&mut self) {
        // One by one: what the drop of a state does is user code.
        discard_all(std::mem::take(self.slots.get_mut()).into_iter().map(|(_, slot)| slot.state));
        discard_all(std::mem::take(self.undo.get_mut()).into_iter().map(|(_, undo)| undo.before));
    }
}

/// A class without its type.
pub(crate) trait Slots {
    /// The slot that most probably lies behind a hash; one that is not there, if there is none.
    fn likely_slot(&self, hash: u64) -> u64;
    /// Prefetches a slot.
    fn prefetch(&self, slot: u64) -> bool;
    /// Forgets an old state, or puts it back.
    fn settle(&self, undo: usize, commit: bool);
    /// Lends what there is behind a hash.
    fn lend(&self, hash: u64, class: ClassId, write: bool, to: &mut Loans);
    /// Copies what there is behind a hash.
    fn copies(&self, hash: u64, class: ClassId, to: &mut Loans);
    /// A cut: what has changed up to here is to be saved, and all of some groups.
    fn cut(&self, number: u32, whole: &Whole);
    /// Saves some of it; the last step ends it.
    fn save(&self, most: usize) -> Step;
    /// Takes back what a writer had; gives the numbers of the old states that came with it, oldest first.
    fn take_back(&self, loan: Loan, kept: &mut dyn FnMut(usize));
}

impl<E: Stored> Class<E> {
    /// `tracked`: there are checkpoints.
    pub(crate) fn new(tracked: bool) -> Self {
        let (index, slots, undo) = (RefCell::default(), RefCell::default(), RefCell::default());
        let (changes, saving, seen) =
            (tracked.then(RefCell::default), RefCell::default(), RefCell::default());
        Self { index, slots, undo, changes, saving, seen }
    }

    /// An entity of a checkpoint, which has rows of tables with these stamps.
    pub(crate) fn restore(&self, hash: u64, state: Arc<E>, seen: Seen) {
        let state = Arc::try_unwrap(state).map_or_else(Content::Shared, Content::Here);
        let slot = self.insert(hash, state, 0);
        self.seen.borrow_mut().insert(slot, seen);
    }

    /// The slot of an entity that exists.
    pub(crate) fn find(&self, hash: u64, key: &E::Key) -> Option<usize> {
        let slots = self.slots.borrow();
        let is = |slot: &u32| {
            let Slot { hash: known, state, .. } = &slots[*slot as usize];
            *known == hash && state.get().is_some_and(|state| state.own_key() == key)
        };
        self.index.borrow().find(spread(hash), is).map(|slot| *slot as usize)
    }

    /// The state of an entity, for as long as no call is made.
    pub(crate) fn hold(&self, slot: usize) -> Option<Ref<'_, E>> {
        Ref::filter_map(self.slots.borrow(), |slots| slots.get(slot)?.state.get()).ok()
    }

    /// A copy of the state.
    pub(crate) fn copy(&self, hash: u64, key: &E::Key) -> Option<E> {
        let slot = self.find(hash, key)?;
        aside(|| self.slots.borrow()[slot].state.get().cloned())
    }

    /// The state of an entity, to be written by the transaction with this stamp, for as long as no call is made. Before
    /// its first write to these fields the old state is kept, as far as it is not yet; then its number comes, too.
    pub(crate) fn hold_to_write(
        &self,
        slot: usize,
        stamp: u32,
        which: Which,
    ) -> Option<(RefMut<'_, E>, Option<usize>)> {
        let mut kept = None;
        let state = RefMut::filter_map(self.slots.borrow_mut(), |slots| {
            let slot_here = slots.get_mut(slot)?;
            let known = if slot_here.writer == stamp { slot_here.kept } else { 0 };
            let missing = to_keep(which, known);
            if missing != 0 {
                slot_here.state.get()?;
                // First, so that what is put back is a state that the checkpoint has seen.
                self.before_write(slot, slot_here);
                let before = Before::of(slot_here.state.get_mut()?, missing);
                (slot_here.writer, slot_here.kept) = (stamp, known | which);
                kept = Some(self.undo.borrow_mut().insert(Undo { slot, before }));
            }
            slot_here.state.get_mut()
        });
        state.ok().map(|state| (state, kept))
    }

    /// Puts a new entity in place; the key must be vacant.
    pub(crate) fn create(&self, hash: u64, entity: E, stamp: u32) -> usize {
        let slot = self.insert(hash, Content::Here(entity), stamp);
        self.undo.borrow_mut().insert(Undo { slot, before: Before::Whole(Content::Vacant) })
    }

    fn insert(&self, hash: u64, state: Content<E>, stamp: u32) -> usize {
        let slots = &mut *self.slots.borrow_mut();
        let mark = self.saving.borrow().as_ref().map_or_else(Mark::default, Saving::new_mark);
        let slot = slots.insert(Slot { hash, writer: stamp, kept: ALL, mark, state });
        let place =
            u32::try_from(slot).unwrap_or_else(|_| unreachable!("so many entities do not fit in memory"));
        self.index.borrow_mut().insert_unique(spread(hash), place, |slot| spread(slots[*slot as usize].hash));
        slot
    }

    /// Takes an entity away, after `hold_to_write`.
    pub(crate) fn remove(&self, slot: usize) {
        if let Some(entry) = self.slots.borrow_mut().get_mut(slot) {
            entry.state = Content::Vacant;
        }
    }

    /// Shows every entity.
    pub(crate) fn each(&self, mut see: impl FnMut(&E)) {
        self.slots.borrow().iter().filter_map(|(_, slot)| slot.state.get()).for_each(&mut see);
    }

    /// Shows what a transaction has written, by the number of the old state; nothing if the entity came and went meanwhile.
    pub(crate) fn written<T>(&self, undo: usize, see: impl FnOnce(&E::Key, Option<&E>) -> T) -> Option<T> {
        let (undo_here, slots) = (self.undo.borrow(), self.slots.borrow());
        let Undo { slot, before } = undo_here.get(undo)?;
        let state = slots.get(*slot).and_then(|slot| slot.state.get());
        let before = if let Before::Whole(before) = before { before.get() } else { None };
        let key = state.or(before)?.own_key();
        Some(see(key, state))
    }
}

impl<E: Stored> Slots for Class<E> {
    fn cut(&self, number: u32, whole: &Whole) {
        self.begin_saving(number, whole);
    }

    fn save(&self, most: usize) -> Step {
        self.save_some(most)
    }

    fn likely_slot(&self, hash: u64) -> u64 {
        self.index.borrow().find(spread(hash), |_| true).map_or(u64::MAX, |slot| u64::from(*slot))
    }

    fn prefetch(&self, slot: u64) -> bool {
        self.slots.borrow().get(slot as usize).is_some_and(|slot| slot.writer == 0)
    }

    fn settle(&self, undo: usize, commit: bool) {
        let Undo { slot, before } = self.undo.borrow_mut().remove(undo);
        let mut borrowed = self.slots.borrow_mut();
        let slots = &mut *borrowed;
        // The slot of an entity that came and went in one transaction may be gone already.
        let Some(entry) = slots.get_mut(slot) else {
            if commit {
                self.gone(&before);
            }
            return discard(before);
        };
        entry.writer = 0;
        if commit {
            self.changed(slot, entry);
        }
        let old = match before {
            before if commit => before,
            Before::Whole(before) => Before::Whole(std::mem::replace(&mut entry.state, before)),
            Before::Parts(mut parts) => {
                let state = entry.state.get_mut();
                let state =
                    state.unwrap_or_else(|| unreachable!("a state is whole again before its fields are"));
                state.put_parts_back(&mut parts);
                Before::Parts(parts)
            }
        };
        if let Content::Vacant = entry.state {
            if commit {
                self.gone(&old);
            }
            self.seen.borrow_mut().take(slot);
            let hash = spread(slots.remove(slot).hash);
            if let Ok(found) = self.index.borrow_mut().find_entry(hash, |known| *known as usize == slot) {
                found.remove();
            }
        }
        drop(borrowed);
        if std::mem::needs_drop::<E>() {
            discard(old);
        }
    }

    fn lend(&self, hash: u64, class: ClassId, write: bool, to: &mut Loans) {
        let mut slots = self.slots.borrow_mut();
        let index = self.index.borrow();
        for slot in index.iter_hash(spread(hash)) {
            let slot_here = &mut slots[*slot as usize];
            if slot_here.hash != hash {
                continue;
            }
            if write && slot_here.state.get().is_some() {
                self.before_write(*slot as usize, slot_here);
            }
            let stored = &mut slot_here.state;
            let Some(state) = stored.share() else { continue };
            let state = if write {
                match std::mem::replace(stored, Content::Away) {
                    Content::Shared(state) => state,
                    _ => unreachable!("a state that is to be lent is on the heap"),
                }
            } else {
                state.clone()
            };
            to.push(Loan { slot: *slot, ..Loan::new(hash, class, write, E::to_lendable(state)) });
        }
    }

    fn copies(&self, hash: u64, class: ClassId, to: &mut Loans) {
        let (slots, index) = (self.slots.borrow(), self.index.borrow());
        let there = index.iter_hash(spread(hash)).map(|slot| &slots[*slot as usize]);
        for state in there.filter(|slot| slot.hash == hash).filter_map(|slot| slot.state.get()) {
            let copy = Arc::new(aside(|| state.clone()));
            to.push(Loan::new(hash, class, false, E::to_lendable(copy)));
        }
    }

    fn take_back(&self, loan: Loan, kept: &mut dyn FnMut(usize)) {
        let stored = |state: Option<Lendable>| {
            state.map_or(Content::Vacant, |state| Content::Shared(E::from_lendable(state)))
        };
        let Loan { hash, slot, state, mut rest, .. } = loan;
        if let Some(gone) = rest.as_mut().and_then(|rest| rest.gone.take()) {
            self.has_gone(&*E::from_lendable(gone));
        }
        let state = stored(state);
        let vacant = matches!(state, Content::Vacant);
        let slot = match slot {
            NOWHERE if vacant => return, // it came and went
            NOWHERE => self.insert(hash, state, 0),
            slot => {
                let slot = slot as usize;
                let gone = std::mem::replace(&mut self.slots.borrow_mut()[slot].state, state);
                assert!(matches!(gone, Content::Away), "what is taken back was away");
                slot
            }
        };
        // It may have been written.
        self.changed(slot, &mut self.slots.borrow_mut()[slot]);
        let undo = |before| self.undo.borrow_mut().insert(Undo { slot, before });
        let before = rest.map(|rest| rest.before).unwrap_or_default();
        if vacant && before.is_empty() {
            return self.settle(undo(Before::Whole(Content::Vacant)), true); // which gives the slot back
        }
        for before in before {
            kept(undo(match before {
                Old::Absent => Before::Whole(Content::Vacant),
                Old::Whole(state) => Before::Whole(stored(Some(state))),
                Old::Parts(mut parts, _) => Before::Parts(std::mem::take(parts_of::<E>(&mut parts))),
            }));
        }
    }
}
