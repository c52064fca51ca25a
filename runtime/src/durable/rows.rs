//! Rows of tables, and the entities to which they belong: a checkpoint shows records in no order.
use crate::base::error::{Error, Result};
use crate::base::storage_fault::StorageFault;
use crate::base::varint;
use crate::codec::{first_length, marks, put_in_place};

/// The entities of a group that have tables, and the rows of these.
#[derive(Default)]
pub(crate) struct Gathered {
    entities: Vec<Entity>,
    /// Keys of rows, in full, and the rows.
    rows: Vec<Row>,
    bytes: Vec<u8>,
}

/// Where the key of a row is, and where the row ends that stands behind it.
#[derive(Clone, Copy)]
struct Row {
    start: usize,
    key: usize,
    end: usize,
}

impl Row {
    /// Its key in full.
    fn key(self, bytes: &[u8]) -> &[u8] {
        &bytes[self.start..self.key]
    }
}

struct Entity {
    key: Box<[u8]>,
    record: Box<[u8]>,
    /// Where its tables stand in its record, and their numbers.
    marks: Vec<(usize, u8)>,
}

impl Gathered {
    /// Takes a record of a class, if it needs others or is needed by others; whether it does.
    ///
    /// # Errors
    /// When it is no record of an entity.
    pub(crate) fn take(&mut self, key: &[u8], value: &[u8]) -> Result<bool> {
        let mut rest = key;
        let class = varint::read(&mut rest);
        assert!(class.is_some(), "the key has just been read");
        let own = first_length(rest).map_err(unknown)?;
        if own < rest.len() {
            let start = self.bytes.len();
            self.bytes.extend_from_slice(key);
            self.bytes.extend_from_slice(value);
            self.rows.push(Row { start, key: start + key.len(), end: self.bytes.len() });
            return Ok(true);
        }
        let marks = marks(value).map_err(unknown)?;
        if marks.is_empty() {
            return Ok(false);
        }
        self.entities.push(Entity { key: key.into(), record: value.into(), marks });
        Ok(true)
    }

    /// Shows the entities, with their rows in place and the numbers of their tables.
    ///
    /// # Errors
    /// When there are rows without an entity.
    pub(crate) fn each(self, mut show: impl FnMut(&[u8], &[u8], &[u8]) -> Result<()>) -> Result<()> {
        let Self { entities, mut rows, bytes } = self;
        // Most of them come in order, though backwards: this sort finds out.
        rows.sort_by(|one, other| one.key(&bytes).cmp(other.key(&bytes)));
        let mut placed = 0;
        for Entity { key, record, marks } in entities {
            let mut numbers = Vec::new();
            for (_, number) in &marks {
                if !numbers.contains(number) {
                    numbers.push(*number);
                }
            }
            let of = |number: u8| {
                let prefix = [&key[..], &[number]].concat();
                let from = rows.partition_point(|row| row.key(&bytes) < &prefix[..]);
                let count = rows[from..].partition_point(|row| row.key(&bytes).starts_with(&prefix));
                (prefix.len(), &rows[from..from + count])
            };
            placed += numbers.iter().map(|number| of(*number).1.len()).sum::<usize>();
            let whole = put_in_place(&record, &marks, |number| {
                let (prefix, rows) = of(number);
                let bytes = &bytes;
                rows.iter().map(move |row| (&row.key(bytes)[prefix..], &bytes[row.key..row.end]))
            });
            show(&key, &whole.map_err(unknown)?, &numbers)?;
        }
        if placed < rows.len() {
            let left = rows.len() - placed;
            return Err(Error::storage(
                StorageFault::Damaged,
                format_args!("the checkpoint has {left} rows without an entity"),
            ));
        }
        Ok(())
    }
}

fn unknown(failure: impl std::fmt::Display) -> Error {
    let what =
        format!("a record of the checkpoint cannot be read ({failure}); use the release that wrote it");
    Error::storage(StorageFault::Release, what)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::{decode_marked, encode, say};
    use serde::{Serialize, Serializer};
    use std::collections::BTreeMap;

    struct Elsewhere(u8);
    impl Serialize for Elsewhere {
        fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
            say(self.0, serializer).map(|(written, _)| written)
        }
    }

    fn entity(id: &str) -> Vec<u8> {
        [&[5][..], &encode(id)].concat()
    }

    fn row(id: &str, number: u8, key: u64) -> Vec<u8> {
        [&entity(id)[..], &[number], &encode(&key)].concat()
    }

    /// Keys that begin alike, and numbers of tables that are bytes of keys.
    #[test]
    fn each_entity_gets_its_rows_whatever_comes_first() {
        let ids = ["", "a", "aa", "a\u{1}", "\u{1}"];
        for turn in 0..5 {
            let mut gathered = Gathered::default();
            let mut all: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
            for id in ids {
                all.push((entity(id), encode(&(id, Elsewhere(1), Elsewhere(97)))));
                for key in 0..300 {
                    all.push((row(id, 1, key), encode(&key)));
                    all.push((row(id, 97, key * 7), encode(&(id.len() as u64))));
                }
            }
            let count = all.len();
            all.rotate_left(turn * count / 7);
            all.iter().for_each(|(key, value)| assert!(gathered.take(key, value).expect("it is one")));
            assert!(!gathered.take(&entity("none"), &encode(&1)).expect("it is one"), "it needs no rows");
            let mut shown = 0;
            let each = |key: &[u8], record: &[u8], tables: &[u8]| {
                type Read = (String, BTreeMap<u64, u64>, BTreeMap<u64, u64>);
                let (id, one, other): Read = decode_marked(record).expect("it is whole");
                assert_eq!((key, tables), (&entity(&id)[..], &[1, 97][..]));
                assert_eq!(one, (0..300).map(|key| (key, key)).collect());
                assert_eq!(other, (0..300).map(|key| (key * 7, id.len() as u64)).collect());
                shown += 1;
                Ok(())
            };
            gathered.each(each).expect("all have an entity");
            assert_eq!(shown, ids.len());
        }
    }

    #[test]
    fn rows_without_an_entity_are_damage() {
        let mut gathered = Gathered::default();
        gathered.take(&entity("a"), &encode(&Elsewhere(1))).expect("it is one");
        gathered.take(&row("a", 1, 2), &encode(&2)).expect("it is one");
        gathered.take(&row("a", 2, 2), &encode(&2)).expect("it is one");
        let left = gathered.each(|_, _, _| Ok(())).expect_err("table 2 is not in the record");
        assert!(left.to_string().contains("1 rows"), "{left}");
    }
}
