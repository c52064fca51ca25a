//! What is copied, what is dropped, and what a table looks like to others.
use super::{COPIES, Key, Row, Tested};
use crate::state::table::Table;
use std::collections::BTreeMap;
use std::hash::Hash;
use std::panic::resume_unwind;
use std::sync::Arc;

/// How many rows and keys are copied for something.
fn copies(of: impl FnOnce()) -> u64 {
    let before = COPIES.get();
    of();
    COPIES.get() - before
}

fn large(rows: u32) -> Tested {
    (0..rows).map(|at| (Key(at, 0), Row(0))).collect()
}

#[test]
fn a_write_copies_what_it_writes() {
    let mut table = large(10_000);
    for at in 0..1_000 {
        let write = copies(|| {
            table.merge();
            let before = table.clone();
            table.get_mut(&at).expect("it is there").0 += 1;
            *table.entry(Key(20_000 + at, 0)).or_default() = Row(1);
            drop(before);
        });
        assert_eq!(write, 2, "a key and a row");
    }
    assert_eq!(copies(|| table.clear()), 0);
}

/// Without anybody who merges, as where a table stands in a struct of the user's.
#[test]
fn copies_of_changes_are_paid_for_by_a_copy_of_the_rows() {
    let mut table = large(10_000);
    let all = copies(|| {
        for at in 0..10_000 {
            let before = table.clone();
            table.get_mut(&at).expect("it is there").0 += 1;
            drop(before);
        }
    });
    // About two hundred for a write: the root of twice the rows, for the keys and for the rows, and as much again to pay.
    assert!(all / 10_000 < 500, "{all} copies");
    let kept = table.clone();
    assert!(copies(|| table.extend((0..10_000).map(|at| (Key(at, 1), Row(2))))) <= 30_000);
    assert_eq!(kept.values().map(|row| row.0).sum::<u64>(), 10_000);
}

#[test]
fn a_drop_that_panics_leaves_the_merged_rows_in_place() {
    /// Panics when it is dropped, if it is the first.
    #[derive(Clone, PartialEq, Debug)]
    struct Bomb(u32, Arc<()>);
    impl Drop for Bomb {
        fn drop(&mut self) {
            if self.0 == 1 {
                resume_unwind(Box::new("a drop"));
            }
        }
    }
    let fuse = Arc::new(());
    let mut table: Table<u32, Bomb> = (0..3).map(|at| (at, Bomb(at, fuse.clone()))).collect();
    let before = table.clone();
    for at in 0..3 {
        table.insert(at, Bomb(at + 10, fuse.clone())).into_iter().for_each(std::mem::forget);
    }
    drop(before);
    table.merge();
    assert!(table.delta.is_empty());
    assert_eq!(table.values().map(|bomb| bomb.0).collect::<Vec<_>>(), [10, 11, 12]);
}

#[test]
fn its_forms_are_those_of_a_btreemap() {
    let model: BTreeMap<String, u8> = [("b".to_owned(), 2), ("a".to_owned(), 1)].into();
    let mut table: Table<String, u8> = model.clone().into();
    let shared = table.clone();
    table.insert("c".to_owned(), 3);
    table.remove("c");
    *table.get_mut("a").expect("it is there") = 1;
    assert!(!table.delta.is_empty());
    assert_eq!(table, shared);
    assert_eq!(format!("{table:?} {:?}", table.values()), format!("{model:?} {:?}", model.values()));
    assert_eq!(crate::codec::encode(&table), crate::codec::encode(&model));
    assert_eq!(serde_json::to_string(&table).ok(), serde_json::to_string(&model).ok());
    assert_eq!(
        crate::codec::decode::<Table<String, u8>>(&crate::codec::encode(&model)).ok(),
        Some(table.clone())
    );
    let hash = |value: &dyn Fn(&mut rustc_hash::FxHasher)| {
        let mut hasher = rustc_hash::FxHasher::default();
        value(&mut hasher);
        std::hash::Hasher::finish(&hasher)
    };
    assert_eq!(hash(&|hasher| table.hash(hasher)), hash(&|hasher| model.hash(hasher)));
    assert_eq!((table["a"], BTreeMap::from(table)), (1, model));
}
