//! A large ordered collection in a state: what is copied of it is what is written.
//!
//! Undo, scouts and looks copy states. A copy of a table shares its rows; while they are shared, what is written goes to a
//! *delta* of its own, and once they are not, the delta is merged into them.
//!
//! A checkpoint has a record for each row, and is told of those that have changed: see `track`.
mod by_row;
mod delta;
mod entry;
mod forms;
mod iter;
mod read;
mod records;
mod rows;
mod saved;
mod track;
mod write;
#[cfg(test)]
mod tests;

pub use by_row::{ByRow, RowsLeft};
pub use entry::{Entry, OccupiedEntry, VacantEntry};
pub use iter::{Iter, Keys, Range, Values};
pub(crate) use records::RowChange;
pub use records::RowRecords;
pub(crate) use saved::{Tables, with_rows, without_rows};
pub(crate) use track::draw_stamps;

use crate::base::guard::discard;
use delta::{Change, Delta};
use rows::{Marks, Rows};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A `BTreeMap` that is cheap to copy: for a field with many rows, of which a transaction writes few.
///
/// Before a transaction writes to a field, the engine keeps its old value, to put it back if the transaction fails. Of a
/// `BTreeMap` that is a copy of all of it; of a table it is a copy of the rows that are written. So are checkpoints: they write
/// the rows that have changed since the last one. The methods are those of
/// [`BTreeMap`], by name and by meaning, and so are the bytes: a field of one type can be made one of the other, and what
/// has been stored is still read.
///
/// ```
/// use thalweg::{Table, prelude::*};
///
/// #[entity(auto)]
/// struct Shelf {
///     #[key]
///     name: String,
///     stock: Table<u64, u32>,
/// }
///
/// #[entity]
/// impl Shelf {
///     pub fn new(name: String) -> Self {
///         Self { name, stock: Table::new() }
///     }
///     pub fn fill(&mut self, items: Vec<(u64, u32)>) {
///         self.stock.extend(items);
///     }
///     pub fn take(&mut self, item: u64, count: u32) -> Result<u32, String> {
///         let left = self.stock.entry(item).or_default();
///         *left = left.checked_sub(count).ok_or("there are not so many")?;
///         Ok(*left)
///     }
///     pub fn scarce(&self, below: u64) -> Vec<u64> {
///         self.stock.range(..below).filter(|(_, left)| **left < 3).map(|(item, _)| *item).collect()
///     }
/// }
///
/// # fn main() -> thalweg::Result {
/// let app = App::new("shop").entity::<Shelf>().start()?;
/// let shelf = || Shelf::at("tea".to_owned());
/// app.call_blocking(shelf().fill((0..10_000).map(|item| (item, 5)).collect()))?;
/// assert_eq!(app.call_blocking(shelf().take(7, 3))?, Ok(2));
/// assert!(app.call_blocking(shelf().take(8, 6))?.is_err()); // and the shelf is as it was
/// assert_eq!(app.call_blocking(shelf().scarce(100))?, [7]);
/// # Ok(())
/// # }
/// ```
///
/// # What it costs
///
/// *n* is the number of rows, *d* that of rows written since the copy was taken that still shares the others; in an entity,
/// these are the rows of one transaction.
///
/// | | |
/// |---|---|
/// | look up, insert, remove | O(log *n*), and a copy of the row if it is shared |
/// | copy | O(*d*) |
/// | clear | O(*d*) if the rows are shared, else O(*n*) |
/// | scan | O(log *n*) and then a step a row; a row that was removed costs a step, too, while it is shared |
///
/// A copy that lives long, such as one in another entity, would let *d* grow; when as many rows have been copied as the table
/// has, the rest is copied, too, and nothing is shared any more.
///
/// There is no `iter_mut`, no `range_mut` and no `values_mut`: they would copy what is only looked at. [`Table::update`] copies
/// what changes.
///
/// # Where it belongs
///
/// As a field of an entity, or in an `Option`, a `Box` or a `Vec` there. In a struct in a field, the engine does not see it when
/// a transaction begins; it is merged more rarely then, and a write costs about √*n* rows more. A checkpoint writes the rows of a
/// field that is a table; what is in something else is written as a whole, with its entity.
///
/// A table is one value of one entity, so it is on one worker, and whoever writes one row has the ticket of all of them.
/// What is too large or too busy for that is split by key into several entities.
pub struct Table<K, V> {
    /// In the hands of all copies that have been taken since it was last written in place.
    rows: Arc<Rows<K, V>>,
    /// What stands instead of some of these rows, beside them, and in place of none.
    delta: Delta<K, V>,
    /// The stamp of what some checkpoint has seen, of which this differs in the keys that are marked and in no others; 0 if
    /// there is none. Whoever saves it has it only to read.
    base: AtomicU64,
    /// The keys that were marked beside the shared rows.
    marks: Marks<K>,
}

impl<K, V> Table<K, V> {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::from(BTreeMap::new())
    }
}

impl<K: Ord, V> Table<K, V> {
    /// Merges the delta into the rows, if no copy shares them.
    pub(crate) fn merge(&mut self) {
        if self.delta.is_empty() && self.marks.is_empty() {
            return;
        }
        let Some(rows) = Arc::get_mut(&mut self.rows) else { return };
        // If a comparison panics, nothing is known of this table.
        let base = std::mem::take(self.base.get_mut());
        self.marks.take(base, |key| {
            rows.marks.insert(base, key);
        });
        *self.base.get_mut() = base;
        let Delta { changes, grown, copied } = &mut self.delta;
        *copied.get_mut() = 0;
        // Row by row: what the drop of one does is user code, and whatever it does, each row is in one of the two.
        while let Some((key, change)) = changes.pop_first() {
            match change {
                Change::Removed => {
                    let old = rows.remove_entry(&key);
                    *grown += 1;
                    discard((old, key));
                }
                Change::Changed(row) => {
                    let place = rows.get_mut(&key);
                    let place = place.unwrap_or_else(|| unreachable!("what has changed was there"));
                    let old = std::mem::replace(place, row);
                    discard((old, key));
                }
                Change::Replaced(row) => {
                    let old = rows.remove_entry(&key);
                    rows.insert(key, row);
                    discard(old);
                }
                Change::Added(row) => {
                    let old = rows.insert(key, row);
                    *grown -= 1;
                    debug_assert!(old.is_none(), "what was added was not there");
                }
            }
        }
        debug_assert_eq!(*grown, 0, "without changes, the rows are all there is");
    }
}

impl<K: Ord + Clone, V: Clone> Table<K, V> {
    /// Whether the rows can be written in place: no copy shares them, or the changes have been copied so often that a copy of
    /// the rows costs no more, which is then made.
    fn is_in_place(&mut self) -> bool {
        // There are no weak owners, so where there is one, it is this one.
        if Arc::strong_count(&self.rows) > 1 {
            if *self.delta.copied.get_mut() < self.rows.len() {
                return false;
            }
            self.rows = Arc::new(Rows::clone(&self.rows));
        }
        self.merge();
        true
    }

    /// The rows, if they can be written in place.
    fn in_place(&mut self) -> Option<&mut Rows<K, V>> {
        if self.is_in_place() { Arc::get_mut(&mut self.rows) } else { None }
    }
}

impl<K: Clone, V: Clone> Clone for Table<K, V> {
    fn clone(&self) -> Self {
        let (delta, marks) = (self.delta.clone(), self.marks.clone());
        let base = AtomicU64::new(self.base.load(Ordering::Relaxed));
        Self { rows: self.rows.clone(), delta, base, marks }
    }
}

/// A field that may hold tables, which merge what was written to them.
pub trait Merge {
    /// Merges it.
    fn merge(&mut self);
}
impl<K: Ord, V> Merge for Table<K, V> {
    fn merge(&mut self) {
        Self::merge(self);
    }
}
impl<T: Merge> Merge for Option<T> {
    fn merge(&mut self) {
        self.iter_mut().for_each(T::merge);
    }
}
impl<T: Merge> Merge for Box<T> {
    fn merge(&mut self) {
        T::merge(self);
    }
}
impl<T: Merge> Merge for Vec<T> {
    fn merge(&mut self) {
        self.iter_mut().for_each(T::merge);
    }
}
impl<T: Merge, const N: usize> Merge for [T; N] {
    fn merge(&mut self) {
        self.iter_mut().for_each(T::merge);
    }
}
