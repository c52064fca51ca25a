//! Tables in checkpoints: a record for each row. Whatever a program does to a table, what comes back is what it was, and what is
//! written is what has changed. The judge is the same entity with `BTreeMap`s, whose state is one record.
mod entities;
mod fields;

use entities::{Act, by_map, by_table};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use thalweg::prelude::*;
use thalweg::{Error, Reply};
use thalweg_checkpoint::object_store::memory::InMemory;
use thalweg_checkpoint::testing::{Fault, Faulty};
use thalweg_checkpoint::{Location, Settings, Store};
use thalweg_log::testing::{Draw, Power};

fn app(disk: &Power, store: &Location, workers: usize) -> App {
    App::new("books")
        .entity::<by_table::Tabled>()
        .entity::<by_map::Listed>()
        .workers(workers)
        .seed(3)
        .data_on(disk.clone())
        .checkpoints_on(store.clone())
        .checkpoint_every(Duration::from_secs(3600))
}

/// How many records and bytes the newest checkpoint has.
fn size(store: &Location) -> (u64, u64) {
    let store = Store::open_read_only(store, Settings::default()).expect("it is there");
    let newest = store.newest().expect("it can be read").expect("there is one");
    let extents = (0..newest.groups()).map(|group| newest.extent(group));
    extents.fold((0, 0), |(records, bytes), extent| {
        (records + extent.records, bytes + extent.whole_bytes + extent.delta_bytes)
    })
}

/// How much larger something makes the newest checkpoint.
fn grows(handle: &Handle, store: &Location, by: impl FnOnce()) -> (u64, u64) {
    let (records, bytes) = size(store);
    by();
    handle.checkpoint().expect("it can be written");
    let (more_records, more_bytes) = size(store);
    (more_records - records, more_bytes - bytes)
}

/// The state; of each entity with tables it is that of the one with maps.
fn state(handle: &Handle) -> String {
    let state = handle.inspect().expect("the state can be read");
    let none = Value::Null;
    let of = |class: &str| state.get(class).unwrap_or(&none).clone();
    assert_eq!(of("Tabled"), of("Listed"));
    state.to_string()
}

fn tabled(id: u64) -> Ref<by_table::Tabled> {
    by_table::Tabled::at(id)
}

fn listed(id: u64) -> Ref<by_map::Listed> {
    by_map::Listed::at(id)
}

/// What a request does to one entity or two: to both classes.
fn both(handle: &Handle, draw: &mut Draw, most: u64) -> [Result<Reply<Value>, Error>; 2] {
    let (a, b, act) = (draw.below(5), draw.below(5), Act::draw(draw, most));
    let well = draw.below(4) > 0;
    match draw.below(20) {
        0 => [handle.submit(tabled(a).leave(tabled(b))), handle.submit(listed(a).leave(listed(b)))],
        1 => [
            handle.submit(tabled(a).exchange(tabled(b), well)),
            handle.submit(listed(a).exchange(listed(b), well)),
        ],
        2 => [handle.submit(tabled(a).copy(tabled(b), well)), handle.submit(listed(a).copy(listed(b), well))],
        3 => [handle.submit(tabled(a).begin_anew(tabled(b))), handle.submit(listed(a).begin_anew(listed(b)))],
        4 | 5 => [
            handle.submit(tabled(a).with(tabled(b), act.clone(), well)),
            handle.submit(listed(a).with(listed(b), act, well)),
        ],
        _ => [handle.submit(tabled(a).act(act.clone(), well)), handle.submit(listed(a).act(act, well))],
    }
}

/// Drawn requests; both classes answer the same.
fn work(handle: &Handle, draw: &mut Draw, requests: usize, most: u64) {
    let all: Vec<_> = (0..requests).map(|_| both(handle, draw, most)).collect();
    for replies in all {
        let [one, other] = replies.map(|reply| reply.expect("there is room").wait());
        // What is broken off says where.
        assert_eq!(one.is_ok(), other.is_ok(), "{one:?} and {other:?}");
        if let (Ok(one), Ok(other)) = (one, other) {
            assert_eq!(one, other);
        }
    }
}

#[test]
fn a_checkpoint_has_the_rows_that_changed() {
    let (disk, store) = (Power::new(), Location::memory());
    let handle = app(&disk, &store, 2).start().expect("it starts");
    let call = |act: Act| handle.call_blocking(tabled(1).act(act, true)).expect("it is answered");
    call(Act::Fill(20_000));
    call(Act::Title("a title".to_owned()));
    handle.checkpoint().expect("it can be written");
    assert!(size(&store).0 > 20_000);
    // The entity and a row; what is remembered beside it is none of the entity's.
    let changes = |act: Act| grows(&handle, &store, || drop(call(act)));
    let (records, bytes) = changes(Act::Put(700, 1));
    assert!(records == 2 && bytes < 1_000, "{records} records and {bytes} bytes");
    assert_eq!(changes(Act::Remove(701)).0, 2);
    assert_eq!(changes(Act::Remove(701)).0, 1, "it was not there");
    assert_eq!(changes(Act::Add(702, 5)).0, 2);
    assert_eq!(changes(Act::PopFirst).0, 2);
    assert_eq!(changes(Act::Title("another title".to_owned())).0, 1);
    assert_eq!(changes(Act::Update(100, 200)).0, 101, "the entity, and the rows that are others");
    assert_eq!(changes(Act::RetainBeyond(10)).0, 1 + 9, "row 0 went before");
    // What fails leaves nothing to write, but that somebody was about to.
    let failing = grows(&handle, &store, || {
        let failed = handle.call_blocking(tabled(1).act(Act::Fill(1_000), false));
        assert!(failed.is_err());
    });
    assert_eq!(failing.0, 0);
    let (records, bytes) = changes(Act::Clear);
    assert!(
        records == 2 && bytes < 1_000,
        "the entity, and that its rows are gone: {records} records, {bytes} bytes"
    );
    assert_eq!(grows(&handle, &store, || drop(handle.call_blocking(tabled(1).remove()))).0, 1);
    let before = handle.inspect().expect("the state can be read");
    handle.stop().expect("it stops");
    let handle = app(&disk, &store, 3).start().expect("it starts");
    assert_eq!(handle.inspect().expect("the state can be read"), before);
}

/// What was read from a checkpoint is known to be there.
#[test]
fn after_a_restart_a_checkpoint_has_the_rows_that_changed() {
    let (disk, store) = (Power::new(), Location::memory());
    for workers in [2, 1, 3] {
        let handle = app(&disk, &store, workers).start().expect("it starts");
        let call =
            |id: u64, act: Act| handle.call_blocking(tabled(id).act(act, true)).expect("it is answered");
        if workers == 2 {
            (0..4).for_each(|id| drop(call(id, Act::Fill(2_000))));
            handle.checkpoint().expect("it can be written");
        }
        for id in 0..4 {
            let (records, bytes) = grows(&handle, &store, || drop(call(id, Act::Add(workers as u64, 5))));
            assert!(records == 2 && bytes < 1_000, "{records} records and {bytes} bytes");
        }
        let before = handle.inspect().expect("the state can be read");
        handle.stop().expect("it stops");
        let handle = app(&disk, &store, workers + 1).start().expect("it starts");
        assert_eq!(handle.inspect().expect("the state can be read"), before);
        handle.stop().expect("it stops");
    }
}

#[test]
fn tables_come_back_from_checkpoints_as_maps_do() {
    let seeds = std::env::var("THALWEG_CHECKPOINT_SEEDS").ok().and_then(|n| n.parse().ok()).unwrap_or(16);
    let mut taken = 0;
    for seed in 0..seeds {
        let (disk, store, mut draw) = (Power::new(), Location::memory(), Draw::new(seed));
        // Some have more rows than are saved at once.
        let most = [12, 40, 3_000][seed as usize % 3];
        let mut before = None;
        for life in 0..4 {
            let workers = 1 + draw.size_below(4);
            let app = app(&disk, &store, workers);
            let app = if draw.below(2) == 0 { app.draw_homes(seed) } else { app };
            let handle = app.start().expect("it starts");
            if let Some(before) = before.take() {
                assert_eq!(state(&handle), before, "seed {seed}, life {life}, {workers} workers");
            }
            for _ in 0..draw.below(6) {
                let requests = 1 + draw.size_below(30);
                std::thread::scope(|scope| {
                    let asks = draw.below(3) > 0;
                    let asked = asks.then(|| scope.spawn(|| handle.checkpoint().expect("it can be written")));
                    work(&handle, &mut draw, requests, most);
                    taken += u64::from(asked.is_some_and(|asked| asked.join().expect("it is taken") > 0));
                });
            }
            before = Some(state(&handle));
            if draw.below(3) == 0 {
                handle.stop().expect("it stops");
            }
            disk.cut(seed * 100 + life);
            drop(handle);
        }
    }
    assert!(taken > seeds, "only {taken} checkpoints were taken");
}

/// So many rows that they are saved while others write to them.
#[test]
fn rows_that_are_written_behind_the_cut_are_saved_as_they_were_before() {
    for (seed, workers) in [(1, 1), (2, 2)] {
        let (disk, store, mut draw) = (Power::new(), Location::memory(), Draw::new(seed));
        let handle = app(&disk, &store, workers).start().expect("it starts");
        for id in 0..3 {
            handle
                .call_blocking(tabled(id).act(Act::Fill(20_000), true))
                .expect("it is answered")
                .to_string();
        }
        let mut written = 0;
        // The first is whole; the second has what has changed meanwhile.
        for _ in 0..2 {
            std::thread::scope(|scope| {
                let taken = scope.spawn(|| handle.checkpoint().expect("it can be written"));
                while !taken.is_finished() {
                    let mut add = || tabled(draw.below(3)).act(Act::Add(draw.below(21_000), 1), true);
                    let all: Vec<_> = (0..20).map(|_| add()).collect();
                    let all =
                        handle.submit_all(all).expect("there is room").wait().expect("they are answered");
                    written += all.into_iter().filter(Result::is_ok).count();
                }
            });
        }
        assert!(written > 20, "only {written} rows were written meanwhile");
        let before = handle.inspect().expect("the state can be read").to_string();
        disk.cut(seed);
        drop(handle);
        let handle = app(&disk, &store, 3 - workers).start().expect("it starts");
        assert_eq!(handle.inspect().expect("the state can be read").to_string(), before);
    }
}

#[test]
fn a_checkpoint_that_fails_loses_no_rows() {
    let mut injected = 0;
    for at in 0..60 {
        let sound = Arc::new(InMemory::new());
        let fault = [Fault::Fail, Fault::Late][at as usize % 2];
        let faulty = Faulty::new(sound.clone(), at, fault);
        let (disk, store) = (Power::new(), Location::objects("faulty", Arc::new(faulty.clone())));
        let Ok(handle) = app(&disk, &store, 2).start() else { continue };
        let mut draw = Draw::new(at);
        let taken = (0..4).map(|_| {
            work(&handle, &mut draw, 20, 30);
            handle.checkpoint()
        });
        let failed = taken.filter(Result::is_err).count();
        assert!(failed <= 1, "operation {at} fails once");
        injected += failed;
        let before = state(&handle);
        disk.cut(at);
        drop(handle);
        let store = Location::objects("sound", sound);
        let handle = app(&disk, &store, 3).start().expect("it starts");
        assert_eq!(state(&handle), before, "operation {at}");
    }
    assert!(injected > 10, "{injected} faults are no test");
}
