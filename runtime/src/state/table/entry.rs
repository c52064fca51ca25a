//! The place of a key, as `BTreeMap::entry` has it.
use super::Table;
use std::collections::btree_map;
use std::fmt::{self, Debug};

/// The place of a key in a table. See [`Table::entry`].
pub enum Entry<'a, K, V> {
    /// There is no row.
    Vacant(VacantEntry<'a, K, V>),
    /// There is one.
    Occupied(OccupiedEntry<'a, K, V>),
}

/// A place without a row.
pub struct VacantEntry<'a, K, V>(Vacant<'a, K, V>);

enum Vacant<'a, K, V> {
    InPlace(btree_map::VacantEntry<'a, K, V>),
    Shared(&'a mut Table<K, V>, K),
}

/// A place with a row.
pub struct OccupiedEntry<'a, K, V>(Occupied<'a, K, V>);

enum Occupied<'a, K, V> {
    InPlace(btree_map::OccupiedEntry<'a, K, V>),
    /// The key is that of the table.
    Shared(&'a mut Table<K, V>, K),
}

/// See [`Table::entry`].
pub(super) fn at<K: Ord + Clone, V: Clone>(table: &mut Table<K, V>, key: K) -> Entry<'_, K, V> {
    // Who asks for a place to look at it alone has it written to the next checkpoint, and nothing else is lost.
    table.mark(&key);
    if !table.is_in_place() {
        let known = table.get_key_value(&key).map(|(known, _)| known.clone());
        return match known {
            Some(known) => Entry::Occupied(OccupiedEntry(Occupied::Shared(table, known))),
            None => Entry::Vacant(VacantEntry(Vacant::Shared(table, key))),
        };
    }
    let rows = table.in_place().unwrap_or_else(|| unreachable!("nobody has come to share the rows"));
    match rows.entry(key) {
        btree_map::Entry::Vacant(entry) => Entry::Vacant(VacantEntry(Vacant::InPlace(entry))),
        btree_map::Entry::Occupied(entry) => Entry::Occupied(OccupiedEntry(Occupied::InPlace(entry))),
    }
}

impl<'a, K: Ord + Clone, V: Clone> Entry<'a, K, V> {
    /// The row, or else this one.
    pub fn or_insert(self, row: V) -> &'a mut V {
        match self {
            Self::Occupied(entry) => entry.into_mut(),
            Self::Vacant(entry) => entry.insert(row),
        }
    }

    /// The row, or else what this makes.
    pub fn or_insert_with(self, make: impl FnOnce() -> V) -> &'a mut V {
        match self {
            Self::Occupied(entry) => entry.into_mut(),
            Self::Vacant(entry) => entry.insert(make()),
        }
    }

    /// The row, or else what this makes of the key.
    pub fn or_insert_with_key(self, make: impl FnOnce(&K) -> V) -> &'a mut V {
        match self {
            Self::Occupied(entry) => entry.into_mut(),
            Self::Vacant(entry) => {
                let row = make(entry.key());
                entry.insert(row)
            }
        }
    }

    /// The row, or else the default one.
    pub fn or_default(self) -> &'a mut V
    where
        V: Default,
    {
        self.or_insert_with(V::default)
    }

    /// Changes the row, if there is one.
    pub fn and_modify(mut self, change: impl FnOnce(&mut V)) -> Self {
        if let Self::Occupied(entry) = &mut self {
            change(entry.get_mut());
        }
        self
    }

    /// The key.
    pub fn key(&self) -> &K {
        match self {
            Self::Occupied(entry) => entry.key(),
            Self::Vacant(entry) => entry.key(),
        }
    }
}

impl<'a, K: Ord + Clone, V: Clone> VacantEntry<'a, K, V> {
    /// The key.
    pub fn key(&self) -> &K {
        match &self.0 {
            Vacant::InPlace(entry) => entry.key(),
            Vacant::Shared(_, key) => key,
        }
    }

    /// The key again.
    pub fn into_key(self) -> K {
        match self.0 {
            Vacant::InPlace(entry) => entry.into_key(),
            Vacant::Shared(_, key) => key,
        }
    }

    /// Puts a row in place.
    pub fn insert(self, row: V) -> &'a mut V {
        match self.0 {
            Vacant::InPlace(entry) => entry.insert(row),
            Vacant::Shared(table, key) => table.add(key, row),
        }
    }
}

/// What is occupied stays so until it is removed.
fn there<V>(row: Option<V>) -> V {
    row.unwrap_or_else(|| unreachable!("an occupied place has a row"))
}

impl<'a, K: Ord + Clone, V: Clone> OccupiedEntry<'a, K, V> {
    /// The key that the table has.
    pub fn key(&self) -> &K {
        match &self.0 {
            Occupied::InPlace(entry) => entry.key(),
            Occupied::Shared(_, key) => key,
        }
    }

    /// The row.
    pub fn get(&self) -> &V {
        match &self.0 {
            Occupied::InPlace(entry) => entry.get(),
            Occupied::Shared(table, key) => there(table.get(key)),
        }
    }

    /// The row, to be changed.
    pub fn get_mut(&mut self) -> &mut V {
        match &mut self.0 {
            Occupied::InPlace(entry) => entry.get_mut(),
            Occupied::Shared(table, key) => there(table.get_mut(key)),
        }
    }

    /// The row, to be changed for as long as the table is held.
    pub fn into_mut(self) -> &'a mut V {
        match self.0 {
            Occupied::InPlace(entry) => entry.into_mut(),
            Occupied::Shared(table, key) => there(table.get_mut(&key)),
        }
    }

    /// Puts another row in place; gives the one that was there.
    pub fn insert(&mut self, row: V) -> V {
        match &mut self.0 {
            Occupied::InPlace(entry) => entry.insert(row),
            Occupied::Shared(table, key) => std::mem::replace(there(table.get_mut(key)), row),
        }
    }

    /// Takes the row out.
    pub fn remove(self) -> V {
        self.remove_entry().1
    }

    /// Takes the row out, with its key.
    pub fn remove_entry(self) -> (K, V) {
        match self.0 {
            Occupied::InPlace(entry) => entry.remove_entry(),
            Occupied::Shared(table, key) => {
                let row = there(table.remove(&key));
                (key, row)
            }
        }
    }
}

impl<K: Ord + Clone + Debug, V: Clone + Debug> Debug for Entry<'_, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Vacant(entry) => f.debug_tuple("Entry").field(entry).finish(),
            Self::Occupied(entry) => f.debug_tuple("Entry").field(entry).finish(),
        }
    }
}
impl<K: Ord + Clone + Debug, V: Clone> Debug for VacantEntry<'_, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("VacantEntry").field(self.key()).finish()
    }
}
impl<K: Ord + Clone + Debug, V: Clone + Debug> Debug for OccupiedEntry<'_, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OccupiedEntry").field("key", self.key()).field("value", self.get()).finish()
    }
}
