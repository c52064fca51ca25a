//! Callers that wait for each answer before they call again.
use crate::bank::{self, Account, Place};
use crate::bare::Latency;
use crate::input::Input;
use std::path::Path;
use std::time::{Duration, Instant};
use thalweg::prelude::*;
use tokio::runtime::Builder;

/// Calls that are not measured.
const WARMUP: usize = 16;

/// One caller, with a thread of its own.
pub fn one(folder: &Path, workers: usize, calls: usize, input: &Input) -> thalweg::Result<Latency> {
    let app = bank::start(Place::Disk(folder), workers)?;
    let mut latencies = Vec::with_capacity(calls);
    let begin = Instant::now();
    for (from, to) in input.transfers.iter().cycle().take(calls) {
        let start = Instant::now();
        let answer = app.call_blocking(Account::at(*from).transfer(Account::at(*to), 1))?;
        latencies.push(start.elapsed());
        assert_eq!(answer, Ok(()));
    }
    let time = begin.elapsed();
    app.stop()?;
    Latency::of(latencies.into_iter().skip(WARMUP), time)
}

/// So many tasks on one thread, each of which makes so many calls.
pub fn many(
    folder: &Path,
    workers: usize,
    callers: usize,
    calls: usize,
    input: &Input,
) -> thalweg::Result<Latency> {
    let app = bank::start(Place::Disk(folder), workers)?;
    let begin = Instant::now();
    let latencies = Builder::new_current_thread().build()?.block_on(async {
        let tasks: Vec<_> = (0..callers)
            .map(|caller| {
                let (app, transfers) = (app.clone(), input.transfers.clone());
                let mine = move |n: usize| transfers[(caller + n * callers) % transfers.len()];
                tokio::spawn(async move { in_turn(&app, (0..calls).map(mine)).await })
            })
            .collect();
        let mut all = Vec::new();
        for task in tasks {
            all.extend(task.await??);
        }
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>(all)
    })?;
    let time = begin.elapsed();
    app.stop()?;
    Latency::of(latencies, time)
}

async fn in_turn(
    app: &Handle,
    transfers: impl Iterator<Item = (u64, u64)>,
) -> Result<Vec<Duration>, thalweg::Error> {
    let mut latencies = Vec::new();
    for (from, to) in transfers {
        let start = Instant::now();
        let answer = app.call(Account::at(from).transfer(Account::at(to), 1)).await?;
        latencies.push(start.elapsed());
        assert_eq!(answer, Ok(()));
    }
    Ok(latencies)
}
