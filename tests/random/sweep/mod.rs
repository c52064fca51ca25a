//! A sweep: draws programs, compiles them in batches of bounded memory, runs these, and keeps what came of each.

mod batch;
mod child;
mod compile;
mod known;
pub mod mixture;
mod report;
mod state;

pub use report::{Report, table};

use crate::judge::Verdict;
use compile::Rustc;
use serde::{Deserialize, Serialize};
use state::State;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Which programs are drawn, and what they may cost.
pub struct Sweep {
    /// What they are drawn from.
    pub seeds: Vec<u64>,
    /// How many programs are one crate for rustc.
    pub batch: usize,
    /// How many batches are compiled or run side by side.
    pub jobs: usize,
    /// How much memory all that runs side by side may use, in MiB.
    pub memory: u64,
    /// Where the work is done.
    pub folder: PathBuf,
    /// What is kept for another time.
    pub keep: Keep,
}

/// What a sweep keeps in its folder.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// What came of each program: a sweep that was stopped goes on from there.
    Fates,
    /// The compiled batches: all programs run again, but only those that have changed are compiled.
    Batches,
}

/// A drawn program and what came of it.
#[derive(Clone, Serialize, Deserialize)]
pub struct Entry {
    /// What it was drawn from.
    pub seed: u64,
    /// How often each form occurs in it.
    pub forms: BTreeMap<String, usize>,
    /// What came of it.
    pub fate: Fate,
}

/// What came of a program.
#[derive(Clone, Serialize, Deserialize)]
pub enum Fate {
    /// It was judged.
    Ran(Verdict),
    /// rustc did not take it.
    Refused {
        /// rustc's first error, without the code it quotes.
        error: String,
        /// The same with the code.
        text: String,
    },
    /// It ended its process, or did not end.
    Died(String),
}

impl Sweep {
    /// Runs the sweep to its end; `done` is told how many programs are done whenever that has changed.
    pub fn run(&self, done: impl Fn(usize) + Sync) -> io::Result<Report> {
        let rustc = Rustc::find(self.memory * 1024 / self.jobs as u64)?;
        let work = batch::Work::new(&self.folder, self.keep == Keep::Batches, &rustc)?;
        let state = match self.keep {
            Keep::Fates => State::open(&self.folder, &rustc.fingerprint()?)?,
            Keep::Batches => State::default(),
        };
        let rest: Vec<u64> = self.seeds.iter().copied().filter(|seed| !state.has(*seed)).collect();
        let chunks: Vec<&[u64]> = rest.chunks(self.batch).rev().collect();
        let (chunks, state) = (Mutex::new(chunks), Mutex::new(state));
        done(lock(&state).count(&self.seeds));
        let worker = || -> io::Result<()> {
            loop {
                let next = lock(&chunks).pop();
                let Some(seeds) = next else { return Ok(()) };
                let entries = work.batch(seeds)?;
                let mut state = lock(&state);
                state.add(entries)?;
                done(state.count(&self.seeds));
            }
        };
        std::thread::scope(|scope| {
            let workers: Vec<_> = (0..self.jobs).map(|_| scope.spawn(worker)).collect();
            workers.into_iter().try_for_each(|worker| worker.join().expect("a worker of the sweep panicked"))
        })?;
        let peaks = work.end()?;
        let state = state.into_inner().unwrap_or_else(PoisonError::into_inner);
        Ok(Report::new(state.entries(&self.seeds), peaks))
    }
}

/// The folder `target` of the running program.
pub fn target() -> io::Result<PathBuf> {
    let program = std::env::current_exe()?;
    let up = |count| program.ancestors().nth(count).map(Path::to_owned);
    let in_deps = program.parent().is_some_and(|folder| folder.ends_with("deps"));
    up(if in_deps { 3 } else { 2 }).ok_or_else(|| io::Error::other("the program is not in a target folder"))
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
