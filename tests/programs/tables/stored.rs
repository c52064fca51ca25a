//! Tables in logs and checkpoints, and in the plans of methods.
use super::{ONE_AT_A_TIME, Shelf, shelf};
use crate::kind::{Kind, kinds};
use std::sync::PoisonError;
use std::time::Duration;
use thalweg::prelude::*;
use thalweg_checkpoint::Location;
use thalweg_log::testing::{Draw, Power};

fn durable(disk: &Power, store: &Location, workers: usize) -> Handle {
    let app = App::new("shelves").entity::<Shelf>().seed(5).workers(workers);
    let app = app.data_on(disk.clone()).checkpoints_on(store.clone());
    app.checkpoint_every(Duration::from_secs(3600)).start().expect("the app starts")
}

/// Checkpoints are taken while tables are written, and the power is cut.
#[test]
fn tables_survive() {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let mut behind = 0;
    for seed in 0..8 {
        let (disk, store, mut draw) = (Power::new(), Location::memory(), Draw::new(seed));
        let mut before = None;
        for life in 0..3 {
            let workers = 1 + draw.size_below(4);
            let handle = durable(&disk, &store, workers);
            let state = || handle.inspect().expect("the state can be read").to_string();
            if let Some(before) = before.take() {
                assert_eq!(state(), before, "seed {seed}, life {life}, {workers} workers");
            }
            std::thread::scope(|scope| {
                let checkpoint = draw.below(3) > 0;
                let taken =
                    checkpoint.then(|| scope.spawn(|| handle.checkpoint().expect("it can be written")));
                let mut waiting: Vec<crate::harness::Pending> = Vec::new();
                for _ in 0..60 {
                    let (a, b, at) = (draw.below(5), draw.below(5), draw.below(30));
                    waiting.push(match draw.below(8) {
                        0 => crate::harness::pending(handle.submit(shelf(a).fill(at))),
                        1 => crate::harness::pending(handle.submit(shelf(a).churn(at % 2 == 0))),
                        2 => crate::harness::pending(handle.submit(shelf(a).follow(at % 4, at % 3 > 0))),
                        3 => crate::harness::pending(handle.submit(shelf(a).replace(shelf(b), at % 2 == 0))),
                        4 => crate::harness::pending(handle.submit(shelf(a).trade(shelf(b)))),
                        5 => crate::harness::pending(handle.submit(shelf(a).break_off(shelf(b)))),
                        _ => crate::harness::pending(handle.submit(shelf(a).give(shelf(b), at, 3))),
                    });
                }
                waiting.into_iter().for_each(|reply| drop(reply()));
                taken.into_iter().for_each(|taken| behind += taken.join().expect("it is taken"));
            });
            before = Some(state());
            if draw.below(3) == 0 {
                handle.stop().expect("it stops");
            }
            disk.cut(seed * 100 + life);
            drop(handle);
        }
    }
    assert!(behind > 8, "checkpoints were taken");
}

macro_rules! ledger {
    ($module:ident $map:ident) => {
        mod $module {
            use std::collections::BTreeMap;
            use thalweg::prelude::*;
            #[allow(dead_code)]
            type Other = (BTreeMap<u8, u8>, Table<u8, u8>);

            #[entity(auto, name = "Ledger")]
            pub struct Ledger {
                #[key]
                id: u64,
                pages: $map<String, Vec<i64>>,
                index: Option<$map<(u64, String), bool>>,
            }
            #[entity]
            impl Ledger {
                pub fn new(id: u64) -> Self {
                    Self { id, pages: $map::new(), index: None }
                }
                pub fn write(&mut self, page: String, n: i64) -> usize {
                    let page = self.pages.entry(page).or_default();
                    page.push(n);
                    self.index.get_or_insert_default().insert((n as u64, n.to_string()), n > 0);
                    page.len()
                }
            }
        }
    };
}
ledger!(before BTreeMap);
ledger!(after Table);

/// The bytes of a table are those of a `BTreeMap`.
#[test]
fn a_field_becomes_a_table_and_what_was_stored_is_read() {
    let (disk, store) = (Power::new(), Location::memory());
    let set = |app: App| {
        let app = app.workers(2).seed(5).data_on(disk.clone()).checkpoints_on(store.clone());
        app.checkpoint_every(Duration::from_secs(3600)).start().expect("it starts")
    };
    let old = set(App::new("ledgers").entity::<before::Ledger>());
    for n in 0..50 {
        old.call_blocking(before::Ledger::at(n % 5).write(format!("page {}", n % 7), n as i64))
            .expect("written");
        if n == 30 {
            old.checkpoint().expect("it can be written");
        }
    }
    let state = old.inspect().expect("the state can be read");
    old.stop().expect("it stops");
    let new = set(App::new("ledgers").entity::<after::Ledger>());
    assert_eq!(new.inspect().expect("the state can be read").to_string(), state.to_string());
    assert_eq!(new.call_blocking(after::Ledger::at(1).write("page 1".to_owned(), 3)), Ok(3));
}

macro_rules! route {
    ($module:ident $map:ident) => {
        mod $module {
            #[allow(unused_imports)]
            use std::collections::BTreeMap;
            use thalweg::prelude::*;

            #[entity(auto)]
            pub struct Stop {
                #[key]
                id: u64,
                seen: $map<u64, Ref<Stop>>,
            }
            #[entity]
            impl Stop {
                pub fn new(id: u64) -> Self {
                    Self { id, seen: $map::new() }
                }
                pub fn see(&mut self, from: Ref<Stop>) -> usize {
                    self.seen.insert(*Ref::key(&from), from);
                    self.seen.len()
                }
                /// Its arguments name whom it meets.
                pub async fn by_arguments(&self, me: Ref<Stop>, to: $map<u64, Ref<Stop>>) -> usize {
                    let mut way = $map::new();
                    way.insert(0, me.clone());
                    way.extend(to);
                    let mut all = 0;
                    for stop in way.values() {
                        all += stop.see(me.clone()).await;
                    }
                    all
                }
                /// Its rows do.
                pub async fn by_rows(&mut self, me: Ref<Stop>) -> usize {
                    let (_, first) = self.seen.pop_first().unwrap_or((0, me.clone()));
                    first.see(me).await
                }
            }
        }
    };
}
route!(by_map BTreeMap);
route!(by_table Table);

/// References in a table are seen as those in a `BTreeMap` are.
#[test]
fn plans_see_into_tables() {
    let shown = |app: App| {
        let graph = app.graph().expect("it fits together");
        let kinds = kinds(&graph).map(|(_, method, kind)| match kind {
            Kind::Dynamic(_) => format!("{} dynamic", method.name),
            _ => format!("{} static", method.name),
        });
        kinds.collect::<Vec<_>>()
    };
    let expected = ["by_arguments static", "by_rows dynamic"];
    assert_eq!(shown(App::new("routes").entity::<by_map::Stop>()), expected);
    assert_eq!(shown(App::new("routes").entity::<by_table::Stop>()), expected);
    let (app, at) = (App::new("routes").entity::<by_table::Stop>().workers(4), by_table::Stop::at);
    let app = app.start().expect("it starts");
    let way = || (1..20).map(|stop| (stop, at(stop))).collect::<Table<_, _>>();
    for _ in 0..20 {
        assert_eq!(app.call_blocking(at(0).by_arguments(at(0), way())), Ok(20));
    }
    let counts = app.method_counts();
    let of = counts.iter().find(|counts| counts.method.1 == "by_arguments").expect("it is counted");
    assert_eq!((of.planned, of.scouted, of.tail, of.undone), (20, 0, 0, 0), "{of:?}");
}
