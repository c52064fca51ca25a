//! The rows of a table on their way to a checkpoint: all of them, or those that are marked; some at a time.
use super::Table;
use super::records::RowRecords;
use serde::Serialize;
use std::ops::Bound;
use std::sync::atomic::Ordering;

/// How many rows were written, and what is left of them.
type Written = Result<(usize, Option<Box<dyn RowsLeft>>), String>;

/// A table without its type.
pub trait ByRow {
    /// Where it stands.
    #[doc(hidden)]
    fn place(&self) -> usize;
    /// Its stamp.
    #[doc(hidden)]
    fn stamp(&self) -> u64;
    /// A checkpoint has seen it as it is.
    #[doc(hidden)]
    fn seen(&self, stamp: u64);
    /// Writes rows: all, or those that its stamp's are not; so many at most, and the rest is left. How many were written.
    #[doc(hidden)]
    fn write(&self, all: bool, number: u8, most: usize, to: &mut RowRecords) -> Written;
}

/// Rows that are still to be written, as they were at the cut.
pub trait RowsLeft {
    /// Writes some more, and how many; whether there are more.
    #[doc(hidden)]
    fn write(&mut self, most: usize, to: &mut RowRecords) -> Result<(usize, bool), String>;
}

/// How far rows have been written.
enum Cursor<K> {
    All(Option<K>),
    /// Of keys that are marked: those of the shared rows first, and then those beside them.
    Shared(Option<K>),
    Beside(Option<K>),
}

impl<K: Ord + Clone + Serialize, V: Serialize> Table<K, V> {
    /// Writes so many rows; how many, and where there are more.
    fn write_from(
        &self,
        from: Cursor<K>,
        number: u8,
        most: usize,
        to: &mut RowRecords,
    ) -> Result<(usize, Option<Cursor<K>>), String> {
        let base = self.base.load(Ordering::Relaxed);
        let behind = |from: Option<K>| (from.map_or(Bound::Unbounded, Bound::Excluded), Bound::Unbounded);
        let mut last = None;
        let mut count = 0;
        let marks = match from {
            Cursor::All(from) => {
                for (key, row) in self.range(behind(from)).take(most) {
                    to.put(number, key, row)?;
                    (count, last) = (count + 1, Some(key));
                }
                let left = last.filter(|_| count == most).cloned();
                return Ok((count, left.map(|last| Cursor::All(Some(last)))));
            }
            Cursor::Shared(_) => self.rows.marks.keys(base),
            Cursor::Beside(_) => self.marks.keys(base),
        };
        let shared = matches!(from, Cursor::Shared(_));
        let (Cursor::All(from) | Cursor::Shared(from) | Cursor::Beside(from)) = from;
        for key in marks.map(|marks| marks.range(behind(from))).into_iter().flatten().take(most) {
            to.change(number, key, self.get_key_value(key))?;
            (count, last) = (count + 1, Some(key));
        }
        let last = last.filter(|_| count == most).cloned();
        let left = match last {
            Some(last) if shared => Some(Cursor::Shared(Some(last))),
            Some(last) => Some(Cursor::Beside(Some(last))),
            None if shared => Some(Cursor::Beside(None)),
            None => None,
        };
        Ok((count, left))
    }

    /// Writes rows until there are so many, or no more.
    fn write_some(
        &self,
        mut from: Cursor<K>,
        number: u8,
        most: usize,
        to: &mut RowRecords,
    ) -> Result<(usize, Option<Cursor<K>>), String> {
        assert!(most > 0, "who writes rows writes one at least");
        let mut count = 0;
        loop {
            let (more, left) = self.write_from(from, number, most - count, to)?;
            count += more;
            match left {
                Some(left) if count < most => from = left,
                left => return Ok((count, left)),
            }
        }
    }
}

impl<K, V> ByRow for Table<K, V>
where
    K: Ord + Clone + Serialize + 'static,
    V: Clone + Serialize + 'static,
{
    fn place(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }
    fn stamp(&self) -> u64 {
        self.base.load(Ordering::Relaxed)
    }
    fn seen(&self, stamp: u64) {
        self.base.store(stamp, Ordering::Relaxed);
    }
    fn write(&self, all: bool, number: u8, most: usize, to: &mut RowRecords) -> Written {
        let from = if all { Cursor::All(None) } else { Cursor::Shared(None) };
        let (count, left) = self.write_some(from, number, most, to)?;
        // What is left is written as it is now: a copy stays behind, which is cheap.
        let left = left.map(|cursor| -> Box<dyn RowsLeft> {
            Box::new(Left { table: self.clone(), number, cursor: Some(cursor) })
        });
        Ok((count, left))
    }
}

struct Left<K, V> {
    table: Table<K, V>,
    number: u8,
    cursor: Option<Cursor<K>>,
}

impl<K: Ord + Clone + Serialize, V: Serialize> RowsLeft for Left<K, V> {
    fn write(&mut self, most: usize, to: &mut RowRecords) -> Result<(usize, bool), String> {
        let Some(cursor) = self.cursor.take() else { return Ok((0, false)) };
        let (count, left) = self.table.write_some(cursor, self.number, most, to)?;
        self.cursor = left;
        Ok((count, self.cursor.is_some()))
    }
}
