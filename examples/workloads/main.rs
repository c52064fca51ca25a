//! Runs TPC-C once and checks it: `cargo run --release --example workloads -- [WAREHOUSES [REQUESTS [WORKERS]]]`.

mod tpcc;
mod workload;

use std::collections::VecDeque;
use std::time::Instant;
use thalweg::prelude::*;
use tpcc::Tpcc;
use tpcc::scale::Scale;
use workload::{Outcome, Workload};

const IN_FLIGHT: usize = 64;

fn main() -> thalweg::Result<()> {
    let mut args = std::env::args().skip(1).map(|arg| arg.parse::<u32>());
    let mut next = |or| args.next().unwrap_or(Ok(or));
    let (warehouses, requests, workers) = (next(1)?, next(100_000)?, next(1)?);
    for mut workload in [Tpcc::new(Scale::full(warehouses), 1), Tpcc::two_kinds(Scale::full(warehouses), 1)] {
        run(&mut workload, requests, workers as usize)?;
    }
    Ok(())
}

fn run(workload: &mut dyn Workload, requests: u32, workers: usize) -> thalweg::Result<()> {
    let app = workload.register(App::new(workload.name())).workers(workers).start()?;
    let begin = Instant::now();
    workload.load(&app)?;
    println!("{}: loaded in {:.1?}", workload.name(), begin.elapsed());

    let begin = Instant::now();
    let (mut refused, mut pending) = (0, VecDeque::new());
    for _ in 0..requests {
        pending.push_back(workload.next(&app)?);
        if pending.len() == IN_FLIGHT
            && let Some(answer) = pending.pop_front()
        {
            refused += u32::from(answer()? == Outcome::Refused);
        }
    }
    for answer in pending {
        refused += u32::from(answer()? == Outcome::Refused);
    }
    let rate = f64::from(requests) / begin.elapsed().as_secs_f64();
    println!("{}: {rate:.0} transactions/s, {refused} of {requests} refused", workload.name());

    let begin = Instant::now();
    workload.check(&app)?;
    println!("{}: checked in {:.1?}", workload.name(), begin.elapsed());
    Ok(app.stop()?)
}
