//! The command line.

use crate::WORKLOADS;
use crate::load::{Length, Pace, Plan};
use clap::Parser;
use clap::builder::PossibleValuesParser;
use serde::Serialize;
use std::time::Duration;

/// The name that stands for every workload.
pub const ALL: &str = "all";

/// Well-known workloads as plain entities, under one load generator.
///
/// Without `--rate` the load is a closed loop: so many requests are in flight, and each answer lets the next one go.
/// With it, requests arrive at a constant rate whatever happens, and latency counts from when one was due.
#[derive(Debug, Parser, Serialize)]
#[command(name = "workloads")]
pub struct Options {
    /// What to run; `all` runs every one, each shortly, and checks it.
    #[arg(value_parser = PossibleValuesParser::new(WORKLOADS.iter().map(|(name, _)| *name).chain([ALL])))]
    pub workload: String,

    /// Threads that share the entities.
    #[arg(long, default_value_t = 1, value_parser = workers)]
    pub workers: usize,

    /// Closed loop: requests sent but not yet answered.
    #[arg(long, default_value_t = 64, value_parser = in_flight, conflicts_with = "rate")]
    pub in_flight: usize,

    /// Open loop: requests that arrive in a second.
    #[arg(long, value_parser = positive)]
    pub rate: Option<f64>,

    /// Searches the rate at which p99 crosses 100 ms, in steps of `--seconds` each.
    #[arg(long, conflicts_with_all = ["rate", "requests"])]
    pub ceiling: bool,

    /// How long to measure [default: 10; 2 for `all`].
    #[arg(long, value_parser = positive, conflicts_with = "requests")]
    pub seconds: Option<f64>,

    /// How many requests to measure, instead of how long.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    pub requests: Option<u64>,

    /// Seconds before it, which are not measured.
    #[arg(long, default_value_t = 1.0, value_parser = not_negative)]
    pub warmup: f64,

    #[arg(long, default_value_t = 1)]
    pub seed: u64,

    /// The size: accounts (ycsb, 10,000), customers (smallbank, 10,000), hotels and flights (hotel, 100 each), users
    /// and titles (movie, 1,000 each), warehouses (tpcc, 1).
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=100_000_000))]
    pub scale: Option<u64>,

    /// ycsb: the exponent of Zipf's law by which the receiver is drawn; 0 is uniform.
    #[arg(long, default_value_t = 0.0, value_parser = not_negative)]
    pub theta: f64,

    /// smallbank: of a hundred customers drawn, how many come from the hot set of 1 %.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u64).range(..=90))]
    pub hot_percent: u64,

    /// smallbank: only MultiTransfer, from one customer to so many others (4, 16 and 64 are usual).
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=1_000))]
    pub multi: Option<u64>,

    /// hotel: rooms of every hotel and seats of every flight, instead of 200 to 300.
    #[arg(long)]
    pub capacity: Option<u32>,

    /// hotel: only reservations, instead of the mix.
    #[arg(long)]
    pub only_reserve: bool,

    /// One JSON object a line, instead of a table.
    #[arg(long)]
    pub json: bool,
}

impl Options {
    pub fn scale_or(&self, usual: u64) -> u64 {
        self.scale.unwrap_or(usual)
    }

    pub fn seconds(&self) -> f64 {
        self.seconds.unwrap_or(if self.workload == ALL { 2.0 } else { 10.0 })
    }

    pub fn plan(&self, pace: Pace) -> Plan {
        let seconds = || Length::Time(Duration::from_secs_f64(self.seconds()));
        Plan {
            pace,
            length: self.requests.map_or_else(seconds, Length::Requests),
            warmup: Duration::from_secs_f64(self.warmup),
        }
    }
}

/// A day is longer than anybody measures, and bounds what a `Duration` has to hold.
const MOST: f64 = 86_400.0;
const MOST_WORKERS: usize = 256;
const MOST_IN_FLIGHT: usize = 1_000_000;

fn workers(text: &str) -> Result<usize, String> {
    within(text, 1, MOST_WORKERS)
}

fn in_flight(text: &str) -> Result<usize, String> {
    within(text, 1, MOST_IN_FLIGHT)
}

fn within(text: &str, least: usize, most: usize) -> Result<usize, String> {
    let number = text.parse().ok().filter(|n| (least..=most).contains(n));
    number.ok_or_else(|| format!("not a whole number from {least} to {most}"))
}

fn positive(text: &str) -> Result<f64, String> {
    let number = text.parse().ok().filter(|n| *n >= 0.001 && *n <= 1e9);
    number.ok_or_else(|| "not a number from 0.001 to 1,000,000,000".to_owned())
}

fn not_negative(text: &str) -> Result<f64, String> {
    let number = text.parse().ok().filter(|n| (0.0..=MOST).contains(n));
    number.ok_or_else(|| format!("not a number from 0 to {MOST}"))
}
