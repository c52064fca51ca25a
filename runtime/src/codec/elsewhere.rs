//! Tables whose rows are not where they are: in the record of an entity stands a mark with a number, before a map without
//! entries. Once the rows are put there, the record is what it would be if they had never been elsewhere, but for the
//! mark, which says whose rows they are. So what reads it need not know of this; a table learns its number.
use crate::codec::read::Reader;
use crate::codec::{Failure, Form, TABLE, decode, write};
use rmp::Marker;
use serde::de::DeserializeOwned;
use serde::ser::Serializer;
use std::cell::Cell;

thread_local! {
    /// The number of the table that says that its rows are elsewhere, until that is written.
    static SAID: Cell<Option<u8>> = const { Cell::new(None) };
    /// Whether marks are read on this thread, and the last one that was.
    static READING: Cell<bool> = const { Cell::new(false) };
    static READ: Cell<Option<u8>> = const { Cell::new(None) };
}

/// The name of a unit that is written as a mark.
const NAME: &str = "thalweg: the rows of a table are elsewhere";

/// Says in the place of a table that its rows are elsewhere; and whether our writer has heard it. Others take it for
/// nothing.
pub(crate) fn say<S: Serializer>(number: u8, serializer: S) -> Result<(S::Ok, bool), S::Error> {
    SAID.set(Some(number));
    let written = serializer.serialize_unit_struct(NAME);
    let heard = SAID.take().is_none();
    Ok((written?, heard))
}

/// The number of the table whose mark is to be written in the place of a unit of this name.
pub(super) fn heard(name: &str) -> Option<u8> {
    if name == NAME { SAID.take() } else { None }
}

/// What this reads, and the number of the table that it read, if it read one whose rows were elsewhere.
pub(crate) fn table<T>(read: impl FnOnce() -> T) -> (T, Option<u8>) {
    let before = READ.take();
    let value = read();
    (value, READ.replace(before))
}

/// A mark has been read.
pub(super) fn read(number: u8) -> Result<(), Failure> {
    if !READING.get() {
        return Err(Failure::new("the rows of a table are elsewhere"));
    }
    READ.set(Some(number));
    Ok(())
}

/// A record of which the rows are in place.
pub(crate) fn decode_marked<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Failure> {
    struct Over;
    impl Drop for Over {
        fn drop(&mut self) {
            READING.set(false);
            READ.set(None);
        }
    }
    READING.set(true);
    let _over = Over;
    decode(bytes)
}

/// Where tables stand in a record whose rows are elsewhere: behind so many bytes, with these numbers.
pub(crate) fn marks(record: &[u8]) -> Result<Vec<(usize, u8)>, Failure> {
    let mut found = Vec::new();
    // Most records have none, and this is quick.
    let begins = |two: &[u8]| two == [Marker::FixExt1.to_u8(), TABLE.cast_unsigned()];
    if record.windows(2).any(begins) {
        Reader::new(Form::Binary, record).marks(record.len(), &mut found)?;
    }
    Ok(found)
}

/// Puts rows, which are the bytes of keys and of values, where they belong in a record; `marks` are those of it.
pub(crate) fn put_in_place<'a, R: ExactSizeIterator<Item = (&'a [u8], &'a [u8])>>(
    record: &[u8],
    marks: &[(usize, u8)],
    mut rows: impl FnMut(u8) -> R,
) -> Result<Vec<u8>, Failure> {
    let (mut whole, mut from) = (Vec::new(), 0);
    for (at, number) in marks {
        whole.extend_from_slice(&record[from..*at]);
        let rows = rows(*number);
        write::map_head(rows.len(), &mut whole)?;
        for (key, row) in rows {
            whole.extend_from_slice(key);
            whole.extend_from_slice(row);
        }
        // The map without entries is one byte.
        from = at + 1;
    }
    whole.extend_from_slice(&record[from..]);
    Ok(whole)
}

/// How many bytes the first of several values has that stand one after the other.
pub(crate) fn first_length(bytes: &[u8]) -> Result<usize, Failure> {
    let mut reader = Reader::new(Form::Binary, bytes);
    reader.skip()?;
    Ok(bytes.len() - reader.rest().len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::{append, encode};
    use serde::{Deserialize, Serialize};
    use std::collections::BTreeMap;

    struct Elsewhere(u8);
    impl Serialize for Elsewhere {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let (written, heard) = say(self.0, serializer)?;
            assert!(heard, "it is our writer");
            Ok(written)
        }
    }

    #[derive(Debug, PartialEq)]
    struct Numbered(BTreeMap<u64, String>, Option<u8>);
    impl<'de> Deserialize<'de> for Numbered {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let (rows, number) = table(|| BTreeMap::deserialize(deserializer));
            rows.map(|rows| Self(rows, number))
        }
    }

    #[test]
    fn rows_come_back_to_where_they_belong() {
        let row = |at: u64| (encode(&at), encode(&at.to_string()));
        for counts in [[0, 1], [15, 16], [70_000, 3]] {
            let rows = counts.map(|count| (0..count).map(row).collect::<Vec<_>>());
            let mut record = Vec::new();
            let value = (1, Elsewhere(1), [(2, Elsewhere(0))], "\u{4}", Elsewhere(1));
            append(Form::Binary, &value, &mut record).expect("it is written");
            let found = marks(&record).expect("it is a record");
            assert_eq!(found.iter().map(|(_, number)| *number).collect::<Vec<_>>(), [1, 0, 1]);
            let whole = put_in_place(&record, &found, |number| {
                rows[usize::from(number)].iter().map(|(key, row)| (&key[..], &row[..]))
            });
            let whole = whole.expect("there are not too many");
            type Maps = BTreeMap<u64, String>;
            type Read = (u8, Numbered, [(u8, Maps); 1], String, Option<Numbered>);
            let (_, one, [(_, zero)], _, again): Read = decode_marked(&whole).expect("it is whole");
            let map = |count: u64| (0..count).map(|at| (at, at.to_string())).collect::<Maps>();
            assert_eq!((one, zero), (Numbered(map(counts[1]), Some(1)), map(counts[0])));
            // Somebody has looked whether there is something; who does not know the number knows the rows.
            assert_eq!(again, Some(Numbered(map(counts[1]), None)));
            assert!(decode::<Read>(&whole).is_err(), "nobody but who asks for it reads a mark");
            assert_eq!(decode::<Numbered>(&encode(&map(3))), Ok(Numbered(map(3), None)));
        }
    }

    #[test]
    fn bytes_that_look_like_a_mark_are_none() {
        let record = encode(&("\u{4}", serde_bytes(&[0xd4, TABLE.cast_unsigned(), 1, 0x80])));
        assert_eq!(marks(&record), Ok(vec![]));
        assert_eq!(first_length(&[&record[..], &[1, 2]].concat()), Ok(record.len()));
    }

    /// Bytes that are written as bytes.
    fn serde_bytes(bytes: &[u8]) -> impl Serialize {
        struct Bytes(Vec<u8>);
        impl Serialize for Bytes {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_bytes(&self.0)
            }
        }
        Bytes(bytes.to_vec())
    }
}
