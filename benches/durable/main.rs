//! What durability costs: throughput, latency, recovery and bytes of an app with a log on a real disk, each beside a
//! baseline of the same run.
//!
//! `cargo bench --bench durable`; with `-- --quick` everything is small and only shows that it works. `--dir` says on which
//! disk; it is the one of the target directory unless it is set. `--features compare` adds SQLite and redb.
//!
//! - *Batches*: transfers between 100,000 accounts, uniform, 1,000 to a batch and [`BATCHES`] of them sent and not answered
//!   for each worker. The baseline is the same app in memory.
//! - *Latency*: of one caller that waits for each answer, and of [`CALLERS`] that do. The baseline is a write of 4096 bytes
//!   and a sync in a file of zeros on the same disk: no durable answer can come sooner.
//! - *Recovery*: from what a process has left to a running app: a log of so many transfers, if it was killed, or the
//!   checkpoint that a stop takes.
//! - *A large state*: a million entities of 100 bytes, checkpointed under load, and the start from that.
//! - *Bytes*: *records* is what is said of a transfer, *log* what the log has grown by: a write fills whole blocks of 4096.
//!
//! Figures of one run can be compared with each other. The disk of a shared or virtual machine is noisy, and some say that
//! they have synced when they have not.
#![allow(clippy::disallowed_methods)]
#[path = "../transfer/input.rs"]
#[allow(dead_code, reason = "the transfer bench uses more of it")]
mod input;
mod bank;
mod bare;
mod callers;
mod large;
mod recovery;
mod scratch;
#[cfg(feature = "compare")]
mod compare;

use bank::Place;
use bare::Latency;
use clap::Parser;
use input::{Input, Kind};
use scratch::Scratch;
use std::path::PathBuf;

/// Batches in flight for each worker.
const BATCHES: usize = 8;
const BATCH: usize = 1_000;
const CALLERS: usize = 64;

/// What durability costs.
#[derive(Debug, Parser)]
struct Options {
    /// Everything small: it only shows that it works.
    #[arg(long)]
    quick: bool,
    /// Where the data is written; a folder on the disk to measure.
    #[arg(long, default_value = env!("CARGO_TARGET_TMPDIR"))]
    dir: PathBuf,
    /// Only the rows of a large state.
    #[arg(long)]
    large: bool,
    /// Writes a log into this folder, and ends without a stop.
    #[arg(long, hide = true)]
    fill: Option<PathBuf>,
    /// Cargo gives this to every bench.
    #[arg(long, hide = true)]
    bench: bool,
}

/// How much is done.
struct Size {
    accounts: u64,
    transfers: usize,
    rounds: usize,
    calls: usize,
    replayed: usize,
    entities: u64,
}

const FULL: Size = Size {
    accounts: 100_000,
    transfers: 1_000_000,
    rounds: 5,
    calls: 4_000,
    replayed: 1_000_000,
    entities: 1_000_000,
};
const QUICK: Size =
    Size { accounts: 1_000, transfers: 20_000, rounds: 1, calls: 128, replayed: 100_000, entities: 20_000 };

impl Size {
    fn to_replay(&self) -> Input {
        Input::new(Kind::Uniform, self.replayed, self.accounts, 1, input::owner)
    }
}

fn main() -> thalweg::Result {
    let options = Options::parse();
    let size = if options.quick { QUICK } else { FULL };
    if options.large {
        let scratch = Scratch::new(&options.dir)?;
        return large::measure(&scratch.fresh()?, size.entities);
    }
    if let Some(folder) = options.fill {
        return recovery::fill(&folder, &size.to_replay());
    }
    let scratch = Scratch::new(&options.dir)?;
    let input = Input::new(Kind::Uniform, size.transfers, size.accounts, 1, input::owner);
    println!("on {}", options.dir.display());
    let memory = batches(&scratch, &input, size.rounds)?;
    latency(&scratch, &input, size.calls)?;
    #[cfg(feature = "compare")]
    compare::compare(&scratch, &input, size.rounds)?;
    recover(&scratch, &size, &memory, options.quick)?;
    large::measure(&scratch.fresh()?, size.entities)?;
    bytes(&scratch, &input, size.calls)
}

/// Gives the rates in memory, with one worker and with two.
fn batches(scratch: &Scratch, input: &Input, rounds: usize) -> thalweg::Result<[f64; 2]> {
    println!("\n{:<44} {:>7} {:>10} {:>10}", "transfers in batches", "workers", "M/s", "of memory");
    let mut all = [0.0; 2];
    for (workers, all) in (1..).zip(&mut all) {
        let (mut memory, mut durable) = (Vec::new(), Vec::new());
        for _ in 0..rounds {
            memory.push(bank::batches(Place::Memory, workers, BATCHES, input)?);
            durable.push(bank::batches(Place::Disk(&scratch.fresh()?), workers, BATCHES, input)?);
        }
        *all = median(memory);
        let durable = median(durable);
        for (name, rate) in [("in memory", *all), ("durable", durable)] {
            println!("{name:<44} {workers:>7} {:>10.3} {:>10.3}", rate / 1e6, rate / *all);
        }
    }
    Ok(all)
}

fn latency(scratch: &Scratch, input: &Input, calls: usize) -> thalweg::Result {
    println!(
        "\n{:<44} {:>7} {:>10} {:>10} {:>10} {:>10} {:>10}",
        "latency", "workers", "p50 µs", "p99 µs", "p50 - bare", "of bare", "calls/s"
    );
    // Before and after, for a disk has its moods.
    let mut bare = bare::syncs(&scratch.fresh()?, calls)?;
    let mut rows = Vec::new();
    for workers in [1, 2] {
        rows.push(("one caller", workers, callers::one(&scratch.fresh()?, workers, calls, input)?));
    }
    for workers in [1, 2] {
        let each = (calls * 4).div_ceil(CALLERS);
        rows.push(("64 callers", workers, callers::many(&scratch.fresh()?, workers, CALLERS, each, input)?));
    }
    bare.add(&bare::syncs(&scratch.fresh()?, calls)?)?;
    let sync = bare.micros(0.5);
    let print = |name: &str, workers: &str, latency: &Latency| {
        println!(
            "{name:<44} {workers:>7} {:>10.0} {:>10.0} {:>10.0} {:>10.2} {:>10.0}",
            latency.micros(0.5),
            latency.micros(0.99),
            latency.micros(0.5) - sync,
            latency.micros(0.5) / sync,
            latency.rate()
        );
    };
    print("write of 4096 bytes and fdatasync", "", &bare);
    rows.iter().for_each(|(name, workers, latency)| print(name, &workers.to_string(), latency));
    if sync < 5.0 {
        println!("a sync of {sync:.1} µs reaches no disk: say with `--dir` where there is one");
    }
    Ok(())
}

fn recover(scratch: &Scratch, size: &Size, memory: &[f64; 2], quick: bool) -> thalweg::Result {
    println!("\n{:<44} {:>7} {:>10} {:>10} {:>10}", "recovery", "workers", "seconds", "M/s", "of memory");
    let left = scratch.fresh()?;
    recovery::fill_apart(&left, quick)?;
    let name = format!("a log of {} transfers", size.replayed);
    for (workers, memory) in (1..).zip(memory) {
        let (mut logs, mut checkpoints) = (Vec::new(), Vec::new());
        for _ in 0..size.rounds.min(3) {
            let copy = scratch.fresh()?;
            recovery::copy(&left, &copy)?;
            logs.push(recovery::seconds(&copy, workers)?);
            checkpoints.push(recovery::seconds(&copy, workers)?);
        }
        let seconds = median(logs);
        let rate = size.replayed as f64 / seconds;
        println!("{name:<44} {workers:>7} {seconds:>10.3} {:>10.3} {:>10.3}", rate / 1e6, rate / memory);
        println!("{:<44} {workers:>7} {:>10.3}", "the checkpoint after it", median(checkpoints));
    }
    let nothing = (0..size.rounds.min(3)).map(|_| recovery::seconds(&scratch.fresh()?, 1));
    println!("{:<44} {:>7} {:>10.3}", "an empty folder", 1, median(nothing.collect::<thalweg::Result<_>>()?));
    Ok(())
}

fn bytes(scratch: &Scratch, input: &Input, calls: usize) -> thalweg::Result {
    println!("\n{:<44} {:>7} {:>10} {:>10}", "bytes of a transfer", "workers", "records", "log");
    let print = |name: &str, workers: usize, count: usize, folder: &std::path::Path| -> thalweg::Result {
        let (records, log) = recovery::bytes(folder)?;
        let each = |bytes: u64| bytes as f64 / count as f64;
        println!("{name:<44} {workers:>7} {:>10.1} {:>10.1}", each(records), each(log));
        Ok(())
    };
    for workers in [1, 2] {
        let folder = scratch.fresh()?;
        bank::batches(Place::Disk(&folder), workers, BATCHES, input)?;
        print("in batches", workers, input.transfers.len(), &folder)?;
    }
    let folder = scratch.fresh()?;
    callers::many(&folder, 1, CALLERS, calls.div_ceil(CALLERS), input)?;
    print("64 callers", 1, calls.div_ceil(CALLERS) * CALLERS, &folder)?;
    // Kilobytes each, of which a segment has to have room for all.
    let (folder, calls) = (scratch.fresh()?, calls.min(1_000));
    callers::one(&folder, 1, calls, input)?;
    print("one caller", 1, calls, &folder)
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}
