//! Does what workers send each other grow with their number? Two cores do not show it, so it is counted and not timed.
//!
//! `cargo bench --bench scaling`; with `-- --quick` fewer requests and numbers of workers, for CI. Every workload runs
//! in a simulation with 1 to 64 workers. Requests enter at all of them in turn, at least [`REQUESTS`] in all and
//! [`PER_WORKER`] at each; a worker takes 1 to 64 at a time into an epoch, as drawn from a fixed seed. The same messages are
//! counted in every run. What loads the data is not counted.
//!
//! The bench fails when a bound of [`bound`] does not hold: messages must not grow faster than the entities that are not at
//! the home of a transaction, which grow from half of all with two workers to nearly all with many. Workloads enter through
//! one handle for each worker, so their books, which foretell the answers for one, are not asked here; the tests do that.
//!
//! Bytes are those of the messages themselves, without what arguments and results point to: nothing is serialised
//! between threads.
mod bound;
mod cases;
mod count;
#[path = "../../examples/workloads/workload.rs"]
#[allow(dead_code, reason = "the example uses more of it")]
mod workload;
#[path = "../../examples/workloads/draw.rs"]
mod draw;
#[path = "../../examples/workloads/answers.rs"]
mod answers;
#[path = "../../examples/workloads/ycsb.rs"]
#[allow(dead_code, reason = "the example uses more of it")]
mod ycsb;
#[path = "../../examples/workloads/smallbank/mod.rs"]
#[allow(dead_code, reason = "the example uses more of it")]
mod smallbank;
#[path = "../../examples/workloads/hotel/mod.rs"]
mod hotel;
#[path = "../../examples/workloads/movie/mod.rs"]
mod movie;
#[path = "../../examples/workloads/tpcc/mod.rs"]
#[allow(dead_code, reason = "the example uses more of it")]
mod tpcc;

use cases::{CASES, Case, Guesses};
use count::{Counted, count};
use std::process::ExitCode;

const REQUESTS: usize = 2_048;
const PER_WORKER: usize = 128;

struct Size {
    workers: &'static [usize],
    /// A part of the usual requests.
    part: usize,
}

const FULL: Size = Size { workers: &[1, 2, 4, 8, 16, 32, 64], part: 1 };
const QUICK: Size = Size { workers: &[1, 2, 8, 32], part: 8 };

fn main() -> thalweg::Result<ExitCode> {
    let size = if std::env::args().any(|arg| arg == "--quick") { QUICK } else { FULL };
    print_head();
    let mut broken = Vec::new();
    for case in CASES {
        let mut of_case = Vec::new();
        for &workers in size.workers {
            let counted = count(case, workers, REQUESTS.max(PER_WORKER * workers) / size.part)?;
            print(case, &counted);
            let bound = bound::broken(&counted, case.guesses);
            broken.extend(bound.map(|bound| format!("{}, {workers} workers: {bound}", case.name)));
            of_case.push(counted);
        }
        print_growth(case, &of_case);
    }
    broken.iter().for_each(|bound| eprintln!("BROKEN: {bound}"));
    Ok(if broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn print_head() {
    println!(
        "{:<17} {:>7} | {:^56} | {:^15} | {:^15} | {:>8}",
        "", "", "per transaction", "bytes of", "parcels per", "messages"
    );
    println!(
        "{:<17} {:>7} | {:>7} {:>7} {:>7} {:>7} {:>8} {:>7} {:>7} | {:>8} {:>6} | {:>8} {:>6} | {:>8}",
        "workload",
        "workers",
        "lent",
        "grants",
        "returns",
        "demands",
        "scouting",
        "parcels",
        "undone",
        "messages",
        "parcels",
        "epoch",
        "part",
        "per lent"
    );
}

fn print(case: &Case, counted: &Counted) {
    let traffic = counted.traffic;
    let each = |count: u64| count as f64 / counted.transactions as f64;
    println!(
        "{:<17} {:>7} | {:>7.3} {:>7.3} {:>7.3} {:>7.3} {:>8.3} {:>7.3} {:>7.3} | {:>8.0} {:>7.0} | {:>8.2} {:>6.2} | {:>8.3}",
        case.name,
        counted.workers,
        each(traffic.lent),
        each(traffic.grants),
        each(traffic.returns),
        each(traffic.demands),
        each(traffic.scouting),
        each(traffic.parcels),
        each(counted.undone),
        each(traffic.message_bytes),
        each(traffic.parcel_bytes),
        traffic.parcels as f64 / traffic.epochs as f64,
        traffic.parcels as f64 / traffic.parts as f64,
        counted.per_lent(),
    );
}

/// Where guesses are wrong the bound itself grows with the workers, so that what comes of it is said.
fn print_growth(case: &Case, counted: &[Counted]) {
    let mut crossing = counted.iter().filter(|counted| counted.workers > 1);
    if let (Guesses::SomeWrong, Some(first), Some(last)) =
        (case.guesses, crossing.next(), crossing.next_back())
    {
        println!(
            "  {}: scouts guess wrong, which all workers are told; messages per entity lent go from {:.1} with {} workers to \
             {:.1} with {}",
            case.name,
            first.per_lent(),
            first.workers,
            last.per_lent(),
            last.workers
        );
    }
}
