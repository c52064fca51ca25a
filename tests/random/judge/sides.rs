//! The sides of a program: each gets the same requests and must give what the plain rendering gave.
use super::engine::{self, Run, TOPIC};
use super::verdict::Ways;
use super::{Program, Request, requests};
use std::panic::{AssertUnwindSafe, catch_unwind};
use thalweg::App;
use thalweg::oracle::Oracle;
use thalweg::simulation::Schedule;

/// The numbers of workers every program runs at.
const WORKERS: [usize; 4] = [1, 2, 3, 4];

/// The most requests in an epoch, for each simulation of a program.
const EPOCHS: [usize; 4] = [1, 3, 7, 64];

/// What is compared with the plain rendering.
#[derive(Clone, Copy, Debug)]
pub(super) enum Side {
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
    /// With a log whose power is cut, and a restart with another number of workers.
    Durable {
        workers: (usize, usize),
    },
}

/// All sides of a program. The threads come last: a mistake that would stop them for ever stops a simulation first.
pub(super) fn all(program: &Program, schedules: u64) -> Vec<Side> {
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
    let other = |number: u64| 1 + (program.seed.wrapping_mul(number) >> 7) as usize % 4;
    sides.push(Side::Durable { workers: (other(3), other(5)) });
    sides
}

impl Side {
    /// What it makes of the requests that is not expected.
    pub(super) fn differs(
        self,
        program: &Program,
        requests: &[Request],
        expected: &Run,
        ways: &mut Ways,
    ) -> Option<String> {
        let got = match self {
            Self::Oracle => {
                let mut oracle = Oracle::new().topics([TOPIC]);
                let replies = requests.iter().map(|request| (program.oracle)(&mut oracle, request)).collect();
                let events = oracle.events().iter().map(|(_, body)| body.clone()).collect();
                Run { replies, state: oracle.inspect(), events }
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
                let app = (program.app)().workers(workers);
                let app = if workers == 3 { app.groups(2).draw_homes(program.seed) } else { app };
                engine::run(app, program.submit, requests)
            }
            Self::Durable { workers } => {
                engine::durable(program.app, program.submit, requests, workers, program.seed)?
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
    ways: &mut Ways,
) -> Result<(Run, Vec<usize>), String> {
    let app = placed((program.app)().workers(workers), workers, schedule.seed ^ schedule.epoch as u64);
    let simulate = || engine::simulate(app, program.submit, requests, handles, schedule);
    let (run, order, counts) = catch_unwind(AssertUnwindSafe(simulate)).map_err(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        text.or(panic.downcast_ref::<&str>().copied()).unwrap_or("a panic").to_owned()
    })?;
    ways.count(&counts);
    Ok((run, order))
}

/// In a third of the simulations all entities are lent to the homes of transactions, in a third homes are drawn, and in a
/// third groups, too, between which calls are shipped; down to groups of one worker.
fn placed(app: App, workers: usize, seed: u64) -> App {
    match seed % 3 {
        0 => app,
        1 => app.draw_homes(seed),
        _ => app.groups(1 + (seed / 3) as usize % workers).draw_homes(seed),
    }
}

/// The first request that was answered in another way, or the state that came out.
fn difference(program: &Program, requests: &[Request], expected_run: &Run, got_run: &Run) -> Option<String> {
    let (expected, got) = (expected_run, got_run);
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
    let state =
        (expected != got).then(|| format!("the final state\n  expected {expected}\n  got      {got}"));
    let (expected, got) = (&expected_run.events, &got_run.events);
    state.or_else(|| {
        (expected != got).then(|| format!("the events\n  expected {expected:?}\n  got      {got:?}"))
    })
}
