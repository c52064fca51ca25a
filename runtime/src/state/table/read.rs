//! What a table tells, without being written.
use super::Table;
use super::iter::{Iter, Keys, Range, Values};
use std::borrow::Borrow;
use std::ops::{Index, RangeBounds};

impl<K, V> Table<K, V> {
    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len().wrapping_add_signed(self.delta.grown)
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<K: Ord, V> Table<K, V> {
    /// The row with this key.
    pub fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        match self.delta.changes.get(key) {
            Some(change) => change.row(),
            None => self.rows.get(key),
        }
    }

    /// The row with this key, and the key that it has here.
    pub fn get_key_value<Q: Ord + ?Sized>(&self, key: &Q) -> Option<(&K, &V)>
    where
        K: Borrow<Q>,
    {
        match self.delta.changes.get_key_value(key) {
            Some((key, change)) => Some((key, change.row()?)),
            None => self.rows.get_key_value(key),
        }
    }

    /// Whether there is a row with this key.
    pub fn contains_key<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.get(key).is_some()
    }

    /// The row with the least key.
    #[must_use]
    pub fn first_key_value(&self) -> Option<(&K, &V)> {
        if self.delta.is_empty() { self.rows.first_key_value() } else { self.iter().next() }
    }

    /// The row with the greatest key.
    #[must_use]
    pub fn last_key_value(&self) -> Option<(&K, &V)> {
        if self.delta.is_empty() { self.rows.last_key_value() } else { self.iter().next_back() }
    }

    /// All rows, by their keys.
    pub fn iter(&self) -> Iter<'_, K, V> {
        Iter::new(self.rows.iter(), self.delta.changes.iter(), self.len())
    }

    /// The rows with keys in a range.
    ///
    /// # Panics
    /// If the range ends before it begins.
    pub fn range<Q, R>(&self, range: R) -> Range<'_, K, V>
    where
        Q: Ord + ?Sized,
        K: Borrow<Q>,
        R: RangeBounds<Q>,
    {
        let bounds = (range.start_bound(), range.end_bound());
        Range::new(self.rows.range(bounds), self.delta.changes.range(bounds))
    }

    /// All keys, in their order.
    pub fn keys(&self) -> Keys<'_, K, V> {
        Keys(self.iter())
    }

    /// All rows without their keys, in the order of these.
    pub fn values(&self) -> Values<'_, K, V> {
        Values(self.iter())
    }
}

impl<K: Borrow<Q> + Ord, Q: Ord + ?Sized, V> Index<&Q> for Table<K, V> {
    type Output = V;

    /// The row with this key.
    ///
    /// # Panics
    /// If there is none.
    fn index(&self, key: &Q) -> &V {
        self.get(key).expect("no entry found for key")
    }
}
