//! Random programs: entities drawn from seeds at build time, compared with a plain rendering of themselves.
//!
//! For every seed, `draw` writes a program twice: as entities, and as ordinary synchronous functions over maps. The
//! replies and the final state of the second are what is expected; the oracle, and the engine at 1 to 4 workers, must
//! give the same bytes: with threads, and simulated under drawn schedules with epochs of odd sizes. See `build.rs` for how to run more programs, and others.

#[allow(dead_code)]
mod draw;
mod plain;
#[macro_use]
mod engine;
mod requests;
mod mixture;

#[allow(missing_docs)]
mod programs {
    include!(concat!(env!("OUT_DIR"), "/programs.rs"));
}

use engine::Run;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use thalweg::oracle::Oracle;
use thalweg::prelude::App;
use thalweg::simulation::Schedule;

/// The numbers of workers every program runs at.
const WORKERS: [usize; 4] = [1, 2, 3, 4];

/// The most requests in an epoch, for each simulation of a program.
const EPOCHS: [usize; 4] = [1, 3, 7, 64];
/// How many schedules every program runs under, at each number of workers and each size of epochs; as many as
/// `THALWEG_RANDOM_SCHEDULES` says.
const SCHEDULES: u64 = 1;

/// A drawn program and how to run it on each side.
pub struct Program {
    seed: u64,
    source: &'static str,
    features: &'static [&'static str],
    /// How many keys each class has.
    keys: u64,
    roots: &'static [Root],
    app: fn() -> App,
    submit: engine::Submit,
    oracle: fn(&mut Oracle, &Request) -> String,
    plain: fn() -> plain::Plain,
}

/// A method that is called from outside.
pub struct Root {
    name: &'static str,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
/// What a root is, for the mixture of requests.
pub enum Kind {
    /// A constructor.
    Open,
    /// The question every entity answers.
    Exists,
    /// The end of an entity.
    Remove,
    /// A method that makes calls.
    Calls,
    /// One that makes none.
    Leaf,
}

/// A call from outside; a root takes of the arguments what it needs.
#[derive(Clone, Debug)]
pub struct Request {
    /// The place in [`Program::roots`].
    root: usize,
    key: u64,
    fuel: i64,
    number: i64,
    refs: [u64; 3],
    list: Vec<u64>,
}

#[test]
fn drawn_programs_do_what_their_plain_rendering_does() {
    drawn_panics_are_quiet();
    let schedules = std::env::var("THALWEG_RANDOM_SCHEDULES").ok();
    let schedules = schedules.map_or(SCHEDULES, |text| text.parse().expect("a number of schedules"));
    let mut ways = mixture::Ways::default();
    let mut failures = String::new();
    let mut outcomes = BTreeMap::new();
    for program in programs::PROGRAMS {
        let (requests, expected) = requests::draw(program);
        mixture::count(&expected.replies, &mut outcomes);
        for side in sides(program, schedules) {
            if let Some(difference) = side.differs(program, &requests, &expected, &mut ways) {
                let _ = writeln!(failures, "seed {}, {side:?}: {difference}\n", program.seed);
                let _ = writeln!(failures, "{}", program.source);
                break;
            }
        }
    }
    assert!(failures.is_empty(), "{failures}");
    mixture::is_good(&outcomes);
    ways.are_good();
}

/// What is compared with the plain rendering.
#[derive(Clone, Copy, Debug)]
enum Side {
    Oracle,
    Simulated {
        workers: usize,
        schedule: Schedule,
    },
    /// With as many handles as workers, so that every worker orders some of the requests.
    Handles {
        workers: usize,
        schedule: Schedule,
    },
    Threads {
        workers: usize,
    },
}

/// All sides of a program. The threads come last: a mistake that would stop them for ever stops a simulation first.
fn sides(program: &Program, schedules: u64) -> Vec<Side> {
    let mut sides = vec![Side::Oracle];
    for workers in WORKERS {
        for (epoch, number) in EPOCHS.into_iter().flat_map(|epoch| (0..schedules).map(move |n| (epoch, n))) {
            let schedule = Schedule { seed: program.seed ^ (number << 32), epoch };
            sides.push(Side::Simulated { workers, schedule });
            if workers > 1 {
                sides.push(Side::Handles { workers, schedule });
            }
        }
    }
    sides.extend(WORKERS.map(|workers| Side::Threads { workers }));
    sides
}

impl Side {
    /// What it makes of the requests that is not expected.
    fn differs(
        self,
        program: &Program,
        requests: &[Request],
        expected: &Run,
        ways: &mut mixture::Ways,
    ) -> Option<String> {
        let got = match self {
            Self::Oracle => {
                let mut oracle = Oracle::new();
                let replies = requests.iter().map(|request| (program.oracle)(&mut oracle, request)).collect();
                Run { replies, state: oracle.inspect() }
            }
            Self::Simulated { workers, schedule } => {
                match simulated(program, requests, (workers, 1, schedule), ways) {
                    Ok((got, _)) => got,
                    Err(text) => return Some(text),
                }
            }
            Self::Handles { workers, schedule } => {
                // Nobody knows the order before, so none may make too many calls in any order.
                let small = |request: &Request| Request { fuel: request.fuel.min(2), ..request.clone() };
                let requests: Vec<_> = requests.iter().map(small).collect();
                let (got, order) = match simulated(program, &requests, (workers, workers, schedule), ways) {
                    Ok(simulated) => simulated,
                    Err(text) => return Some(text),
                };
                let expected = requests::in_order(program, &requests, &order)?;
                return difference(program, &requests, &expected, &got);
            }
            Self::Threads { workers } => {
                engine::run((program.app)().workers(workers), program.submit, requests)
            }
        };
        difference(program, requests, expected, &got)
    }
}

/// A simulation, with the order it has made of the requests; or why it could not go on.
fn simulated(
    program: &Program,
    requests: &[Request],
    (workers, handles, schedule): (usize, usize, Schedule),
    ways: &mut mixture::Ways,
) -> Result<(Run, Vec<usize>), String> {
    let app = (program.app)().workers(workers);
    let simulate = || engine::simulate(app, program.submit, requests, handles, schedule);
    let (run, order, counts) = catch_unwind(AssertUnwindSafe(simulate)).map_err(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        text.or(panic.downcast_ref::<&str>().copied()).unwrap_or("a panic").to_owned()
    })?;
    ways.add(&counts);
    Ok((run, order))
}

/// The first request that was answered in another way, or the state that came out.
fn difference(program: &Program, requests: &[Request], expected: &Run, got: &Run) -> Option<String> {
    for (number, request) in requests.iter().enumerate() {
        let (expected, got) = (&expected.replies[number], &got.replies[number]);
        if expected != got {
            let name = program.roots[request.root].name;
            return Some(format!(
                "request {number}, {name} {request:?}\n  expected {expected}\n  replied  {got}"
            ));
        }
    }
    let (expected, got) = (expected.state.to_string(), got.state.to_string());
    (expected != got).then(|| format!("the final state\n  expected {expected}\n  got      {got}"))
}

/// Panics are part of what is drawn; only those of this test itself are worth a line.
fn drawn_panics_are_quiet() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        let file = info.location().map_or("", |location| location.file());
        let name = Path::new(file).file_name().and_then(|name| name.to_str());
        if !name.is_some_and(|name| name.starts_with("drawn_")) {
            before(info);
        }
    }));
}
