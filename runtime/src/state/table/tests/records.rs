//! What checkpoints write of tables: whatever becomes of one, the records that it gives make of those that a checkpoint has under
//! its stamp those that it would have if all rows were written.
use super::{COPIES_LEFT, Key, Model, STEPS, Tested, step};
use crate::state::table::{ByRow, RowChange, RowRecords, Table, draw_stamps};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use thalweg_log::testing::Draw;

/// Rows as a checkpoint has them.
type Records = BTreeMap<Vec<u8>, Vec<u8>>;

/// Writes so many at a time; gives how many records that were.
fn write(table: &Tested, all: bool, most: usize, to: &mut Records) -> usize {
    let mut count = 0;
    let mut apply = |rows: &RowRecords| {
        for (change, key, row) in rows.iter() {
            count += 1;
            match change {
                RowChange::Put => drop(to.insert(key.to_vec(), row.to_vec())),
                RowChange::Delete => drop(to.remove(key)),
                RowChange::DeleteAll => to.retain(|known, _| !known.starts_with(key)),
            }
        }
    };
    let mut rows = RowRecords::default();
    let (written, mut left) = table.write(all, 3, most, &mut rows).expect("it has bytes");
    assert!(written <= most);
    apply(&rows);
    while let Some(more) = &mut left {
        let mut rows = RowRecords::default();
        let (written, goes_on) = more.write(most, &mut rows).expect("it has bytes");
        assert!(written <= most);
        apply(&rows);
        if !goes_on {
            left = None;
        }
    }
    count
}

/// What some checkpoints have, by stamp.
#[derive(Default)]
struct Seen(BTreeMap<u64, Records>);

impl Seen {
    fn save(&mut self, table: &Tested) {
        let stamp = draw_stamps();
        let mut records = Records::new();
        write(table, true, 1_000, &mut records);
        self.0.insert(stamp, records);
        table.seen(stamp);
    }

    /// How many records the next checkpoint needs; nothing if it needs all.
    fn check(&self, table: &Tested, most: usize) -> Option<usize> {
        let mut records = self.0.get(&table.stamp())?.clone();
        let changes = write(table, false, most, &mut records);
        let mut all = Records::new();
        write(table, true, most, &mut all);
        assert_eq!(records, all);
        Some(changes)
    }
}

/// Tables are saved and written to, copied and exchanged; and copies of rows and keys panic.
fn drawn(seed: u64, steps: u64, keys: u64) {
    let (mut draw, mut seen) = (Draw::new(seed), Seen::default());
    let mut tables: Vec<Tested> =
        vec![Table::new(), (0..keys as u32).map(|at| (Key(at, 0), Default::default())).collect()];
    let (mut some, mut panicked) = (0, 0);
    for at in 0..steps {
        let (which, other) = (draw.size_below(tables.len()), draw.size_below(tables.len()));
        match draw.below(40) {
            0 => seen.save(&tables[which]),
            1 if tables.len() < 6 => tables.push(tables[which].clone()),
            2 if tables.len() > 2 => drop(tables.swap_remove(which)),
            3 => tables.swap(which, other),
            4 => tables[which] = tables[other].clone(),
            5 => {
                let mut more: Tested = (0..4).map(|at| (Key(at, 9), Default::default())).collect();
                tables[which].append(&mut more);
            }
            _ => {
                let table = &mut tables[which];
                let mut model: Model = table.clone().into_map();
                let done = catch_unwind(AssertUnwindSafe(|| {
                    // What a model does not do is of no account: both have the same.
                    COPIES_LEFT.set(if draw.below(4) == 0 { draw.below(12) } else { u64::MAX });
                    step(&mut draw, at % STEPS, keys, table, &mut model);
                }));
                COPIES_LEFT.set(u64::MAX);
                panicked += u64::from(done.is_err());
            }
        }
        let table = &tables[draw.size_below(tables.len())];
        some += u64::from(seen.check(table, 1 + draw.size_below(20)).is_some());
    }
    assert!(some > steps / 4, "only {some} tables were not written as a whole");
    assert!(panicked > steps / 200, "only {panicked} copies panicked");
}

#[test]
fn what_is_written_makes_of_the_last_checkpoint_the_next_one() {
    for seed in 0..6 {
        drawn(seed, 3_000, 12);
        drawn(100 + seed, 3_000, 300);
    }
}

#[test]
fn a_checkpoint_has_a_record_for_each_row_that_changed() {
    let (mut table, mut seen): (Tested, _) =
        ((0..10_000).map(|at| (Key(at, 0), Default::default())).collect(), Seen::default());
    seen.save(&table);
    assert_eq!(seen.check(&table, 256), Some(0));
    for at in 0..10 {
        table.get_mut(&at).expect("it is there").0 += 1;
        table.remove(&(100 + at));
        table.remove(&(20_000 + at));
        assert!(table.get_mut(&(20_000 + at)).is_none());
        table.insert(Key(30_000 + at, 0), Default::default());
    }
    let before = table.clone();
    assert_eq!(seen.check(&table, 256), Some(30));
    // The key that stands there has other bytes: what had the old ones is removed.
    table.remove(&500);
    table.insert(Key(500, 1), Default::default());
    table.merge();
    assert_eq!(seen.check(&table, 256), Some(32));
    // Undone, it was not written; saved, it is not written again.
    table = before;
    assert_eq!(seen.check(&table, 256), Some(30));
    seen.save(&table);
    let copy = table.clone();
    assert_eq!(seen.check(&copy, 256), Some(0));
    table.remove(&30_001);
    assert_eq!((seen.check(&table, 256), seen.check(&copy, 256)), (Some(1), Some(0)));
    // Half of them are as good as all.
    for at in 0..6_000 {
        table.insert(Key(at, 0), Default::default());
    }
    assert_eq!((seen.check(&table, 256), seen.check(&copy, 256)), (None, Some(0)));
    // Those that pass through are not remembered for ever.
    let (mut queue, mut all): (Tested, _) = (Table::from([(Key(0, 0), Default::default())]), Seen::default());
    all.save(&queue);
    for at in 1..1_000 {
        queue.insert(Key(at, 0), Default::default());
        queue.pop_first();
    }
    assert_eq!(all.check(&queue, 256), None);
}

/// Without checkpoints, no table has a stamp, and nothing is remembered of what is written.
#[test]
fn a_table_that_no_checkpoint_has_seen_remembers_nothing() {
    let mut table: Tested = (0..100).map(|at| (Key(at, 0), Default::default())).collect();
    let copy = table.clone();
    table.retain(|key, _| key.0 > 50);
    drop(copy);
    table.merge();
    table.pop_last();
    assert!(table.stamp() == 0 && table.marks.is_empty() && table.rows.marks.is_empty());
}
