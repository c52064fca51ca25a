//! Rows in the order of their keys: those that are shared, and what stands instead of some of them.
use super::delta::Change;
use std::cmp::Ordering;
use std::collections::btree_map;
use std::fmt::{self, Debug};
use std::iter::FusedIterator;

/// An iterator with its next element at both ends.
struct Ends<I: Iterator> {
    iter: I,
    front: Option<I::Item>,
    back: Option<I::Item>,
}

impl<I: Iterator<Item: Copy> + Clone> Clone for Ends<I> {
    fn clone(&self) -> Self {
        Self { iter: self.iter.clone(), front: self.front, back: self.back }
    }
}

impl<I: DoubleEndedIterator<Item: Copy>> Ends<I> {
    fn new(iter: I) -> Self {
        Self { iter, front: None, back: None }
    }

    /// The first element; what has been looked at from behind is the last one left.
    fn front(&mut self) -> Option<I::Item> {
        self.front = self.front.take().or_else(|| self.iter.next()).or_else(|| self.back.take());
        self.front
    }

    fn back(&mut self) -> Option<I::Item> {
        self.back = self.back.take().or_else(|| self.iter.next_back()).or_else(|| self.front.take());
        self.back
    }
}

/// Two iterators in the order of their keys; where both have a key, the second one says what is there.
struct Merged<R: Iterator, D: Iterator> {
    rows: Ends<R>,
    changes: Ends<D>,
}

impl<R: Iterator<Item: Copy> + Clone, D: Iterator<Item: Copy> + Clone> Clone for Merged<R, D> {
    fn clone(&self) -> Self {
        Self { rows: self.rows.clone(), changes: self.changes.clone() }
    }
}

impl<'a, K, V, R, D> Merged<R, D>
where
    K: Ord + 'a,
    V: 'a,
    R: DoubleEndedIterator<Item = (&'a K, &'a V)>,
    D: DoubleEndedIterator<Item = (&'a K, &'a Change<V>)>,
{
    fn new(rows: R, changes: D) -> Self {
        Self { rows: Ends::new(rows), changes: Ends::new(changes) }
    }

    fn next(&mut self) -> Option<(&'a K, &'a V)> {
        loop {
            let Some((changed, change)) = self.changes.front() else {
                self.rows.front()?;
                return self.rows.front.take();
            };
            match self.rows.front().map(|(key, _)| key.cmp(changed)) {
                Some(Ordering::Less) => return self.rows.front.take(),
                Some(Ordering::Equal) => self.rows.front = None,
                Some(Ordering::Greater) | None => {}
            }
            self.changes.front = None;
            if let Some(row) = change.row() {
                return Some((changed, row));
            }
        }
    }

    fn next_back(&mut self) -> Option<(&'a K, &'a V)> {
        loop {
            let Some((changed, change)) = self.changes.back() else {
                self.rows.back()?;
                return self.rows.back.take();
            };
            match self.rows.back().map(|(key, _)| key.cmp(changed)) {
                Some(Ordering::Greater) => return self.rows.back.take(),
                Some(Ordering::Equal) => self.rows.back = None,
                Some(Ordering::Less) | None => {}
            }
            self.changes.back = None;
            if let Some(row) = change.row() {
                return Some((changed, row));
            }
        }
    }
}

/// See [`super::Table::iter`].
pub struct Iter<'a, K, V> {
    rows: Merged<btree_map::Iter<'a, K, V>, btree_map::Iter<'a, K, Change<V>>>,
    left: usize,
}

impl<'a, K: Ord, V> Iter<'a, K, V> {
    pub(super) fn new(
        rows: btree_map::Iter<'a, K, V>,
        changes: btree_map::Iter<'a, K, Change<V>>,
        left: usize,
    ) -> Self {
        Self { rows: Merged::new(rows, changes), left }
    }
}

impl<K, V> Clone for Iter<'_, K, V> {
    fn clone(&self) -> Self {
        Self { rows: self.rows.clone(), left: self.left }
    }
}

impl<'a, K: Ord, V> Iterator for Iter<'a, K, V> {
    type Item = (&'a K, &'a V);
    fn next(&mut self) -> Option<Self::Item> {
        let row = self.rows.next()?;
        self.left -= 1;
        Some(row)
    }
    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
    fn last(mut self) -> Option<Self::Item> {
        self.next_back()
    }
    fn min(mut self) -> Option<Self::Item>
    where
        Self::Item: Ord,
    {
        self.next()
    }
    fn max(mut self) -> Option<Self::Item>
    where
        Self::Item: Ord,
    {
        self.next_back()
    }
}
impl<K: Ord, V> DoubleEndedIterator for Iter<'_, K, V> {
    fn next_back(&mut self) -> Option<Self::Item> {
        let row = self.rows.next_back()?;
        self.left -= 1;
        Some(row)
    }
}
impl<K: Ord, V> ExactSizeIterator for Iter<'_, K, V> {}
impl<K: Ord, V> FusedIterator for Iter<'_, K, V> {}

/// See [`super::Table::range`].
pub struct Range<'a, K, V>(Merged<btree_map::Range<'a, K, V>, btree_map::Range<'a, K, Change<V>>>);

impl<'a, K: Ord, V> Range<'a, K, V> {
    pub(super) fn new(rows: btree_map::Range<'a, K, V>, changes: btree_map::Range<'a, K, Change<V>>) -> Self {
        Self(Merged::new(rows, changes))
    }
}

impl<K, V> Clone for Range<'_, K, V> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<'a, K: Ord, V> Iterator for Range<'a, K, V> {
    type Item = (&'a K, &'a V);
    fn next(&mut self) -> Option<Self::Item> {
        self.0.next()
    }
    fn last(mut self) -> Option<Self::Item> {
        self.next_back()
    }
}
impl<K: Ord, V> DoubleEndedIterator for Range<'_, K, V> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.0.next_back()
    }
}
impl<K: Ord, V> FusedIterator for Range<'_, K, V> {}

macro_rules! halves {
    ($($(#[$doc:meta])* $name:ident: $half:ident, $place:tt;)+) => {$(
        $(#[$doc])*
        pub struct $name<'a, K, V>(pub(super) Iter<'a, K, V>);

        impl<K, V> Clone for $name<'_, K, V> {
            fn clone(&self) -> Self {
                Self(self.0.clone())
            }
        }
        impl<'a, K: Ord, V> Iterator for $name<'a, K, V> {
            type Item = &'a $half;
            fn next(&mut self) -> Option<Self::Item> {
                self.0.next().map(|row| row.$place)
            }
            fn size_hint(&self) -> (usize, Option<usize>) {
                self.0.size_hint()
            }
            fn last(mut self) -> Option<Self::Item> {
                self.next_back()
            }
        }
        impl<K: Ord, V> DoubleEndedIterator for $name<'_, K, V> {
            fn next_back(&mut self) -> Option<Self::Item> {
                self.0.next_back().map(|row| row.$place)
            }
        }
        impl<K: Ord, V> ExactSizeIterator for $name<'_, K, V> {}
        impl<K: Ord, V> FusedIterator for $name<'_, K, V> {}
        impl<K: Ord + Debug, V: Debug> Debug for $name<'_, K, V> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_list().entries(self.clone()).finish()
            }
        }
    )+};
}
halves! {
    /// See [`super::Table::keys`].
    Keys: K, 0;
    /// See [`super::Table::values`].
    Values: V, 1;
}

impl<K: Ord + Debug, V: Debug> Debug for Iter<'_, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}
impl<K: Ord + Debug, V: Debug> Debug for Range<'_, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}
