//! What is written to a table while copies share its rows.
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What has become of a row. The key beside it is the one that the table has for it.
#[derive(Clone)]
pub(super) enum Change<V> {
    /// It was there, and is not.
    Removed,
    /// It is another under its old key.
    Changed(V),
    /// It was removed, and has come again under a key that is equal.
    Replaced(V),
    /// It was not there.
    Added(V),
}

impl<V> Change<V> {
    /// The row, if there is one.
    pub(super) fn row(&self) -> Option<&V> {
        match self {
            Self::Removed => None,
            Self::Changed(row) | Self::Replaced(row) | Self::Added(row) => Some(row),
        }
    }

    pub(super) fn row_mut(&mut self) -> Option<&mut V> {
        match self {
            Self::Removed => None,
            Self::Changed(row) | Self::Replaced(row) | Self::Added(row) => Some(row),
        }
    }

    pub(super) fn into_row(self) -> Option<V> {
        match self {
            Self::Removed => None,
            Self::Changed(row) | Self::Replaced(row) | Self::Added(row) => Some(row),
        }
    }
}

/// The changes to shared rows.
pub(super) struct Delta<K, V> {
    pub(super) changes: BTreeMap<K, Change<V>>,
    /// How many more rows there are for it.
    pub(super) grown: isize,
    /// How many changes have been copied since the rows were last written in place. Counted where a copy is made, which has
    /// the table only to read.
    pub(super) copied: AtomicUsize,
}

impl<K, V> Delta<K, V> {
    pub(super) const fn new() -> Self {
        Self { changes: BTreeMap::new(), grown: 0, copied: AtomicUsize::new(0) }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }
}

impl<K: Clone, V: Clone> Clone for Delta<K, V> {
    fn clone(&self) -> Self {
        if self.is_empty() {
            return Self::new();
        }
        let (changes, count) = (self.changes.clone(), self.changes.len());
        // Whichever of the two is written next has the rows to pay for.
        let copied = self.copied.fetch_add(count, Ordering::Relaxed).wrapping_add(count);
        Self { changes, grown: self.grown, copied: AtomicUsize::new(copied) }
    }
}
