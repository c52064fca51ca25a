//! The price of a cut: what an awaited call costs beside a plain one, and a frame of the engine beside one of Rust.
//!
//! `cargo bench --bench split`; with `-- --quick` it only shows that it works. Every figure is the median of rounds, and
//! in a round of loops, of a thousand calls each; the subjects run in turn within a round.
//!
//! The last line wants two free cores. Workers that share one spin for the time timely lets an idle worker spin before
//! each hand-over, and the figure is several times as high.
#![allow(clippy::disallowed_methods)]
mod plain;
mod entities;

use std::hint::black_box;
use std::time::Instant;

/// The calls of a loop.
const CALLS: u32 = 1_000;

/// The lines of the table; the first is what the others are compared with.
const LINES: [&str; 7] = [
    "a function call",
    "the same on a struct in a HashMap",
    "an entity's call, one worker",
    "a boxed future resumed",
    "a boxed future made, polled to Pending and resumed",
    "an entity's call, two workers, the callee beside it",
    "an entity's call, two workers, there and back",
];

fn main() -> thalweg::Result {
    let quick = std::env::args().any(|arg| arg == "--quick");
    let (rounds, repetitions, requests, remote) = if quick { (1, 10, 5, 3) } else { (9, 300, 100, 9) };
    let mut times = LINES.map(|_| Vec::new());
    for _ in 0..rounds {
        let (beside, across) = entities::apart(remote)?;
        let round = [
            per_call(repetitions, plain::call),
            per_call(repetitions, plain::looked_up()),
            entities::alone(requests)?,
            per_call(repetitions, plain::resumption),
            per_call(repetitions, plain::frame),
            beside,
            across,
        ];
        times.iter_mut().zip(round).for_each(|(times, time)| times.push(time));
    }
    let [call, ..] = times.each_ref().map(|times| median(times.clone()));
    println!("{:<52} {:>12} {:>10} {:>22}", "", "per call", "of a call", "fastest, slowest round");
    for (name, times) in LINES.into_iter().zip(times) {
        let low = times.iter().copied().fold(f64::MAX, f64::min);
        let high = times.iter().copied().fold(f64::MIN, f64::max);
        let time = median(times);
        println!("{name:<52} {time:>9.1} ns {:>10.1} {low:>11.1} {high:>10.1}", time / call);
    }
    Ok(())
}

fn per_call(repetitions: usize, mut calls: impl FnMut() -> i64) -> f64 {
    let times = (0..repetitions).map(|_| {
        let start = Instant::now();
        assert_eq!(black_box(calls()), i64::from(CALLS));
        start.elapsed().as_nanos() as f64 / f64::from(CALLS)
    });
    median(times.collect())
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or(f64::NAN)
}
