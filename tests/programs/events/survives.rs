//! Events across restarts: once, and none that the log may have let go of is lost.
use super::sinks::Gate;
use super::{app, shelf, told};
use std::time::Duration;
use thalweg::Error;
use thalweg::prelude::*;
use thalweg::sink::Memory;
use thalweg::sink::testing::Fault;
use thalweg_checkpoint::Location;
use thalweg_log::testing::{Draw, Power};

fn durable(disk: &Power, store: &Location, memory: &Memory, workers: usize) -> App {
    app(workers)
        .data_on(disk.clone())
        .checkpoints_on(store.clone())
        .checkpoint_every(Duration::from_secs(3600))
        .sink_of(["made", "sold"], memory.clone())
}

fn store() -> Location {
    Location::memory()
}

#[test]
fn each_event_comes_once_however_often_the_power_goes() {
    for seed in 0..16_u64 {
        let (disk, store, memory) = (Power::new(), store(), Memory::new());
        let mut draw = Draw::new(seed);
        let mut acknowledged = 0;
        for life in 0..4 {
            let app =
                durable(&disk, &store, &memory, 1 + draw.below(3) as usize).start().expect("the app starts");
            let mut waiting = Vec::new();
            for _ in 0..draw.below(40) {
                waiting.push(
                    app.submit_waiting(shelf(draw.below(4)).note(format!("{seed}.{life}")))
                        .expect("there is room"),
                );
                if draw.below(10) == 0 {
                    memory.fail_commit([Fault::Before, Fault::Within, Fault::After][draw.below(3) as usize]);
                }
                if draw.below(20) == 0 {
                    app.checkpoint().expect("a checkpoint");
                }
            }
            // The power goes with answers under way, or behind a clean stop.
            if draw.below(3) == 0 {
                app.stop().expect("it stops");
            } else {
                disk.cut(draw.any());
            }
            acknowledged += waiting.into_iter().filter_map(|reply| reply.wait().ok()).count();
            drop(app);
            disk.cut(draw.any());
        }
        let app = durable(&disk, &store, &memory, 2).start().expect("the app starts");
        let notes: u64 =
            (0..4).map(|id| app.call_blocking(shelf(id).left()).expect("it is there") - 100).sum();
        app.stop().expect("it stops");
        let told = told(&memory);
        let sold = told.get("sold").map_or(0, Vec::len) as u64;
        assert_eq!(sold, notes, "seed {seed}: as many events as there are effects");
        assert!(sold >= acknowledged as u64, "seed {seed}: {sold} events, {acknowledged} answers");
    }
}

#[test]
fn what_no_sink_has_taken_outlives_its_log() {
    for workers in [1, 3] {
        let (disk, store, memory) = (Power::new(), store(), Memory::new());
        let app = |shut| {
            app(workers)
                .data_on(disk.clone())
                .checkpoints_on(store.clone())
                .keep_checkpoints(1)
                .sink_of(["made", "sold"], Gate::new(shut, &memory))
        };
        for life in 0..3 {
            let app = app(true).start().expect("the app starts");
            for id in 0..5 {
                app.call_blocking(shelf(id).note(format!("life {life}"))).expect("it is taken");
            }
            app.checkpoint().expect("a checkpoint");
            app.call_blocking(shelf(9).note(format!("behind {life}"))).expect("it is taken");
            // A clean stop takes a checkpoint, and lets go of the log.
            app.stop().expect("a sink that fails keeps nobody");
            assert!(memory.events().is_empty(), "it is shut");
        }
        let lonely = super::app(workers).data_on(disk.clone()).checkpoints_on(store.clone());
        let none = super::app(1).data_on(disk.clone()).checkpoints_on(store.clone());
        for app in [lonely.sink("made", Memory::new()), none] {
            let refused = app.start().map(drop).expect_err("events would be lost");
            assert!(
                matches!(&refused, Error::Sink { what, .. } if what.contains("not have taken")),
                "{refused}"
            );
        }
        let app = app(false).start().expect("the app starts");
        app.stop().expect("it stops");
        let told = told(&memory);
        assert_eq!((told["made"].len(), told["sold"].len()), (6, 18));
        assert_eq!(told["sold"][17], "\"behind 2\"");
    }
}

#[test]
fn a_log_with_more_events_than_the_outbox_holds_is_executed_again() {
    let (disk, store, memory) = (Power::new(), store(), Memory::new());
    let start = |shut| {
        let app = app(2)
            .data_on(disk.clone())
            .checkpoints_on(store.clone())
            .checkpoint_every(Duration::from_secs(3600));
        app.outbox(600)
            .queue(64)
            .sink_of(["made", "sold"], Gate::new(shut, &memory))
            .start()
            .expect("the app starts")
    };
    let app = start(true);
    let mut waiting: Vec<_> =
        (0..40).map(|n| app.submit(shelf(n % 3).note("x".into())).expect("there is room")).collect();
    for reply in waiting.drain(..4) {
        reply.wait().expect("what has entered before it was full is answered");
    }
    disk.cut(3);
    drop((app, waiting));
    disk.cut(4);
    // The first has a sink that still takes nothing.
    drop(start(true));
    let app = start(false);
    let notes: u64 = (0..3).map(|id| app.call_blocking(shelf(id).left()).expect("an answer") - 100).sum();
    app.stop().expect("it stops");
    assert_eq!(told(&memory)["sold"].len() as u64, notes);
}

#[test]
fn a_sink_that_does_not_fit_is_refused() {
    let (disk, store, memory) = (Power::new(), store(), Memory::new());
    let app = durable(&disk, &store, &memory, 2).start().expect("the app starts");
    app.call_blocking(shelf(1).note("x".into())).expect("it is taken");
    // What is committed before the last checkpoint is not in it.
    while memory.events().len() < 2 {
        std::thread::yield_now();
    }
    app.stop().expect("it stops");
    let refused = |memory: &Memory, disk: &Power| {
        let store = if disk.files().is_empty() { self::store() } else { store.clone() };
        let app = durable(disk, &store, memory, 2).start();
        let Error::Sink { what, .. } = app.map(drop).expect_err("it does not fit") else {
            panic!("another error")
        };
        what
    };
    let what = refused(&Memory::new(), &disk);
    assert!(what.contains("it has 0 events, and had committed 1"), "{what}");
    let what = refused(&memory, &Power::new());
    assert!(what.contains("it has 1 events, and the app has emitted 0"), "{what}");
    let app = durable(&disk, &store, &memory, 1).start().expect("nothing was changed");
    app.call_blocking(shelf(1).note("y".into())).expect("it is taken");
    app.stop().expect("it stops");
    assert_eq!(told(&memory)["sold"], ["\"x\"", "\"y\""]);
}
