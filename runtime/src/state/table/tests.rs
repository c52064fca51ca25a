//! Tables against `BTreeMap` as their model: drawn operations on tables and their copies, with rows that panic when they are
//! copied. The keys tell whether the one that is there is the one that a `BTreeMap` would have.
mod forms;
mod records;

use super::{Change, Entry, Table};
use serde::Serialize;
use std::borrow::Borrow;
use std::cell::Cell;
use std::cmp::Ordering;
use std::collections::{BTreeMap, btree_map};
use std::fmt::Debug;
use std::ops::Bound;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use thalweg_log::testing::Draw;

thread_local! {
    /// How many more copies are made before one panics.
    static COPIES_LEFT: Cell<u64> = const { Cell::new(u64::MAX) };
    /// How many have been made.
    static COPIES: Cell<u64> = const { Cell::new(0) };
}

fn copied() {
    COPIES.set(COPIES.get() + 1);
    match COPIES_LEFT.get().checked_sub(1) {
        Some(left) => COPIES_LEFT.set(left),
        None => {
            COPIES_LEFT.set(u64::MAX);
            resume_unwind(Box::new("a copy"));
        }
    }
}

/// A key that is equal to others that are not the same.
#[derive(Debug, Serialize)]
struct Key(u32, u32);

impl Clone for Key {
    fn clone(&self) -> Self {
        copied();
        Self(self.0, self.1)
    }
}
impl Borrow<u32> for Key {
    fn borrow(&self) -> &u32 {
        &self.0
    }
}
impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}
impl Eq for Key {}
impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.cmp(&other.0)
    }
}

#[derive(Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
struct Row(u64);

impl Clone for Row {
    fn clone(&self) -> Self {
        copied();
        Self(self.0)
    }
}

type Model = BTreeMap<Key, Row>;
type Tested = Table<Key, Row>;

fn plain<'a>(rows: impl Iterator<Item = (&'a Key, &'a Row)>) -> Vec<(u32, u32, u64)> {
    rows.map(|(key, row)| (key.0, key.1, row.0)).collect()
}

fn same(table: &Tested, model: &Model) {
    assert_eq!(table.len(), model.len());
    assert_eq!(plain(table.iter()), plain(model.iter()));
    assert_eq!(plain(table.iter().rev()), plain(model.iter().rev()));
    let added = |change: &&Change<Row>| matches!(change, Change::Added(_));
    let removed = |change: &&Change<Row>| matches!(change, Change::Removed);
    let changes = || table.delta.changes.values();
    let grown = changes().filter(added).count() as isize - changes().filter(removed).count() as isize;
    assert_eq!(table.delta.grown, grown);
    for (key, change) in &table.delta.changes {
        assert_eq!(table.rows.contains_key(key), !matches!(change, Change::Added(_)));
    }
}

/// Takes rows from both ends.
fn same_from_both_ends<'a>(
    draw: &mut Draw,
    mut one: impl DoubleEndedIterator<Item = (&'a Key, &'a Row)>,
    mut other: impl DoubleEndedIterator<Item = (&'a Key, &'a Row)>,
) {
    loop {
        let (a, b) = if draw.below(2) == 0 {
            (one.next(), other.next())
        } else {
            (one.next_back(), other.next_back())
        };
        assert_eq!(plain(a.into_iter()), plain(b.into_iter()));
        if a.is_none() {
            break;
        }
    }
    assert!(one.next().is_none() && one.next_back().is_none());
}

/// A range that does not end before it begins.
fn range(draw: &mut Draw, keys: u64) -> (Bound<u32>, Bound<u32>) {
    let (a, b) = (draw.below(keys) as u32, draw.below(keys) as u32);
    let (from, to) = (a.min(b), a.max(b));
    match draw.below(5) {
        0 => (Bound::Unbounded, Bound::Unbounded),
        1 => (Bound::Included(from), Bound::Unbounded),
        2 => (Bound::Unbounded, Bound::Included(to)),
        3 => (Bound::Excluded(from), Bound::Excluded(to + 1)),
        _ => (Bound::Included(from), Bound::Excluded(to)),
    }
}

fn agree<T: Debug + PartialEq>(one: T, other: T) {
    assert_eq!(one, other);
}

/// How many things [`step`] knows.
const STEPS: u64 = 28;

/// Those that write several rows one after the other.
const SEVERAL: [u64; 2] = [22, 23];

/// Does one drawn thing to both, to the table first.
fn step(draw: &mut Draw, what: u64, keys: u64, table: &mut Tested, model: &mut Model) {
    let (at, tag, row) = (draw.below(keys) as u32, draw.below(1 << 20) as u32, draw.below(1 << 40));
    let key = || Key(at, tag);
    let kept = |row: Option<(Key, Row)>| row.map(|(key, row)| (key.0, key.1, row));
    match what {
        0..=3 => agree(table.insert(key(), Row(row)), model.insert(key(), Row(row))),
        4..=5 => agree(table.remove(&at), model.remove(&at)),
        6 => agree(kept(table.remove_entry(&at)), kept(model.remove_entry(&at))),
        7..=8 => {
            let (one, other) = (table.get_mut(&at), model.get_mut(&at));
            agree(one.is_some(), other.is_some());
            if let (Some(one), Some(other)) = (one, other) {
                (one.0, other.0) = (row, row);
            }
        }
        9 => agree((table.get(&at), table.contains_key(&at)), (model.get(&at), model.contains_key(&at))),
        10 => {
            let one = table.get_key_value(&key()).into_iter();
            assert_eq!(plain(one), plain(model.get_key_value(&key()).into_iter()));
        }
        11 => agree(kept(table.pop_first()), kept(model.pop_first())),
        12 => agree(kept(table.pop_last()), kept(model.pop_last())),
        13 => {
            let one = [table.first_key_value(), table.last_key_value()];
            let other = [model.first_key_value(), model.last_key_value()];
            agree(plain(one.into_iter().flatten()), plain(other.into_iter().flatten()));
        }
        14 => {
            let one = table.entry(key()).and_modify(|row| row.0 += 1).or_insert(Row(row));
            agree(one, model.entry(key()).and_modify(|row| row.0 += 1).or_insert(Row(row)));
        }
        15 => {
            let one = table.entry(key()).or_default();
            agree(&mut *one, model.entry(key()).or_default());
        }
        16 => {
            let one = table.entry(key()).or_insert_with_key(|key| Row(u64::from(key.1)));
            agree(one, model.entry(key()).or_insert_with_key(|key| Row(u64::from(key.1))));
        }
        17..=18 => by_hand(draw, table.entry(key()), model.entry(key())),
        19 => {
            let bounds = range(draw, keys);
            same_from_both_ends(draw, table.range(bounds), model.range(bounds));
        }
        20 => same_from_both_ends(draw, table.iter(), model.iter()),
        21 => {
            let bounds = range(draw, keys);
            let change = |row: &mut Row| {
                if row.0.is_multiple_of(3) {
                    row.0 += u64::from(at);
                }
            };
            table.update(bounds, |_, row| change(row));
            model.range_mut(bounds).for_each(|(_, row)| change(row));
        }
        22 => {
            let bounds = range(draw, keys);
            let halves = |row: &Row| row.0.is_multiple_of(2);
            table.retain(|key, row| halves(row) || !std::ops::RangeBounds::contains(&bounds, &key.0));
            model.retain(|key, row| halves(row) || !std::ops::RangeBounds::contains(&bounds, &key.0));
        }
        23 => {
            let more = || (at..at + 4).map(|at| (Key(at, tag), Row(row)));
            table.extend(more());
            model.extend(more());
        }
        24 => {
            let one: Vec<u64> = table.values().map(|row| row.0).collect();
            agree(one, model.values().map(|row| row.0).collect());
            let one: Vec<u32> = table.keys().rev().map(|key| key.1).collect();
            agree(one, model.keys().rev().map(|key| key.1).collect());
            agree(table.iter().size_hint(), model.iter().size_hint());
            agree(table.is_empty(), model.is_empty());
        }
        25 if draw.below(20) == 0 => {
            table.clear();
            model.clear();
        }
        26 => {
            // As the engine does it before it copies a state.
            table.merge();
        }
        _ => {
            let again: Tested = table.clone().into_iter().collect();
            agree(&again, table);
            agree(again.cmp(table), Ordering::Equal);
        }
    }
}

/// What a `match` on an entry does.
fn by_hand(draw: &mut Draw, one: Entry<'_, Key, Row>, other: btree_map::Entry<'_, Key, Row>) {
    let row = || Row(7);
    agree((one.key().0, one.key().1), (other.key().0, other.key().1));
    match (one, other) {
        (Entry::Vacant(one), btree_map::Entry::Vacant(other)) if draw.below(3) == 0 => {
            agree(one.into_key().1, other.into_key().1);
        }
        (Entry::Vacant(one), btree_map::Entry::Vacant(other)) => {
            agree(one.insert(row()), other.insert(row()))
        }
        (Entry::Occupied(mut one), btree_map::Entry::Occupied(mut other)) => match draw.below(5) {
            0 => agree(one.remove(), other.remove()),
            1 => {
                let (one, other) = (one.remove_entry(), other.remove_entry());
                agree((one.0.1, one.1), (other.0.1, other.1));
            }
            2 => agree(one.insert(row()), other.insert(row())),
            3 => {
                agree(one.get(), other.get());
                one.get_mut().0 = 9;
                other.get_mut().0 = 9;
                agree(one.get(), other.get());
            }
            _ => agree(one.into_mut(), other.into_mut()),
        },
        _ => panic!("a place is vacant in one and occupied in the other"),
    }
}

/// The model, which has no copies to panic.
fn copy(model: &Model) -> Model {
    let left = COPIES_LEFT.replace(u64::MAX);
    let copy = model.clone();
    COPIES_LEFT.set(left);
    copy
}

/// Tables and copies of copies come and go, and each is as its model.
fn drawn(seed: u64, steps: u64, keys: u64) {
    let mut draw = Draw::new(seed);
    let mut pairs: Vec<(Tested, Model)> = vec![(Table::new(), Model::new())];
    for at in 0..steps {
        let which = draw.size_below(pairs.len());
        match draw.below(12) {
            0 if pairs.len() < 6 => {
                let (table, model) = &pairs[which];
                let pair = (table.clone(), copy(model));
                pairs.push(pair);
            }
            1 if pairs.len() > 1 => drop(pairs.swap_remove(which)),
            // As undo does it: the old one comes back, and the new one goes.
            2 => {
                let (table, model) = &mut pairs[which];
                let (mut new, mut other) = (table.clone(), copy(model));
                for _ in 0..draw.below(6) {
                    let what = draw.below(STEPS);
                    step(&mut draw, what, keys, table, &mut other);
                }
                std::mem::swap(table, &mut new);
            }
            _ => {
                let (table, model) = &mut pairs[which];
                let what = draw.below(STEPS);
                step(&mut draw, what, keys, table, model);
            }
        }
        if at % 16 == 0 {
            pairs.iter().for_each(|(table, model)| same(table, model));
        }
    }
    pairs.iter().for_each(|(table, model)| same(table, model));
}

#[test]
fn a_table_is_what_a_btreemap_is() {
    for seed in 0..8 {
        drawn(seed, 10_000, 12);
        drawn(100 + seed, 10_000, 400);
    }
}

/// A copy that panics leaves a table as it was, or between two rows.
#[test]
fn a_copy_that_panics_leaves_nothing_half_done() {
    let mut panicked = 0;
    for seed in 0..40 {
        let mut draw = Draw::new(seed);
        let rows = || (0..10).map(|at| (Key(at, 0), Row(u64::from(at) * 3)));
        let (mut table, mut model): (Tested, Model) = (rows().collect(), rows().collect());
        let mut others = Vec::new();
        for _ in 0..1_000 {
            let what = draw.below(STEPS);
            let done = catch_unwind(AssertUnwindSafe(|| {
                COPIES_LEFT.set(draw.below(12));
                if draw.below(4) == 0 {
                    others.push(table.clone());
                }
                step(&mut draw, what, 12, &mut table, &mut model);
            }));
            COPIES_LEFT.set(u64::MAX);
            if done.is_err() {
                panicked += 1;
                consistent(&table);
                if SEVERAL.contains(&what) {
                    model = table.clone().into_map();
                }
            }
            same(&table, &model);
            if draw.below(5) == 0 {
                others.clear();
            }
        }
    }
    assert!(panicked > 1_000, "only {panicked} copies panicked");
}

/// The count of rows is the count of rows, and each is found under its key.
fn consistent(table: &Tested) {
    assert_eq!(table.len(), table.iter().count());
    assert!(table.iter().all(|(key, row)| table.get(key) == Some(row)));
    assert!(table.keys().is_sorted());
}
