//! Events: in the order of the program, once, and only of what commits.
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};
use thalweg::oracle::Oracle;
use thalweg::prelude::*;
use thalweg::simulation::Schedule;
use thalweg::sink::Memory;
use thalweg::{Error, emit};
use thalweg_log::testing::Draw;

/// A map whose order differs from run to run.
fn unordered() -> impl Serialize {
    (0..64).map(|n| (n, n)).collect::<HashMap<u64, u64>>()
}

mod sinks;
mod survives;

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
