//! What changes a table: in place, if no copy shares its rows, or else beside them.
//!
//! A row is copied before anything is changed, so that a copy that panics changes nothing.
use super::Table;
use super::delta::{Change, Delta};
use super::entry::{self, Entry};
use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::ops::RangeBounds;

impl<K: Ord + Clone, V: Clone> Table<K, V> {
    /// The row with this key, to be changed.
    pub fn get_mut<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        self.mark_row(key);
        if self.is_in_place() {
            return self.in_place()?.get_mut(key);
        }
        let Self { rows, delta: Delta { changes, .. }, .. } = self;
        if !changes.contains_key(key) {
            let (key, row) = rows.get_key_value(key)?;
            return changes.entry(key.clone()).or_insert(Change::Changed(row.clone())).row_mut();
        }
        changes.get_mut(key)?.row_mut()
    }

    /// Puts a row in place; gives the one that was there. A key that is there stays, as in a `BTreeMap`.
    pub fn insert(&mut self, key: K, row: V) -> Option<V> {
        self.mark(&key);
        if let Some(rows) = self.in_place() {
            return rows.insert(key, row);
        }
        if let Some(known) = self.delta.changes.get_mut(&key).and_then(Change::row_mut) {
            return Some(std::mem::replace(known, row));
        }
        if !self.delta.changes.contains_key(&key)
            && let Some((known, old)) = self.rows.get_key_value(&key)
        {
            let (known, old) = (known.clone(), old.clone());
            self.delta.changes.insert(known, Change::Changed(row));
            return Some(old);
        }
        self.add(key, row);
        None
    }

    /// Puts a row where there is none, under a key that is marked.
    pub(super) fn add(&mut self, key: K, row: V) -> &mut V {
        if self.is_in_place() {
            let rows = self.in_place().unwrap_or_else(|| unreachable!("nobody has come to share the rows"));
            return rows.entry(key).or_insert(row);
        }
        let Delta { changes, grown, .. } = &mut self.delta;
        // Before anything is dropped, which is user code, all is where it belongs.
        let removed = changes.remove_entry(&key);
        let change = if removed.is_some() { Change::Replaced(row) } else { Change::Added(row) };
        let row = changes.entry(key).or_insert(change);
        *grown += 1;
        drop(removed);
        row.row_mut().unwrap_or_else(|| unreachable!("a row has just been put there"))
    }

    /// Takes a row out.
    pub fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        self.mark_row(key);
        if let Some(rows) = self.in_place() {
            return rows.remove(key);
        }
        let shared = if self.delta.changes.contains_key(key) { None } else { self.rows.get(key).cloned() };
        self.take_out(key).or(shared)
    }

    /// Takes a row out, with the key that it had here.
    pub fn remove_entry<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<(K, V)>
    where
        K: Borrow<Q>,
    {
        let known = self.get_key_value(key)?.0.clone();
        let row = self.remove(key)?;
        Some((known, row))
    }

    /// Removes a row that may be shared, and whose key is marked; gives it, if it was not.
    fn take_out<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let Self { rows, delta: Delta { changes, grown, .. }, .. } = self;
        let Some(change) = changes.get_mut(key) else {
            let (known, _) = rows.get_key_value(key)?;
            changes.insert(known.clone(), Change::Removed);
            *grown -= 1;
            return None;
        };
        let old = match change {
            Change::Removed => return None,
            Change::Added(_) => changes.remove_entry(key).map(|(_, change)| change)?,
            Change::Changed(_) | Change::Replaced(_) => std::mem::replace(change, Change::Removed),
        };
        *grown -= 1;
        old.into_row()
    }

    /// The place of a key, where a row may be or not.
    pub fn entry(&mut self, key: K) -> Entry<'_, K, V> {
        entry::at(self, key)
    }

    /// Takes out the row with the least key.
    pub fn pop_first(&mut self) -> Option<(K, V)> {
        if !self.is_tracked()
            && let Some(rows) = self.in_place()
        {
            return rows.pop_first();
        }
        let key = self.first_key_value()?.0.clone();
        let row = self.remove(&key)?;
        Some((key, row))
    }

    /// Takes out the row with the greatest key.
    pub fn pop_last(&mut self) -> Option<(K, V)> {
        if !self.is_tracked()
            && let Some(rows) = self.in_place()
        {
            return rows.pop_last();
        }
        let key = self.last_key_value()?.0.clone();
        let row = self.remove(&key)?;
        Some((key, row))
    }

    /// Keeps the rows of which this is true. Unlike that of a `BTreeMap`, it only looks at them; [`Table::update`] changes them.
    pub fn retain(&mut self, mut keep: impl FnMut(&K, &V) -> bool) {
        if !self.is_tracked()
            && let Some(rows) = self.in_place()
        {
            return rows.retain(|key, row| keep(key, row));
        }
        let gone = self.iter().filter(|(key, row)| !keep(key, row));
        let gone: Vec<K> = gone.map(|(key, _)| key.clone()).collect();
        for key in &gone {
            self.mark(key);
            drop(if self.is_in_place() { self.remove(key) } else { self.take_out(key) });
        }
    }

    /// Changes rows with keys in a range, in their order. A row that is the same behind it is left as it was, and is not copied
    /// for good.
    ///
    /// ```
    /// # use thalweg::Table;
    /// let mut prices = Table::from([(1, 10), (2, 20), (3, 30)]);
    /// prices.update(2.., |_, price| *price = (*price + 5).min(30));
    /// assert_eq!(prices, Table::from([(1, 10), (2, 25), (3, 30)]));
    /// ```
    ///
    /// # Panics
    /// If the range ends before it begins.
    pub fn update<Q, R>(&mut self, range: R, mut change: impl FnMut(&K, &mut V))
    where
        Q: Ord + ?Sized,
        K: Borrow<Q>,
        R: RangeBounds<Q>,
        V: PartialEq,
    {
        let changed = self.range(range).filter_map(|(key, row)| {
            let mut copy = row.clone();
            change(key, &mut copy);
            (copy != *row).then(|| (key.clone(), copy))
        });
        let changed: Vec<_> = changed.collect();
        changed.into_iter().for_each(|(key, row)| self.set(key, row));
    }

    /// Puts another row in the place of one that is there, under the key that the table has.
    fn set(&mut self, key: K, row: V) {
        self.mark(&key);
        if let Some(rows) = self.in_place() {
            rows.insert(key, row);
        } else if let Some(known) = self.delta.changes.get_mut(&key).and_then(Change::row_mut) {
            *known = row;
        } else {
            self.delta.changes.insert(key, Change::Changed(row));
        }
    }

    /// Removes all rows. If they are shared, that takes no time.
    pub fn clear(&mut self) {
        *self = Self::new();
    }

    /// Moves all rows of another table here.
    pub fn append(&mut self, other: &mut Self) {
        self.extend(std::mem::take(other));
    }

    /// All rows, as they are kept by std.
    pub(super) fn into_map(mut self) -> BTreeMap<K, V> {
        self.merge();
        if !self.delta.is_empty() {
            return self.iter().map(|(key, row)| (key.clone(), row.clone())).collect();
        }
        std::sync::Arc::unwrap_or_clone(self.rows).into_map()
    }
}

impl<K: Ord + Clone, V: Clone> Extend<(K, V)> for Table<K, V> {
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, rows: I) {
        rows.into_iter().for_each(|(key, row)| drop(self.insert(key, row)));
    }
}

impl<'a, K: Ord + Copy, V: Copy> Extend<(&'a K, &'a V)> for Table<K, V> {
    fn extend<I: IntoIterator<Item = (&'a K, &'a V)>>(&mut self, rows: I) {
        self.extend(rows.into_iter().map(|(key, row)| (*key, *row)));
    }
}
