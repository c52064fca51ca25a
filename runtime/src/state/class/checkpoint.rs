//! What the class tells checkpoints: what has changed, and what that is like.
use super::{Before, Class, Slot};
use crate::base::ambient::aside;
use crate::base::guard::caught;
use crate::state::saving::{Changes, Left, Own, Saved, Saving, Seen, Step, Whole};
use crate::state::stored::Stored;
use crate::state::table::{RowRecords, draw_stamps, without_rows};
use rustc_hash::FxHashMap;

/// So many rows of an entity are saved before somebody writes to it; the rest is saved between steps.
const ROWS_AT_ONCE: usize = 256;

/// What the newest checkpoint has of the tables of entities, by their slots.
#[derive(Default)]
pub(super) struct SeenTables {
    by_slot: FxHashMap<usize, Seen>,
    /// Whether there have been any.
    ever: bool,
}

impl SeenTables {
    pub(super) fn insert(&mut self, slot: usize, seen: Seen) {
        if !seen.is_empty() {
            self.ever = true;
            self.by_slot.insert(slot, seen);
        }
    }

    /// Takes those of a slot out.
    pub(super) fn take(&mut self, slot: usize) -> Seen {
        if self.ever { self.by_slot.remove(&slot).unwrap_or_default() } else { Seen::new() }
    }
}

impl<E: Stored> Class<E> {
    /// A slot is about to be written: a checkpoint may still want what it holds.
    pub(super) fn before_write(&self, number: usize, slot: &mut Slot<E>) {
        if let Some(saving) = &mut *self.saving.borrow_mut()
            && saving.wants(slot.mark, slot.hash)
        {
            save(saving, &mut self.seen.borrow_mut(), (number, slot), ROWS_AT_ONCE);
        }
    }

    /// What a slot holds has changed for good.
    pub(super) fn changed(&self, number: usize, slot: &mut Slot<E>) {
        if let Some(changes) = &self.changes {
            let changes = &mut *changes.borrow_mut();
            if !slot.mark.change(changes.since) {
                changes.slots.push(number as u32);
            }
        }
    }

    /// An entity is gone for good, if this says whose state it was.
    pub(super) fn gone(&self, before: &Before<E>) {
        if let Before::Whole(before) = before
            && let Some(state) = before.get()
        {
            self.has_gone(state);
        }
    }

    /// An entity is gone for good, of which this was the state.
    pub(super) fn has_gone(&self, state: &E) {
        if let Some(changes) = &self.changes {
            let own = if self.seen.borrow().ever { Own::GoneWithRows } else { Own::Gone };
            changes.borrow_mut().gone::<E>(state.own_key(), own);
        }
    }

    /// A cut: see [`super::Slots::cut`].
    pub(super) fn begin_saving(&self, number: u32, whole: &Whole) {
        assert!(self.undo.borrow().is_empty(), "at a cut, no old state is kept");
        let Some(changes) = &self.changes else {
            unreachable!("an app that takes checkpoints tracks changes")
        };
        // Nothing is done for each of them here: a cut is a moment of a worker, and there may be millions.
        let changes = changes.replace(Changes { since: number, ..Changes::default() });
        let end = self.slots.borrow().iter().next_back().map_or(0, |(last, _)| last + 1);
        let before = self.saving.replace(Some(Saving::new(number, whole.clone(), changes, end)));
        assert!(before.is_none(), "one checkpoint at a time");
    }

    /// Looks at so many slots, or saves so many rows.
    pub(super) fn save_some(&self, most: usize) -> Step {
        let mut borrowed = self.saving.borrow_mut();
        let Some(saving) = &mut *borrowed else { unreachable!("a checkpoint is being taken") };
        let slots = &mut *self.slots.borrow_mut();
        let mut done = saving.save_left(most);
        while done < most
            && let Some(number) = saving.next()
        {
            done += 1;
            let Some(slot) = slots.get_mut(number as usize) else { continue };
            if saving.wants(slot.mark, slot.hash) {
                let rows = most.saturating_sub(done).max(1);
                done += save(saving, &mut self.seen.borrow_mut(), (number as usize, slot), rows);
            }
        }
        let step = saving.step();
        if !step.more {
            *borrowed = None;
        }
        step
    }
}

/// Saves what a slot holds, and so many rows of it at most; how many.
fn save<E: Stored>(
    saving: &mut Saving,
    seen: &mut SeenTables,
    (number, slot): (usize, &mut Slot<E>),
    most: usize,
) -> usize {
    let Some(state) = slot.state.get() else { unreachable!("at a cut, every slot holds a state") };
    let (before, all) = (seen.take(number), saving.wants_all(slot.hash));
    // How a state is written is user code.
    let saved = caught(|| aside(|| encode(state, slot.hash, &before, all, most)));
    let saved = saved.map_err(|panicked| panicked.to_string()).flatten();
    let saved = saved.map(|Encoded { saved, left, rows, seen: now }| {
        seen.insert(number, now);
        (saved, left, rows)
    });
    let rows = saved.as_ref().map_or(0, |(_, _, rows)| *rows);
    saving.save(&mut slot.mark, saved.map(|(saved, left, _)| (saved, left)));
    rows
}

/// An entity as a checkpoint has it.
struct Encoded {
    saved: Saved,
    left: Vec<Left>,
    rows: usize,
    seen: Seen,
}

/// Encodes an entity of whose tables a checkpoint has seen some. `all`: nothing of it counts.
fn encode<E: Stored>(state: &E, hash: u64, before: &Seen, all: bool, most: usize) -> Result<Encoded, String> {
    let key = E::key_bytes(state.own_key())?;
    let (own, tables) = without_rows(state.tables(), || state.state_bytes())?;
    let (mut rows, mut left, mut written, mut seen) = (RowRecords::default(), Vec::new(), 0, Seen::new());
    let is_there = |number: u8| tables.iter().any(|(known, _)| *known == number);
    if !all {
        before
            .iter()
            .filter(|(number, _)| !is_there(*number))
            .for_each(|(number, _)| rows.delete_all(*number));
    }
    let stamp = if tables.is_empty() { 0 } else { draw_stamps() };
    for (number, table) in &tables {
        let known = before.iter().find(|(known, _)| known == number).map(|(_, stamp)| *stamp);
        let same = known == Some(table.stamp());
        if known.is_some() && !same && !all {
            rows.delete_all(*number);
        }
        let most = most.saturating_sub(written).max(1);
        let (count, more) = table.write(all || !same, *number, most, &mut rows)?;
        written += count;
        left.extend(more.map(|more| (hash, key.clone(), more)));
        seen.push((*number, stamp + u64::from(*number)));
    }
    // What is left has been copied with the stamp that it had.
    tables.iter().zip(&seen).for_each(|((_, table), (_, stamp))| table.seen(*stamp));
    Ok(Encoded { saved: Saved { hash, key, own: Own::State(own), rows }, left, rows: written, seen })
}
