//! Events: in the order of the program, once, and only of what commits.
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;
use thalweg::oracle::Oracle;
use thalweg::prelude::*;
use thalweg::simulation::Schedule;
use thalweg::sink::testing::Fault;
use thalweg::sink::{Event, Memory, Positions, Sink, SinkError};
use thalweg::{Error, emit};
use thalweg_checkpoint::Location;
use thalweg_log::testing::{Draw, Power};

/// A map whose order differs from run to run.
fn unordered() -> impl Serialize {
    (0..64).map(|n| (n, n)).collect::<HashMap<u64, u64>>()
}

mod till {
    use super::*;

    #[derive(Serialize)]
    pub struct Sold<'a> {
        by: &'a str,
        units: u64,
    }

    #[entity(auto)]
    pub struct Shelf {
        #[key]
        id: u64,
        left: u64,
        next: u64,
    }

    #[entity]
    impl Shelf {
        pub fn new(id: u64) -> Self {
            emit("made", &id);
            Self { id, left: 100, next: id + 1 }
        }
        pub fn take(&mut self, units: u64) -> Result<u64, String> {
            emit("sold", &Sold { by: "take", units });
            self.left = self.left.checked_sub(units).ok_or("empty")?;
            if units == 13 {
                panic!("on purpose");
            }
            Ok(self.left)
        }
        pub fn note(&mut self, text: String) {
            self.left += 1;
            emit("sold", &text);
        }
        /// Events before, between and behind calls that wait for each other.
        pub async fn chain(&mut self, other: Ref<Shelf>, units: u64) -> Result<u64, String> {
            emit("sold", &format!("{} begins", self.id));
            let first = other.take(units).await?;
            emit("sold", &format!("{} goes on", self.id));
            other.note("by the chain".into()).await;
            let second = self.take_here(units);
            emit("made", "ends");
            Ok(first + second)
        }
        fn take_here(&mut self, units: u64) -> u64 {
            emit("sold", &Sold { by: "here", units });
            self.left = self.left.saturating_sub(units);
            self.left
        }
        /// Calls side by side, and some that nobody waits for.
        pub async fn many(&mut self, others: Vec<Ref<Shelf>>) -> u64 {
            for other in &others {
                other.note(format!("sent by {}", self.id)).send();
            }
            emit("sold", "all sent");
            let answers = join_all(others.iter().map(|other| other.take(1))).await;
            emit("sold", &answers.iter().filter(|answer| answer.is_ok()).count());
            answers.len() as u64
        }
        /// Whom it meets is in its state, so a scout runs before.
        pub async fn follow(&mut self, steps: u64) -> u64 {
            emit("sold", &format!("step {steps} at {}", self.id));
            self.next = self.next * 5 % 7;
            if steps == 0 {
                return self.left;
            }
            Shelf::at(self.next).follow(steps - 1).await
        }
        pub fn lost(&mut self) {
            self.left += 1;
            emit("nowhere", &1);
        }
        pub fn unwritten(&mut self) {
            self.left += 1;
            emit("sold", &BTreeMap::from([((1, 2), 3)]));
        }
        pub fn unordered(&mut self) {
            emit("sold", &unordered());
        }
        pub fn left(&self) -> u64 {
            self.left
        }
    }
}
use till::Shelf;

fn shelf(id: u64) -> Ref<Shelf> {
    Shelf::at(id)
}

fn app(workers: usize) -> App {
    App::new("till").entity::<Shelf>().workers(workers).seed(0).clock(|| 0)
}

/// A drawn request, for a handle or for the oracle.
macro_rules! drawn {
    ($draw:expr, $call:ident => $run:expr) => {{
        let draw: &mut Draw = $draw;
        let (id, other) = (draw.below(7), draw.below(7));
        match draw.below(6) {
            0 => {
                let $call = shelf(id).take(draw.below(15));
                $run
            }
            1 => {
                let $call = shelf(id).chain(shelf(if other == id { 9 } else { other }), draw.below(15));
                $run
            }
            2 => {
                let $call = shelf(id).many((0..draw.below(4)).map(|n| shelf((id + 1 + n) % 9)).collect());
                $run
            }
            3 => {
                let $call = shelf(10 + id).follow(draw.below(5));
                $run
            }
            4 => {
                let $call = shelf(id).note(String::from("x"));
                $run
            }
            _ => {
                let $call = shelf(id).left();
                $run
            }
        }
    }};
}

fn told(memory: &Memory) -> BTreeMap<String, Vec<String>> {
    let mut by_topic: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for event in memory.events() {
        let topic = by_topic.entry(event.topic).or_default();
        assert_eq!(event.offset, topic.len() as u64, "offsets are contiguous");
        topic.push(event.body);
    }
    by_topic
}

/// What the oracle says that the same requests emit.
fn expected(seed: u64, requests: usize) -> BTreeMap<String, Vec<String>> {
    let (mut oracle, mut draw) = (Oracle::new().topics(["made", "sold"]), Draw::new(seed));
    for _ in 0..requests {
        drawn!(&mut draw, call => drop(oracle.call(call)));
    }
    let mut by_topic: BTreeMap<String, Vec<String>> = BTreeMap::new();
    oracle
        .events()
        .iter()
        .for_each(|(topic, body)| by_topic.entry(topic.clone()).or_default().push(body.clone()));
    by_topic
}

#[test]
fn events_are_those_of_the_oracle_at_any_number_of_workers() {
    let mut seen = 0;
    for seed in 0..12 {
        let expected = expected(seed, 120);
        seen += expected.values().map(Vec::len).sum::<usize>();
        for (workers, groups) in [(1, 1), (2, 1), (3, 3), (4, 2)] {
            let memory = Memory::new();
            let app = app(workers).groups(groups).sink_of(["made", "sold"], memory.clone());
            let app = app.start().expect("the app starts");
            let mut draw = Draw::new(seed);
            let mut waiting = Vec::new();
            for _ in 0..120 {
                drawn!(&mut draw, call => waiting.push(crate::harness::pending(app.submit_waiting(call))));
            }
            waiting.into_iter().for_each(|reply| drop(reply()));
            app.stop().expect("it stops");
            assert_eq!(told(&memory), expected, "seed {seed}, {workers} workers in {groups} groups");
        }
    }
    assert!(seen > 2000, "{seen} events");
}

#[test]
fn events_are_those_of_the_oracle_under_drawn_schedules() {
    for seed in 0..24 {
        let expected = expected(seed, 60);
        let memory = Memory::new();
        let groups = 1 + seed as usize % 3;
        let app = app(3).groups(groups).draw_homes(seed).sink_of(["made", "sold"], memory.clone());
        let mut simulation = app.simulate(Schedule { seed, epoch: 8 }).expect("the app starts");
        let mut draw = Draw::new(seed);
        let mut waiting = Vec::new();
        for _ in 0..60 {
            drawn!(&mut draw, call => waiting.push(crate::harness::pending(simulation.handle().submit(call))));
        }
        simulation.run();
        waiting.into_iter().for_each(|reply| drop(reply()));
        drop(simulation);
        assert_eq!(told(&memory), expected, "seed {seed}");
    }
}

#[test]
fn what_fails_emits_nothing_and_says_why() {
    let memory = Memory::new();
    for workers in [1, 3] {
        let app = app(workers).sink("sold", memory.clone()).start().expect("the app starts");
        let no_sink = |topic: &str| Err(Error::NoSink { topic: topic.to_owned() });
        assert_eq!(app.call_blocking(shelf(1).left()), no_sink("made"), "making it emits");
        app.stop().expect("it stops");
    }
    for workers in [1, 3] {
        let app = app(workers).sink_of(["sold", "made"], Memory::new()).start().expect("the app starts");
        assert_eq!(app.call_blocking(shelf(1).lost()), Err(Error::NoSink { topic: "nowhere".to_owned() }));
        let bad = app.call_blocking(shelf(1).unwritten()).expect_err("it has no JSON");
        assert!(matches!(&bad, Error::BadEvent { topic, .. } if topic == "sold"), "{bad}");
        assert_eq!(app.call_blocking(shelf(1).left()), Ok(100), "both are undone");
        app.stop().expect("it stops");
    }
    assert!(memory.events().is_empty());
    let plain = app(1).start().expect("the app starts");
    assert_eq!(plain.call_blocking(shelf(1).left()), Err(Error::NoSink { topic: "made".to_owned() }));
    let twice = app(1).sink("sold", Memory::new()).sink_of(["made", "sold"], Memory::new());
    assert!(matches!(twice.start().map(drop), Err(Error::Start(what)) if what.contains("`sold`")));
}

#[test]
fn an_event_that_differs_from_run_to_run_is_found() {
    let app =
        app(1).sink_of(["sold", "made"], Memory::new()).check_determinism().start().expect("the app starts");
    assert_eq!(app.call_blocking(shelf(1).take(1)), Ok(Ok(99)));
    let found = app.call_blocking(shelf(1).unordered()).expect_err("a hash map has no order");
    assert!(matches!(&found, Error::Nondeterministic { what, .. } if what.contains("emitted")), "{found}");
}

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

/// A sink that takes nothing while it is shut.
struct Gate {
    shut: Arc<AtomicBool>,
    behind: Memory,
}

impl Sink for Gate {
    fn open(&mut self, generation: u64) -> Result<Positions, SinkError> {
        self.behind.open(generation)
    }
    fn write(&mut self, events: &[Event<'_>]) -> Result<(), SinkError> {
        if self.shut.load(Ordering::SeqCst) {
            return Err(SinkError::Other("it is shut".into()));
        }
        self.behind.write(events)
    }
    fn commit(&mut self, next: &Positions) -> Result<(), SinkError> {
        self.behind.commit(next)
    }
}

#[test]
fn what_no_sink_has_taken_outlives_its_log() {
    for workers in [1, 3] {
        let (disk, store, memory) = (Power::new(), store(), Memory::new());
        let gate = |shut: bool| Gate { shut: Arc::new(AtomicBool::new(shut)), behind: memory.clone() };
        let app = |shut| {
            app(workers)
                .data_on(disk.clone())
                .checkpoints_on(store.clone())
                .keep_checkpoints(1)
                .sink_of(["made", "sold"], gate(shut))
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
        let lonely = self::app(workers).data_on(disk.clone()).checkpoints_on(store.clone());
        let none = self::app(1).data_on(disk.clone()).checkpoints_on(store.clone());
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

#[test]
fn requests_wait_for_a_sink_that_takes_nothing_and_go_on_when_it_does() {
    for workers in [1, 2] {
        let (shut, memory) = (Arc::new(AtomicBool::new(true)), Memory::new());
        let gate = Gate { shut: shut.clone(), behind: memory.clone() };
        let app = app(workers).queue(8).outbox(1_000).sink_of(["made", "sold"], gate);
        let app = app.start().expect("the app starts");
        let (mut waiting, mut refused) = (Vec::new(), None);
        for n in 0..1_000_000_u64 {
            match app.submit(shelf(n % 3).note(format!("{n}"))) {
                Ok(reply) => waiting.push(reply),
                Err(error) => {
                    refused = Some(error);
                    // Those before it may still be on their way to the outbox.
                    if app.counts().committed >= 5 {
                        break;
                    }
                }
            }
        }
        assert!(matches!(refused, Some(Error::Overloaded { .. })), "the queue is full");
        shut.store(false, Ordering::SeqCst);
        let answers = waiting.into_iter().map(|reply| reply.wait().expect("it is taken")).count();
        app.stop().expect("it stops");
        assert_eq!(told(&memory)["sold"].len(), answers);
    }
}

#[test]
fn an_app_in_memory_says_at_its_end_what_a_sink_has_not_taken() {
    let gate = Gate { shut: Arc::new(AtomicBool::new(true)), behind: Memory::new() };
    let app = app(2).sink_of(["made", "sold"], gate).start().expect("the app starts");
    app.call_blocking(shelf(1).note("x".into())).expect("it is taken");
    let ended = app.stop().expect_err("its events are lost");
    assert!(matches!(&ended, Error::Sink { what, .. } if what == "it is shut"), "{ended}");
}

#[test]
fn a_sink_that_panics_is_one_that_fails() {
    struct Bomb(Arc<(Mutex<u32>, Condvar)>, Memory);
    impl Sink for Bomb {
        fn open(&mut self, generation: u64) -> Result<Positions, SinkError> {
            self.1.open(generation)
        }
        fn write(&mut self, events: &[Event<'_>]) -> Result<(), SinkError> {
            let mut panics = self.0.0.lock().expect("nobody panics with it");
            *panics += 1;
            let panics_now = *panics < 3;
            drop(panics);
            self.0.1.notify_all();
            assert!(!panics_now, "on purpose");
            self.1.write(events)
        }
        fn commit(&mut self, next: &Positions) -> Result<(), SinkError> {
            self.1.commit(next)
        }
    }
    let (count, memory) = (Arc::<(Mutex<u32>, Condvar)>::default(), Memory::new());
    let bomb = Bomb(count.clone(), memory.clone());
    let app = app(1).sink_of(["made", "sold"], bomb).start().expect("the app starts");
    app.call_blocking(shelf(1).note("x".into())).expect("it is taken");
    let third = count.1.wait_while(count.0.lock().expect("nobody panics with it"), |tried| *tried < 3);
    drop(third.expect("nobody panics with it"));
    app.stop().expect("it stops");
    assert_eq!(told(&memory)["sold"], ["\"x\""]);
}

#[test]
fn a_log_with_more_events_than_the_outbox_holds_is_executed_again() {
    let (disk, store, memory) = (Power::new(), store(), Memory::new());
    let start = |shut| {
        let gate = Gate { shut: Arc::new(AtomicBool::new(shut)), behind: memory.clone() };
        let app = app(2)
            .data_on(disk.clone())
            .checkpoints_on(store.clone())
            .checkpoint_every(Duration::from_secs(3600));
        app.outbox(600).queue(64).sink_of(["made", "sold"], gate).start().expect("the app starts")
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
fn a_simulation_that_compares_runs_has_topics_everywhere() {
    let memory = Memory::new();
    let app = app(1).check_determinism().sink_of(["made", "sold"], memory.clone());
    let mut simulation = app.simulate(Schedule { seed: 1, epoch: 4 }).expect("the app starts");
    let reply = simulation.handle().submit(shelf(1).note("x".into())).expect("there is room");
    simulation.run();
    assert_eq!(reply.wait(), Ok(()));
    drop(simulation);
    assert_eq!(told(&memory)["sold"].len(), 1);
}
