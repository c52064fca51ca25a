//! What keeps a worker: seen from outside, and when the app is to stop.
use std::collections::BTreeSet;
use std::sync::{Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};
use thalweg::prelude::*;
use thalweg::{Error, Reply};

/// The gates that are open, by their numbers.
static OPEN: (Mutex<BTreeSet<u64>>, Condvar) = (Mutex::new(BTreeSet::new()), Condvar::new());

fn open(gate: u64) {
    OPEN.0.lock().unwrap().insert(gate);
    OPEN.1.notify_all();
}

#[entity(auto)]
pub struct Porter {
    #[key]
    id: u64,
    n: u64,
}

#[entity]
impl Porter {
    pub fn new(id: u64) -> Self {
        Self { id, n: 0 }
    }
    /// Runs until the gate is open.
    pub fn wait(&mut self, gate: u64) -> u64 {
        let open = OPEN.0.lock().unwrap();
        drop(OPEN.1.wait_while(open, |open| !open.contains(&gate)).unwrap());
        self.n += 1;
        self.n
    }
    pub async fn by_another(&self, other: Ref<Porter>, gate: u64) -> u64 {
        other.wait(gate).await + self.n
    }
    pub async fn by_whoever(&self, gate: u64) -> u64 {
        Self::at(self.n + 1).wait(gate).await
    }
}

/// Waits until something runs, and gives up after a minute: a gate that stays closed would hang the test.
fn seen_running(app: &Handle) -> Vec<(String, String)> {
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(60) {
        let running = app.running();
        if !running.is_empty() {
            return running.into_iter().map(|it| it.method).collect();
        }
        thread::yield_now();
    }
    Vec::new()
}

#[test]
fn what_runs_is_seen_from_outside() {
    let mut gates = 0..;
    for (workers, groups) in [(1, 1), (2, 1), (2, 2), (4, 1), (4, 2), (4, 4)] {
        let app = App::new("gates").entity::<Porter>().workers(workers).groups(groups).start().unwrap();
        assert_eq!(app.running(), []);
        let mut runs = |method: &str, call: &dyn Fn(u64) -> Reply<u64>| {
            let gate = gates.next().unwrap();
            let reply = call(gate);
            let seen = seen_running(&app);
            open(gate);
            // The method that the transaction began with, on whatever worker and for whatever reason it runs.
            assert_eq!(
                seen,
                [("Porter".to_owned(), method.to_owned())],
                "{workers} workers, {groups} groups"
            );
            reply.wait().unwrap();
            while !app.running().is_empty() {}
        };
        runs("wait", &|gate| app.submit(Porter::at(1).wait(gate)).unwrap());
        runs("by_another", &|gate| app.submit(Porter::at(2).by_another(Porter::at(3), gate)).unwrap());
        runs("by_whoever", &|gate| app.submit(Porter::at(2).by_whoever(gate)).unwrap());
    }
}

#[test]
fn to_stop_has_an_end() {
    for workers in [1, 2] {
        let app = App::new("gates").entity::<Porter>().workers(workers).start().unwrap();
        let gate = 1_000 + workers as u64;
        let long = app.submit(Porter::at(1).wait(gate)).unwrap();
        let seen = seen_running(&app);
        let stopped = app.stop_within(Duration::from_millis(50));
        let later = app.call_blocking(Porter::at(2).wait(gate));
        open(gate);
        assert_eq!(seen.len(), 1);
        let Err(error @ Error::StillRunning { .. }) = stopped else { panic!("{stopped:?}") };
        let text = error.to_string();
        assert!(text.contains("not ended within 50ms; it runs `Porter::wait` on worker "), "{text}");
        assert_eq!(later, Err(Error::Stopped));
        assert_eq!(long.wait(), Ok(1), "what had entered is answered");
        assert_eq!(app.stop_within(Duration::from_secs(600)), Ok(()));
        assert_eq!(app.stop_within(Duration::ZERO), Ok(()));
    }
}
