//! The rows that copies of a table share, and which keys were written since a checkpoint has seen them.
use crate::base::guard::discard;
use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::ops::{Deref, DerefMut};

/// See the head of this file.
pub(super) struct Rows<K, V> {
    map: BTreeMap<K, V>,
    pub(super) marks: Marks<K>,
}

impl<K, V> Rows<K, V> {
    pub(super) const fn new(map: BTreeMap<K, V>) -> Self {
        Self { map, marks: Marks::new() }
    }

    pub(super) fn into_map(self) -> BTreeMap<K, V> {
        self.map
    }
}

impl<K: Clone, V: Clone> Clone for Rows<K, V> {
    fn clone(&self) -> Self {
        Self { map: self.map.clone(), marks: self.marks.clone() }
    }
}

impl<K, V> Deref for Rows<K, V> {
    type Target = BTreeMap<K, V>;
    fn deref(&self) -> &BTreeMap<K, V> {
        &self.map
    }
}

impl<K, V> DerefMut for Rows<K, V> {
    fn deref_mut(&mut self) -> &mut BTreeMap<K, V> {
        &mut self.map
    }
}

/// The keys of rows that are not what they were under a stamp; see [`super::Table::base`]. Where that had a row, the key is the
/// one that it had for it. Nothing is known of another stamp.
pub(super) struct Marks<K>(Option<Box<Marked<K>>>);

struct Marked<K> {
    base: u64,
    keys: BTreeSet<K>,
}

impl<K> Marks<K> {
    pub(super) const fn new() -> Self {
        Self(None)
    }

    /// The keys that differ from what has this stamp.
    pub(super) fn keys(&self, base: u64) -> Option<&BTreeSet<K>> {
        self.0.as_ref().filter(|marked| marked.base == base).map(|marked| &marked.keys)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.as_ref().is_none_or(|marked| marked.keys.is_empty())
    }
}

impl<K: Ord> Marks<K> {
    pub(super) fn has<Q: Ord + ?Sized>(&self, base: u64, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.keys(base).is_some_and(|keys| keys.contains(key))
    }

    /// A key differs; how many do now.
    pub(super) fn insert(&mut self, base: u64, key: K) -> usize {
        let marked = self.0.get_or_insert_with(|| Box::new(Marked { base, keys: BTreeSet::new() }));
        if marked.base != base {
            discard(std::mem::take(&mut marked.keys));
            marked.base = base;
        }
        // A key that is there stays.
        marked.keys.insert(key);
        marked.keys.len()
    }

    /// Takes all keys that differ from what has this stamp, one by one.
    pub(super) fn take(&mut self, base: u64, mut each: impl FnMut(K)) {
        let Some(marked) = &mut self.0 else { return };
        if marked.base != base {
            discard(std::mem::take(&mut marked.keys));
        }
        while let Some(key) = marked.keys.pop_first() {
            each(key);
        }
    }

    /// Forgets all of them.
    pub(super) fn clear(&mut self) {
        discard(self.0.take());
    }
}

impl<K: Clone> Clone for Marks<K> {
    fn clone(&self) -> Self {
        let Some(marked) = self.0.as_ref().filter(|marked| !marked.keys.is_empty()) else {
            return Self(None);
        };
        Self(Some(Box::new(Marked { base: marked.base, keys: marked.keys.clone() })))
    }
}
