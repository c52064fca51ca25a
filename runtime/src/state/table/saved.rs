//! Tables in checkpoints: a record of its own for each row, beside that of the entity.
//!
//! While an entity is encoded for a checkpoint, its tables say that their rows are elsewhere: those that are fields of it, as generated
//! code shows them, and are asked for their bytes where they stand. What is skipped, copied or put into another form on
//! the way is written as it always was, and so is a table within something else.
use super::Table;
use super::by_row::ByRow;
use super::track::{STAMPS, draw_stamps};
use crate::codec;
use serde::de::{Deserialize, Deserializer};
use serde::ser::{Serialize, Serializer};
use smallvec::SmallVec;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;

/// Tables with their numbers.
pub(crate) type Tables<'a> = SmallVec<[(u8, &'a dyn ByRow); 2]>;

/// A table whose rows are elsewhere, while its entity is encoded on this thread.
struct Told {
    place: usize,
    number: u8,
    /// How often it was asked for its bytes, and how often our writer has heard its answer.
    asked: usize,
    heard: usize,
}

thread_local! {
    static TOLD: RefCell<Vec<Told>> = const { RefCell::new(Vec::new()) };
}

/// Encodes an entity with these tables so that their rows are elsewhere; gives the tables of which that is true.
pub(crate) fn without_rows<'a>(
    tables: Tables<'a>,
    encode: impl Fn() -> Result<Vec<u8>, String>,
) -> Result<(Vec<u8>, Tables<'a>), String> {
    struct Over;
    impl Drop for Over {
        fn drop(&mut self) {
            TOLD.take();
        }
    }
    if tables.is_empty() {
        return encode().map(|bytes| (bytes, tables));
    }
    let told = tables.iter().map(|(number, table)| Told {
        place: table.place(),
        number: *number,
        asked: 0,
        heard: 0,
    });
    TOLD.set(told.collect());
    let over = Over;
    let bytes = encode();
    let told = TOLD.take();
    drop(over);
    match bytes {
        Ok(bytes) if told.iter().all(|told| told.asked == told.heard) => {
            let said = tables.into_iter().zip(&told).filter(|(_, told)| told.heard > 0);
            Ok((bytes, said.map(|(table, _)| table).collect()))
        }
        // On its way to our writer, a table goes through something that must see its rows.
        _ => encode().map(|bytes| (bytes, Tables::new())),
    }
}

/// Writes a table: as a map, or as one whose rows are elsewhere.
pub(super) fn serialize<K: Ord + Serialize, V: Serialize, S: Serializer>(
    table: &Table<K, V>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let place = std::ptr::from_ref(table).addr();
    let told = TOLD.with_borrow_mut(|all| {
        let told = all.iter_mut().find(|told| told.place == place)?;
        told.asked += 1;
        Some(told.number)
    });
    let Some(number) = told else { return serializer.collect_map(table) };
    let (written, heard) = codec::say(number, serializer)?;
    TOLD.with_borrow_mut(|all| {
        all.iter_mut().filter(|told| told.place == place).for_each(|told| told.heard += usize::from(heard));
    });
    Ok(written)
}

thread_local! {
    /// The stamp of the table with number 0 in what is read on this thread; 0 if that is no checkpoint.
    static STAMP: Cell<u64> = const { Cell::new(0) };
}

/// Reads an entity of a checkpoint, whose rows are in place; gives the stamp that its table with number 0 has.
pub(crate) fn with_rows<T>(read: impl FnOnce() -> T) -> (T, u64) {
    struct Over;
    impl Drop for Over {
        fn drop(&mut self) {
            STAMP.set(0);
        }
    }
    let stamp = draw_stamps();
    STAMP.set(stamp);
    let _over = Over;
    (read(), stamp)
}

/// Reads a table. One whose rows were elsewhere knows that they are what the checkpoint has.
pub(super) fn deserialize<'de, K, V, D>(deserializer: D) -> Result<Table<K, V>, D::Error>
where
    K: Ord + Deserialize<'de>,
    V: Deserialize<'de>,
    D: Deserializer<'de>,
{
    let (rows, number) = codec::table(|| BTreeMap::deserialize(deserializer));
    let mut table = Table::from(rows?);
    if let (Some(number), stamp @ 1..) = (number, STAMP.get()) {
        table.base = AtomicU64::new(stamp + u64::from(number));
    }
    Ok(table)
}

const _: () = assert!(STAMPS > u8::MAX as u64);
