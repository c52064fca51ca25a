//! How the entities of a class get into a checkpoint, while transactions go on.
//!
//! A cut is a place in the order. What has changed since the last one is saved as it is at that place: slot by slot between
//! transactions, and before that whatever a transaction is about to write. So nobody waits, and nothing is copied but as
//! the bytes that are written anyway (CALC, Ren et al., SIGMOD 2016, with encoding in the place of the copy).
//!
//! Invariant: at a cut no state is away, and no old state is kept.
use crate::base::ambient::aside;
use crate::base::guard::{caught, discard};
use crate::state::stored::Stored;
use crate::state::table::{RowRecords, RowsLeft};
use smallvec::SmallVec;
use std::sync::Arc;

/// What a checkpoint is told of an entity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Saved {
    pub(crate) hash: u64,
    pub(crate) key: Vec<u8>,
    pub(crate) own: Own,
    /// Behind that, rows of its tables.
    pub(crate) rows: RowRecords,
}

/// What has become of an entity's own record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Own {
    State(Vec<u8>),
    Gone,
    /// Rows of its tables are, too, if there are some.
    GoneWithRows,
    /// It has been told before.
    Told,
}

/// The stamps under which the newest checkpoint has seen the tables of an entity, by their numbers: it has rows of these and
/// of no others.
pub(crate) type Seen = SmallVec<[(u8, u64); 2]>;

/// Rows of a table that are still to be saved: the hash and the key of the entity, and the rows.
pub(crate) type Left = (u64, Vec<u8>, Box<dyn RowsLeft>);

/// Which entities a checkpoint wants beside those that have changed: all of these groups.
#[derive(Clone, Debug)]
pub(crate) struct Whole(pub(crate) Arc<[bool]>);

impl Whole {
    /// The group of an entity, by the hash of its key.
    pub(crate) fn group(hash: u64, groups: usize) -> usize {
        // The upper bits: the lower ones tell workers apart.
        ((u128::from(hash.rotate_left(32)) * groups as u128) >> 64) as usize
    }

    /// The group of an entity.
    pub(crate) fn of(&self, hash: u64) -> usize {
        Self::group(hash, self.0.len())
    }

    /// Whether it wants all of the group of an entity.
    pub(crate) fn has(&self, hash: u64) -> bool {
        self.0[self.of(hash)]
    }

    fn any(&self) -> bool {
        self.0.contains(&true)
    }
}

/// What has last become of a slot: twice the number of a checkpoint that has it, or one more: it has changed since the cut of
/// that one. So a cut need not touch the slots that have changed: it ends the numbers of those that do.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Mark(u32);

impl Mark {
    fn has(number: u32) -> Self {
        Self(number * 2)
    }

    fn changed_since(number: u32) -> Self {
        Self(number * 2 + 1)
    }

    /// It has changed since this cut, which was the last; whether it had before.
    pub(crate) fn change(&mut self, since: u32) -> bool {
        let now = Self::changed_since(since);
        std::mem::replace(&mut self.0, now.0) == now.0
    }
}

/// What has changed since the last cut.
#[derive(Default)]
pub(crate) struct Changes {
    /// The number of the last cut, from 1.
    pub(crate) since: u32,
    pub(crate) slots: Vec<u32>,
    pub(crate) gone: Vec<Saved>,
    /// Why a key has no bytes.
    pub(crate) failure: Option<String>,
}

impl Changes {
    /// An entity is gone, of which this was the key.
    pub(crate) fn gone<E: Stored>(&mut self, key: &E::Key, own: Own) {
        // How a key is written is user code.
        match caught(|| (E::hash_of_key(key), E::key_bytes(key))) {
            Ok((hash, Ok(key))) => self.gone.push(Saved { hash, key, own, rows: RowRecords::default() }),
            Ok((_, Err(failure))) => drop(self.failure.get_or_insert(failure)),
            Err(panicked) => drop(self.failure.get_or_insert(panicked.to_string())),
        }
    }
}

/// What of a class is still to be saved.
pub(crate) struct Saving {
    /// The number of the checkpoint, and of the cut before.
    number: u32,
    before: u32,
    whole: Whole,
    /// Slots that had changed at the cut; some are others' by now.
    pending: Vec<u32>,
    /// Slots before this one have been looked at, if groups are wanted whole.
    cursor: usize,
    end: usize,
    saved: Vec<Saved>,
    /// What is left of what has been saved in part.
    left: Vec<Left>,
    failure: Option<String>,
}

/// What one step of saving gives.
#[derive(Debug, Default)]
pub(crate) struct Step {
    pub(crate) saved: Vec<Saved>,
    /// Whether there is more.
    pub(crate) more: bool,
    /// Why a state has no bytes.
    pub(crate) failure: Option<String>,
}

impl Saving {
    /// What is to be saved at this cut: these changes, and all of these groups. There are slots up to `end`.
    pub(crate) fn new(number: u32, whole: Whole, changes: Changes, end: usize) -> Self {
        let Changes { since, slots, gone, failure } = changes;
        assert!(since < number && number < 1 << 31, "cuts are numbered in their order");
        let cursor = if whole.any() { 0 } else { end };
        let (before, pending, saved, left) = (since, slots, gone, Vec::new());
        Self { number, before, whole, pending, cursor, end, saved, left, failure }
    }

    /// The mark of a slot that comes to be now.
    pub(crate) fn new_mark(&self) -> Mark {
        Mark::has(self.number)
    }

    /// Whether a slot is still to be saved.
    pub(crate) fn wants(&self, mark: Mark, hash: u64) -> bool {
        let was_there = mark.0 < Mark::has(self.number).0;
        was_there && (mark.0 == Mark::changed_since(self.before).0 || self.whole.has(hash))
    }

    /// Whether it wants all of the group of an entity.
    pub(crate) fn wants_all(&self, hash: u64) -> bool {
        self.whole.has(hash)
    }

    /// A slot is saved, but for what is left.
    pub(crate) fn save(&mut self, mark: &mut Mark, saved: Result<(Saved, Vec<Left>), String>) {
        *mark = Mark::has(self.number);
        match saved {
            Ok((saved, left)) => {
                self.saved.push(saved);
                self.left.extend(left);
            }
            Err(failure) => self.fail(failure),
        }
    }

    /// Saves of what is left until so much has been saved; how much that was.
    pub(crate) fn save_left(&mut self, most: usize) -> usize {
        let mut done = 0;
        while done < most
            && let Some((hash, key, left)) = self.left.last_mut()
        {
            let mut rows = RowRecords::default();
            // How a row is written is user code.
            let written = caught(|| aside(|| left.write(most - done, &mut rows)));
            let more = match written.map_err(|panicked| panicked.to_string()).flatten() {
                Ok((count, more)) => {
                    done += count;
                    self.saved.push(Saved { hash: *hash, key: key.clone(), own: Own::Told, rows });
                    more
                }
                Err(failure) => {
                    self.failure.get_or_insert(failure);
                    false
                }
            };
            if !more {
                discard(self.left.pop());
            }
        }
        done
    }

    /// The next slot to look at.
    pub(crate) fn next(&mut self) -> Option<u32> {
        if let Some(slot) = self.pending.pop() {
            return Some(slot);
        }
        let slot = self.cursor;
        (slot < self.end).then(|| {
            self.cursor += 1;
            u32::try_from(slot).unwrap_or_else(|_| unreachable!("so many entities do not fit in memory"))
        })
    }

    /// Something has no bytes.
    pub(crate) fn fail(&mut self, failure: String) {
        self.failure.get_or_insert(failure);
    }

    /// What has been saved so far.
    pub(crate) fn step(&mut self) -> Step {
        let more = !self.pending.is_empty() || self.cursor < self.end || !self.left.is_empty();
        Step { saved: std::mem::take(&mut self.saved), more, failure: self.failure.take() }
    }
}
