//! What was measured, as a table or as JSON.

use crate::load::Pace;
use crate::meter::Measured;
use crate::options::Options;
use serde::Serialize;
use thalweg::Result;

/// One run. Latencies are milliseconds.
#[derive(Debug, Serialize)]
pub struct Report<'a> {
    pub workload: &'static str,
    pub load: String,
    pub cores: usize,
    pub workers: usize,
    pub durability: &'static str,
    pub options: &'a Options,
    pub seconds: f64,
    /// Answers a second.
    pub rate: f64,
    pub committed: u64,
    pub refused: u64,
    pub unsent: u64,
    pub p50_ms: f64,
    pub p99_ms: f64,
    pub p999_ms: f64,
    pub max_ms: f64,
    /// Whether the entities are as they must be; null if a later run checks it.
    pub holds: Option<bool>,
}

const DURABILITY: &str = "none (in memory)";

impl<'a> Report<'a> {
    pub fn new(
        workload: &'static str,
        options: &'a Options,
        pace: Pace,
        measured: &Measured,
        holds: Option<bool>,
    ) -> Self {
        let Measured { latency, committed, refused, elapsed, unsent, .. } = measured;
        let ms = |quantile: f64| latency.value_at_quantile(quantile) as f64 / 1e6;
        let seconds = elapsed.as_secs_f64();
        Self {
            workload,
            load: load(pace),
            cores: cores(),
            workers: options.workers,
            durability: DURABILITY,
            options,
            seconds,
            rate: if seconds > 0.0 { (committed + refused) as f64 / seconds } else { 0.0 },
            committed: *committed,
            refused: *refused,
            unsent: *unsent,
            p50_ms: ms(0.5),
            p99_ms: ms(0.99),
            p999_ms: ms(0.999),
            max_ms: latency.max() as f64 / 1e6,
            holds,
        }
    }

    pub fn print(&self, json: bool) -> Result<()> {
        if json {
            println!("{}", serde_json::to_string(self)?);
            return Ok(());
        }
        let holds = self.holds.map_or("", |holds| if holds { "hold" } else { "BROKEN" });
        println!(
            "  {:<10} {:<20} {:>9.0} {:>9.2} {:>9.2} {:>9.2} {:>9.2} {:>10} {:>8} {:>8}  {holds}",
            self.workload,
            self.load,
            self.rate,
            self.p50_ms,
            self.p99_ms,
            self.p999_ms,
            self.max_ms,
            self.committed,
            self.refused,
            self.unsent,
        );
        Ok(())
    }
}

pub fn print_head(options: &Options) {
    let (cores, workers) = (cores(), options.workers);
    let length = match options.requests {
        Some(requests) => format!("{requests} requests"),
        None => format!("{} s", options.seconds()),
    };
    println!("  cores {cores}, workers {workers}, durability {DURABILITY}, seed {}", options.seed);
    println!("  measured for {length} after {} s of warm-up\n", options.warmup);
    println!(
        "  {:<10} {:<20} {:>9} {:>9} {:>9} {:>9} {:>9} {:>10} {:>8} {:>8}  invariants",
        "workload",
        "load",
        "answers/s",
        "p50 ms",
        "p99 ms",
        "p99.9 ms",
        "max ms",
        "committed",
        "refused",
        "unsent"
    );
}

/// The end of a search; `rate` is 0 if even the lowest rate tried was too high.
pub fn print_ceiling(workload: &str, rate: f64, holds: bool, json: bool) {
    let limit = crate::ceiling::LIMIT_MS;
    if json {
        let line =
            serde_json::json!({ "workload": workload, "ceiling": rate, "limit_ms": limit, "holds": holds });
        println!("{line}");
        return;
    }
    let invariants = if holds { "hold" } else { "are BROKEN" };
    println!(
        "  {workload}: p99 stays below {limit} ms up to about {rate:.0}/s; the invariants {invariants}\n"
    );
}

fn load(pace: Pace) -> String {
    match pace {
        Pace::Closed { in_flight } => format!("closed, {in_flight}"),
        Pace::Open { rate } => format!("open, {rate:.0}/s"),
    }
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
