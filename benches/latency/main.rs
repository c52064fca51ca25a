//! Latency far below the ceiling, and what an idle app costs. In memory.
//!
//! `cargo bench --bench latency`; with `-- --quick` it only shows that it works. For each workload and number of workers:
//! - *idle*: the app is loaded and nothing is submitted; the share of one core that the whole process takes (Linux).
//! - *ceiling*: answers a second in a closed loop with [`MANY`] in flight.
//! - *open loop*: requests arrive at a tenth of that rate, evenly, whatever happens. Latency is from when a request was
//!   due to its answer. So it has in it how late the sender was, which the last columns tell, and that the thread which
//!   takes the answers is woken for nearly every one. How many requests share an epoch tells what each of them pays for.
//!
//! The targets, p50 under 200 µs and p99 under 2 ms, are for an otherwise idle machine with a core for each worker and
//! two for the load; on fewer the load and the workers wait for each other. Nothing fails when they are missed.
#[path = "../../examples/workloads/workload.rs"]
mod workload;
#[path = "../../examples/workloads/draw.rs"]
#[allow(dead_code, reason = "the example uses more of it")]
mod draw;
#[path = "../../examples/workloads/answers.rs"]
#[allow(dead_code, reason = "the example uses more of it")]
mod answers;
#[path = "../../examples/workloads/load.rs"]
#[allow(dead_code, reason = "the example uses more of it")]
mod load;
#[path = "../../examples/workloads/meter.rs"]
mod meter;
#[path = "../../examples/workloads/ycsb.rs"]
mod ycsb;
#[path = "../../examples/workloads/smallbank/mod.rs"]
mod smallbank;
mod processor;

use load::{Length, Pace, Plan};
use meter::Measured;
use std::time::Duration;
use thalweg::prelude::*;
use thalweg::{Counts, Result};
use workload::Workload;

/// In flight in the closed loop: enough to keep all workers busy.
const MANY: usize = 1_024;
const SEED: u64 = 1;

struct Size {
    ceiling: Duration,
    open: Duration,
    idle: Duration,
    warmup: Duration,
}

const FULL: Size = Size {
    ceiling: Duration::from_secs(3),
    open: Duration::from_secs(10),
    idle: Duration::from_secs(3),
    warmup: Duration::from_secs(1),
};
const QUICK: Size = Size {
    ceiling: Duration::from_millis(100),
    open: Duration::from_millis(200),
    idle: Duration::from_millis(200),
    warmup: Duration::from_millis(100),
};

fn main() -> Result<()> {
    let size = if std::env::args().any(|arg| arg == "--quick") { QUICK } else { FULL };
    println!(
        "{:<10} {:>7} {:>12} {:>10} {:>9} | {:>8} {:>8} {:>8} {:>8} | {:>9} {:>9} {:>7} | {:>9}",
        "workload",
        "workers",
        "idle, core",
        "ceiling/s",
        "tenth/s",
        "p50 µs",
        "p99 µs",
        "p99.9 µs",
        "max µs",
        "late p50",
        "late p99",
        "unsent",
        "per epoch"
    );
    for workers in [1, 2] {
        run(&mut ycsb::Ycsb::new(ycsb::ACCOUNTS, ycsb::OPENING, 0.0, SEED)?, workers, &size)?;
        run(&mut smallbank::Smallbank::new(smallbank::CUSTOMERS, 0, None, SEED)?, workers, &size)?;
    }
    println!("targets: idle near 0 %, p50 under 200 µs, p99 under 2000 µs");
    Ok(())
}

fn run(workload: &mut dyn Workload, workers: usize, size: &Size) -> Result<()> {
    let app = workload.register(App::new(workload.name())).workers(workers).start()?;
    workload::wait(workload.load(&app)?)?;
    // What the workers still had to do after the last answer is not idleness.
    std::thread::sleep(size.warmup);
    let idle = processor::share(size.idle)?;
    let mut measure = |pace, time| {
        load::run(workload, &app, &Plan { pace, length: Length::Time(time), warmup: size.warmup })
    };
    let closed = measure(Pace::Closed { in_flight: MANY }, size.ceiling)?;
    let ceiling = (closed.committed + closed.refused) as f64 / closed.elapsed.as_secs_f64();
    let before = app.counts();
    let open = measure(Pace::Open { rate: ceiling / 10.0 }, size.open)?;
    let per_epoch = requests_per_epoch(before, app.counts());
    workload.check(&app)?;
    app.stop()?;
    print(workload.name(), workers, idle, ceiling, &open, per_epoch);
    Ok(())
}

fn requests_per_epoch(before: Counts, after: Counts) -> f64 {
    let requests = after.committed + after.aborted - before.committed - before.aborted;
    requests as f64 / (after.epochs - before.epochs).max(1) as f64
}

fn print(name: &str, workers: usize, idle: f64, ceiling: f64, open: &Measured, per_epoch: f64) {
    let latency = |quantile| open.latency.value_at_quantile(quantile) as f64 / 1e3;
    let late = |quantile| open.lateness.value_at_quantile(quantile) as f64 / 1e3;
    println!(
        "{name:<10} {workers:>7} {:>10.3} % {ceiling:>10.0} {:>9.0} | {:>8.0} {:>8.0} {:>8.0} {:>8.0} | {:>9.1} {:>9.1} {:>7} | {per_epoch:>9.1}",
        idle * 100.0,
        ceiling / 10.0,
        latency(0.5),
        latency(0.99),
        latency(0.999),
        open.latency.max() as f64 / 1e3,
        late(0.5),
        late(0.99),
        open.unsent
    );
}
