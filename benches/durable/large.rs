//! A large state: how long a checkpoint of it holds a worker up, how long it takes, and how long a start from it.
//!
//! Entities say when they run, so a pause is the longest time between two transactions on a worker that always has some to
//! execute; and, on machines where others take the processor away for that long, the most of the worker's own processor time
//! between two. There is one worker, and the baseline is the same load for as long without a checkpoint.
use crate::BATCH;
use rustix::time::{ClockId, clock_gettime};
use std::cell::Cell;
use std::collections::VecDeque;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use thalweg::prelude::*;

/// The longest time between two transactions, and the most of the worker's own, in microseconds.
static LONGEST: AtomicU64 = AtomicU64::new(0);
static MOST: AtomicU64 = AtomicU64::new(0);

thread_local! {
    static LAST: Cell<Option<(Instant, Duration)>> = const { Cell::new(None) };
}

fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}

fn runs() {
    let now = (Instant::now(), processor_time());
    if let Some(last) = LAST.replace(Some(now)) {
        LONGEST.fetch_max((now.0 - last.0).as_micros() as u64, Ordering::Relaxed);
        MOST.fetch_max((now.1.saturating_sub(last.1)).as_micros() as u64, Ordering::Relaxed);
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

/// Runs something under load; the longest pause and the worker's own in milliseconds, the transactions a second, and what it
/// gave.
fn under_load<T>(
    app: &Handle,
    entities: u64,
    run: impl FnOnce() -> thalweg::Result<T>,
) -> thalweg::Result<([f64; 3], T)> {
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let load = scope.spawn(|| {
            let began = Instant::now();
            let done = touch(app, drawn(entities), || over.load(Ordering::Relaxed));
            let end = Instant::now();
            done.map(|done| done as f64 / (end - began).as_secs_f64()).map_err(|error| error.to_string())
        });
        std::thread::sleep(Duration::from_millis(200));
        for most in [&LONGEST, &MOST] {
            most.store(0, Ordering::Relaxed);
        }
        let given = run();
        let [longest, own] = [&LONGEST, &MOST].map(|most| most.load(Ordering::Relaxed) as f64 / 1e3);
        over.store(true, Ordering::Relaxed);
        let rate = load.join().map_err(|_| "the load panicked")??;
        Ok(([longest, own, rate], given?))
    })
}

pub fn measure(folder: &Path, entities: u64) -> thalweg::Result {
    let heads = ["seconds", "pause ms", "own ms", "M/s"].map(|head| format!("{head:>10}"));
    println!("\n{:<52} {}", "a large state, 1 worker", heads.join(" "));
    let row = |name: &str, took: Duration, [pause, own, rate]: [f64; 3]| {
        let seconds = took.as_secs_f64();
        println!("{name:<52} {seconds:>10.3} {pause:>10.2} {own:>10.2} {:>10.3}", rate / 1e6);
    };
    let app = start(folder, 1)?;
    touch(&app, 0..entities, || false)?;
    let took = |app: &Handle| {
        let began = Instant::now();
        app.checkpoint()?;
        Ok(began.elapsed())
    };
    let (figures, whole) = under_load(&app, entities, || took(&app))?;
    row(&format!("checkpoint of {entities} entities, whole"), whole, figures);
    let mut tenths = Vec::new();
    for _ in 0..3 {
        touch(&app, (0..entities).step_by(10), || false)?;
        let (figures, tenth) = under_load(&app, entities, || took(&app))?;
        row("checkpoint, a tenth and what the load writes", tenth, figures);
        tenths.push(tenth);
    }
    let as_long = tenths.iter().max().copied().unwrap_or_default();
    let (figures, ()) = under_load(&app, entities, || {
        std::thread::sleep(as_long);
        Ok(())
    })?;
    row("the same load without a checkpoint", as_long, figures);
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
