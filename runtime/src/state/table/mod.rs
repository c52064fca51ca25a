//! A large ordered collection in a state: what is copied of it is what is written.
//!
//! Undo, scouts and looks copy states. A copy of a table shares its rows; while they are shared, what is written goes to a
//! *delta* of its own, and once they are not, the delta is merged into them.
mod delta;
mod entry;
mod forms;
mod iter;
mod read;
mod write;
#[cfg(test)]
mod tests;

pub use entry::{Entry, OccupiedEntry, VacantEntry};
pub use iter::{Iter, Keys, Range, Values};

use crate::base::guard::discard;
use delta::{Change, Delta};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A `BTreeMap` that is cheap to copy: for a field with many rows, of which a transaction writes few.
///
/// Before a transaction writes to a field, the engine keeps its old value, to put it back if the transaction fails. Of a
/// `BTreeMap` that is a copy of all of it; of a table it is a copy of the rows that are written. The methods are those of
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
/// a transaction begins; it is merged more rarely then, and a write costs about √*n* rows more.
///
/// A table is one value of one entity, so it is on one worker, and whoever writes one row has the ticket of all of them.
/// What is too large or too busy for that is split by key into several entities.
pub struct Table<K, V> {
    /// In the hands of all copies that have been taken since it was last written in place.
    rows: Arc<BTreeMap<K, V>>,
    /// What stands instead of some of these rows, beside them, and in place of none.
    delta: Delta<K, V>,
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
        if self.delta.is_empty() {
            return;
        }
        let Some(rows) = Arc::get_mut(&mut self.rows) else { return };
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
            self.rows = Arc::new(BTreeMap::clone(&self.rows));
        }
        self.merge();
        true
    }

    /// The rows, if they can be written in place.
    fn in_place(&mut self) -> Option<&mut BTreeMap<K, V>> {
        if self.is_in_place() { Arc::get_mut(&mut self.rows) } else { None }
    }
}

impl<K: Clone, V: Clone> Clone for Table<K, V> {
    fn clone(&self) -> Self {
        Self { rows: self.rows.clone(), delta: self.delta.clone() }
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
