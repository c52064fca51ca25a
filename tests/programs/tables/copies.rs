//! How many rows a transaction copies.
use super::{COPIES, Item, ONE_AT_A_TIME, Shelf, item, shelf};
use serde::{Deserialize, Serialize};
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use thalweg::prelude::*;

/// How many rows are copied for a transaction, on average.
fn copied(app: &Handle, transactions: u64, mut each: impl FnMut(&Handle, u64)) -> f64 {
    let before = COPIES.load(Ordering::SeqCst);
    (0..transactions).for_each(|n| each(app, n));
    (COPIES.load(Ordering::SeqCst) - before) as f64 / transactions as f64
}

#[test]
fn a_transaction_copies_the_rows_that_it_writes() {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    const ROWS: u64 = 10_000;
    for workers in [1, 2] {
        let app = App::new("shelves").entity::<Shelf>().workers(workers).start().expect("it starts");
        for id in 0..4 {
            assert_eq!(app.call_blocking(shelf(id).fill(ROWS)), Ok(ROWS as usize));
        }
        let at = |n: u64| n * 37 % 5_000;
        let add = |app: &Handle, n| drop(app.call_blocking(shelf(n % 4).add(at(n), 1)).expect("it is there"));
        assert_eq!(copied(&app, 500, add), 1.0, "{workers} workers");
        let undone = |app: &Handle, n| {
            assert!(app.call_blocking(shelf(n % 4).add(at(n), -1_000)).expect("it is there").is_err());
        };
        assert_eq!(copied(&app, 500, undone), 1.0, "{workers} workers");
        let give = |app: &Handle, n| {
            let given = app.call_blocking(shelf(n % 4).give(shelf((n + 1) % 4), at(n), 20));
            assert!(given.expect("it is there").is_err());
        };
        // One here and one there; and the one that `insert` gives back.
        assert_eq!(copied(&app, 500, give), 3.0, "{workers} workers");
        let together = |app: &Handle, n| {
            let others = (1..4).map(|other| shelf((n + other) % 4)).collect();
            app.call_blocking(shelf(n % 4).spread(others, at(n), 1)).expect("it is there").ok();
        };
        let written = copied(&app, 200, together);
        assert!(written <= 4.0, "{written} rows at {workers} workers");
        for id in 0..4 {
            app.call_blocking(shelf(id).give(shelf((id + 1) % 4), 0, 0))
                .expect("it is there")
                .expect("given");
        }
        // Scouts copy tables, and what a table was written last; so does each of their calls what it has written.
        let scouted = |app: &Handle, n| {
            app.call_blocking(shelf(n % 4).follow(3, n % 2 == 0)).expect("it is there").ok();
        };
        let scouted = copied(&app, 200, scouted);
        assert!((1.0..200.0).contains(&scouted), "{scouted} rows at {workers} workers");
        // What a caller holds shares the rows, and sees none of what comes.
        let held = app.call_blocking(shelf(1).whole()).expect("it is there");
        let (sum, own) = (held.values().map(|row| row.left).sum::<i64>(), copied(&app, 500, add));
        assert!(own < 300.0, "{own} rows at {workers} workers");
        assert_eq!(held.values().map(|row| row.left).sum::<i64>(), sum);
    }
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Inner {
    rows: Table<u64, Item>,
}

#[entity(auto)]
pub struct Deep {
    #[key]
    id: u64,
    inner: Inner,
    several: Vec<Option<Box<[Table<u64, Item>; 2]>>>,
}

#[entity]
impl Deep {
    pub fn new(id: u64) -> Self {
        Self { id, inner: Inner::default(), several: vec![Some(Box::default())] }
    }
    pub fn fill(&mut self, rows: u64) {
        self.inner.rows.extend((0..rows).map(|at| (at, item(0))));
        let [one, other] = &mut **self.several[0].as_mut().expect("it is there");
        *one = self.inner.rows.clone();
        *other = one.iter().map(|(at, row)| (*at, row.clone())).collect();
        *one = other.iter().map(|(at, row)| (*at, row.clone())).collect();
    }
    pub fn add(&mut self, at: u64) -> Option<i64> {
        let row = self.inner.rows.get_mut(&at)?;
        row.left += 1;
        Some(row.left)
    }
    pub fn add_to_several(&mut self, at: u64) -> Option<i64> {
        let [one, other] = &mut **self.several[0].as_mut()?;
        one.get_mut(&at)?.left += 1;
        other.get_mut(&at)?.left += 1;
        Some(one[&at].left)
    }
}

/// The engine finds tables in std's boxes; in a struct it does not, and then they pay their way.
#[test]
fn tables_that_stand_deeper() {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    script!([Deep]
        Deep::at(1).fill(5) => "Ok(())",
        Deep::at(1).add(4) => "Ok(Some(1))",
        Deep::at(1).add(4) => "Ok(Some(2))",
        Deep::at(1).add_to_several(4) => "Ok(Some(1))",
        Deep::at(1).add_to_several(4) => "Ok(Some(2))",
        Deep::at(1).add_to_several(5) => "Ok(None)",
    );
    let app = App::new("deep").entity::<Deep>().workers(1).start().expect("it starts");
    app.call_blocking(Deep::at(1).fill(10_000)).expect("it is filled");
    let several = |app: &Handle, n| {
        app.call_blocking(Deep::at(1).add_to_several(n)).expect("it is there");
    };
    assert_eq!(copied(&app, 500, several), 2.0);
    let inner = |app: &Handle, n| {
        app.call_blocking(Deep::at(1).add(n)).expect("it is there");
    };
    let inner = copied(&app, 2_000, inner);
    assert!((10.0..300.0).contains(&inner), "{inner} rows");
}
