//! Which rows of a table are not what a checkpoint has seen.
//!
//! A stamp names what some checkpoint has seen of some table: its rows at that time. It is drawn when they are saved, or read
//! from a checkpoint. Invariant: a table with a stamp has these rows, but for the keys that are marked. That is true of a value, and so of
//! its copies, wherever they come from, wherever they go and whatever becomes of them: undo puts a copy back with the marks
//! that it had, and a table that is moved takes its stamp with it. Who writes the next checkpoint compares stamps.
use super::Table;
use std::borrow::Borrow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// So many stamps are drawn at once: one for each table that an entity may have.
pub(crate) const STAMPS: u64 = 1 << 8;

/// Draws stamps that no table has: this one, and those behind it.
pub(crate) fn draw_stamps() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(STAMPS, Ordering::Relaxed)
}

/// So many keys are marked in any table. In a large one, more than half as many as there are rows cost more than they save.
const FEW: usize = 64;

impl<K: Ord + Clone, V> Table<K, V> {
    /// Whether it has a stamp. Without checkpoints, none does.
    pub(super) fn is_tracked(&mut self) -> bool {
        *self.base.get_mut() != 0
    }

    /// The place of a key is about to be written.
    pub(super) fn mark(&mut self, key: &K) {
        if self.is_tracked() && !self.is_marked(key) {
            let known = self.get_key_value(key).map_or(key, |(known, _)| known).clone();
            self.add_mark(known);
        }
    }

    /// The row with this key is about to be written, if there is one.
    pub(super) fn mark_row<Q: Ord + ?Sized>(&mut self, key: &Q)
    where
        K: Borrow<Q>,
    {
        if self.is_tracked()
            && !self.is_marked(key)
            && let Some((known, _)) = self.get_key_value(key)
        {
            let known = known.clone();
            self.add_mark(known);
        }
    }

    fn is_marked<Q: Ord + ?Sized>(&mut self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        let base = *self.base.get_mut();
        self.marks.has(base, key) || self.rows.marks.has(base, key)
    }

    fn add_mark(&mut self, key: K) {
        let (base, rows) = (*self.base.get_mut(), self.rows.len());
        let marks = match Arc::get_mut(&mut self.rows) {
            Some(rows) => &mut rows.marks,
            None => &mut self.marks,
        };
        if marks.insert(base, key) > FEW + rows / 2 {
            // It is written as a whole.
            *self.base.get_mut() = 0;
            self.marks.clear();
            if let Some(rows) = Arc::get_mut(&mut self.rows) {
                rows.marks.clear();
            }
        }
    }
}
