//! Reads a group back: its parts from the newest to the oldest, each from its end. The first record of a key counts.
use crate::part::{Entry, Part};
use crate::record::Record;
use crate::{Error, Manifest, Result, Store};
use std::collections::{BTreeSet, HashSet};
use std::ops::Bound;

impl Store {
    /// Shows each key of a group with its value, in no order, and says how many there are. One part is in memory at a
    /// time, and the keys that were shown or deleted. Threads may load groups at the same time.
    ///
    /// # Errors
    /// [`Damaged`](Error::Damaged) and [`Missing`](Error::Missing): of a part that is damaged no record was shown, but
    /// those of others may have been. Whatever `show` returns ends the loading, too.
    ///
    /// # Panics
    /// If there is no such group.
    pub fn load<E: From<Error>>(
        &self,
        manifest: &Manifest,
        group: usize,
        mut show: impl FnMut(&[u8], &[u8]) -> Result<(), E>,
    ) -> Result<u64, E> {
        let (mut known, mut gone, mut shown) = (HashSet::<Box<[u8]>>::new(), Prefixes::default(), 0);
        for entry in manifest.entries(group).iter().rev() {
            let part = self.part(entry, &manifest.id)?;
            part.backwards(|record| {
                let (key, value) = match record {
                    Record::Put(key, value) => (key, Some(value)),
                    Record::Delete(key) => (key, None),
                    Record::DeletePrefix(prefix) => {
                        gone.insert(prefix);
                        return Ok(());
                    }
                };
                if gone.covers(key) || known.contains(key) {
                    return Ok(());
                }
                known.insert(key.into());
                let Some(value) = value else { return Ok(()) };
                shown += 1;
                show(key, value)
            })?;
        }
        Ok(shown)
    }

    /// Reads and checks a part.
    pub(crate) fn part(&self, entry: &Entry, id: &[u8; 16]) -> Result<Part> {
        let name = entry.name.to_string();
        let object = self.bucket().label(&name);
        match self.bucket().get(&name, Some(entry.bytes))? {
            Some(bytes) => Part::open(object, bytes, entry, id),
            None => Err(Error::Missing { object }),
        }
    }
}

/// Prefixes, none of which begins with another one.
#[derive(Debug, Default)]
struct Prefixes {
    sorted: BTreeSet<Box<[u8]>>,
}

impl Prefixes {
    /// Whether a key begins with one of them. That one is the last that is not greater: what is between both begins with
    /// it, too.
    fn covers(&self, key: &[u8]) -> bool {
        let upto = (Bound::Unbounded, Bound::Included(key));
        self.sorted.range::<[u8], _>(upto).next_back().is_some_and(|prefix| key.starts_with(prefix))
    }

    fn insert(&mut self, prefix: &[u8]) {
        if self.covers(prefix) {
            return;
        }
        let from = (Bound::Included(prefix), Bound::Unbounded);
        let longer = self.sorted.range::<[u8], _>(from).take_while(|longer| longer.starts_with(prefix));
        let longer: Vec<_> = longer.cloned().collect();
        for longer in longer {
            self.sorted.remove(&longer);
        }
        self.sorted.insert(prefix.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Draw;

    #[test]
    fn prefixes_cover_what_one_of_them_begins() {
        for seed in 0..300 {
            let mut draw = Draw::new(seed);
            let mut word = || -> Vec<u8> {
                let length = draw.size_below(5);
                (0..length).map(|_| b'a' + u8::try_from(draw.below(3)).expect("3")).collect()
            };
            let mut prefixes = Prefixes::default();
            let mut all = Vec::new();
            for _ in 0..12 {
                let (prefix, key) = (word(), word());
                if !prefix.is_empty() {
                    prefixes.insert(&prefix);
                    all.push(prefix);
                }
                let covered = all.iter().any(|prefix| key.starts_with(prefix));
                assert_eq!(prefixes.covers(&key), covered, "seed {seed}: {key:?} of {all:?}");
            }
        }
    }
}
