//! A large state: how long a checkpoint of it holds a worker up, how long it takes, and how long a start from it.
//!
//! Entities say when they run, so a pause is the longest time between two transactions on a worker that always has some to
//! execute. There is one worker, and the baseline is the same load for as long without a checkpoint.
use crate::BATCH;
use std::cell::Cell;
use std::collections::VecDeque;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use thalweg::prelude::*;

/// The longest time between two transactions, in microseconds.
static LONGEST: AtomicU64 = AtomicU64::new(0);

thread_local! {
    static LAST: Cell<Option<Instant>> = const { Cell::new(None) };
}

fn runs() {
    let now = Instant::now();
    if let Some(last) = LAST.replace(Some(now)) {
        LONGEST.fetch_max((now - last).as_micros() as u64, Ordering::Relaxed);
    }
}

#[entity(auto, allow(nondeterminism))]
pub struct Record {
    #[key]
    id: u64,
    text: String,
    version: u64,
}

#[entity]
impl Record {
    pub fn new(id: u64) -> Self {
        Self { id, text: format!("{id:084}"), version: 0 }
    }
    pub fn touch(&mut self) {
        self.version += 1;
        runs();
    }
    pub fn version(&self) -> u64 {
        self.version
    }
}

fn start(folder: &Path, workers: usize) -> thalweg::Result<Handle> {
    let app = App::new("large").entity::<Record>().workers(workers).data_dir(folder);
    Ok(app.checkpoint_every(Duration::from_secs(3600)).checkpoint_after(u64::MAX).start()?)
}

/// Touches these entities, so many batches in flight, until `over`.
fn touch(app: &Handle, ids: impl Iterator<Item = u64>, over: impl Fn() -> bool) -> thalweg::Result<u64> {
    let (mut pending, mut done, mut ids) = (VecDeque::new(), 0, ids.peekable());
    while ids.peek().is_some() && !over() {
        if pending.len() >= 4 {
            done += pending.pop_front().map_or(Ok(0), |replies: thalweg::Replies<()>| {
                replies.wait().map(|answers| answers.len() as u64)
            })?;
        }
        let calls: Vec<_> = ids.by_ref().take(BATCH).map(|id| Record::at(id).touch()).collect();
        pending.push_back(app.submit_all_waiting(calls)?);
    }
    for replies in pending {
        done += replies.wait()?.len() as u64;
    }
    Ok(done)
}

/// Uniform, and the same each time.
fn drawn(entities: u64) -> impl Iterator<Item = u64> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    std::iter::repeat_with(move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % entities
    })
}

/// Runs something under load; the longest pause in milliseconds, the transactions a second, and what it gave.
fn under_load<T>(
    app: &Handle,
    entities: u64,
    run: impl FnOnce() -> thalweg::Result<T>,
) -> thalweg::Result<(f64, f64, T)> {
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let load = scope.spawn(|| {
            let began = Instant::now();
            let done = touch(app, drawn(entities), || over.load(Ordering::Relaxed));
            let end = Instant::now();
            done.map(|done| done as f64 / (end - began).as_secs_f64()).map_err(|error| error.to_string())
        });
        std::thread::sleep(Duration::from_millis(200));
        LONGEST.store(0, Ordering::Relaxed);
        let given = run();
        let longest = LONGEST.load(Ordering::Relaxed) as f64 / 1e3;
        over.store(true, Ordering::Relaxed);
        let rate = load.join().map_err(|_| "the load panicked")??;
        Ok((longest, rate, given?))
    })
}

pub fn measure(folder: &Path, entities: u64) -> thalweg::Result {
    println!("\n{:<52} {:>10} {:>10} {:>10}", "a large state, 1 worker", "seconds", "pause ms", "M/s");
    let row = |name: &str, seconds: f64, pause: f64, rate: f64| {
        println!("{name:<52} {seconds:>10.3} {pause:>10.2} {:>10.3}", rate / 1e6);
    };
    let app = start(folder, 1)?;
    touch(&app, 0..entities, || false)?;
    let took = |app: &Handle| {
        let began = Instant::now();
        app.checkpoint()?;
        Ok(began.elapsed())
    };
    let (pause, rate, whole) = under_load(&app, entities, || took(&app))?;
    row(&format!("checkpoint of {entities} entities, whole"), whole.as_secs_f64(), pause, rate);
    let mut tenths = Vec::new();
    for _ in 0..3 {
        touch(&app, (0..entities).step_by(10), || false)?;
        let (pause, rate, tenth) = under_load(&app, entities, || took(&app))?;
        row("checkpoint, a tenth and what the load writes", tenth.as_secs_f64(), pause, rate);
        tenths.push(tenth);
    }
    let as_long = tenths.iter().max().copied().unwrap_or_default();
    let (pause, rate, ()) = under_load(&app, entities, || {
        std::thread::sleep(as_long);
        Ok(())
    })?;
    row("the same load without a checkpoint", as_long.as_secs_f64(), pause, rate);
    app.stop()?;
    for workers in [1, 2] {
        let began = Instant::now();
        let app = start(folder, workers)?;
        let seconds = began.elapsed().as_secs_f64();
        println!("{:<52} {seconds:>10.3}", format!("start from {entities} entities, {workers} worker(s)"));
        assert!(app.call_blocking(Record::at(entities - 1).version())? > 0, "the state is there");
        app.stop()?;
    }
    Ok(())
}
