//! What runs on which worker, and for how long, as it is seen from another thread.
//!
//! A worker only says what it begins and when it has nothing: a store to a word of its own. How long something runs is
//! seen by a thread that looks ten times a second; what it has seen for too long it logs, once.
use crate::base::ambient::TransactionId;
use crate::base::ids::MethodId;
use crate::methods::table::Methods;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

/// How often the thread looks.
const WATCH_INTERVAL: Duration = Duration::from_millis(100);

/// For how long a transaction may run before it is logged, unless [`crate::App::slow_after`] says otherwise.
pub(crate) const SLOW: Duration = Duration::from_secs(1);

/// A transaction that runs on a worker; see [`crate::Handle::running`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunningMethod {
    /// The worker, from 0. It takes part in nothing else meanwhile.
    pub worker: usize,
    /// The entity and the method that the transaction began with.
    pub method: (String, String),
    /// For how long it has run, to a tenth of a second.
    pub duration: Duration,
}

/// Writes down which transaction a worker begins to run, or that it runs none.
pub(crate) type Note = Arc<dyn Fn(usize, Option<TransactionId>) + Send + Sync>;

/// What every worker runs.
#[derive(Default)]
pub(crate) struct Watch {
    workers: Box<[Now]>,
    /// For each worker what was seen there, since when, and whether that has been logged.
    seen: Mutex<Vec<Option<(u64, Instant, bool)>>>,
}

/// In the upper half how many transactions have begun, in the lower one the method of that which runs, from 1; 0 is none.
/// Only its worker writes it.
#[derive(Default)]
#[repr(align(64))]
struct Now(AtomicU64);

impl Watch {
    pub(crate) fn new(workers: usize) -> Self {
        Self {
            workers: (0..workers).map(|_| Now::default()).collect(),
            seen: Mutex::new(vec![None; workers]),
        }
    }

    /// A transaction begins on this worker, or goes on.
    #[inline]
    pub(crate) fn begin(&self, worker: usize, method: MethodId) {
        let now = &self.workers[worker].0;
        let turn = (now.load(Ordering::Relaxed) >> 32) + 1;
        now.store(turn << 32 | (u64::from(method.number()) + 1), Ordering::Relaxed);
    }

    /// Nothing runs on this worker.
    #[inline]
    pub(crate) fn rest(&self, worker: usize) {
        let now = &self.workers[worker].0;
        now.store(now.load(Ordering::Relaxed) >> 32 << 32, Ordering::Relaxed);
    }

    /// What runs: the worker, the number of the method, for how long. `log` is called once for each that has run for as long
    /// as `slow`.
    fn look(
        &self,
        slow: Option<Duration>,
        mut log: impl FnMut(usize, u32, Duration),
    ) -> Vec<(usize, u32, Duration)> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let mut running = Vec::new();
        for (worker, (now, seen)) in self.workers.iter().zip(&mut *seen).enumerate() {
            let word = now.0.load(Ordering::Relaxed);
            let Some(method) = (word as u32).checked_sub(1) else {
                *seen = None;
                continue;
            };
            if seen.is_none_or(|(before, ..)| before != word) {
                *seen = Some((word, Instant::now(), false));
            }
            let Some((_, since, logged)) = seen else { continue };
            let duration = since.elapsed();
            if slow.is_some_and(|slow| duration >= slow) && !std::mem::replace(logged, true) {
                log(worker, method, duration);
            }
            running.push((worker, method, duration));
        }
        running
    }
}

impl Methods {
    /// The transactions that run at this moment.
    pub(crate) fn running(&self) -> Vec<RunningMethod> {
        let running = self.watch.look(None, |_, _, _| {});
        let shown =
            |(worker, method, duration)| RunningMethod { worker, method: self.name(method), duration };
        running.into_iter().map(shown).collect()
    }
}

/// Starts the thread that looks; it ends with the app.
pub(crate) fn start<T: Send + Sync + 'static>(
    app: Weak<T>,
    methods: Arc<Methods>,
    slow: Duration,
) -> std::io::Result<()> {
    let watcher = thread::Builder::new().name("thalweg-watch".to_owned());
    watcher.spawn(move || watch(&app, &methods, slow)).map(drop)
}

fn watch<T>(app: &Weak<T>, methods: &Methods, slow: Duration) {
    // It must not hold the app: whoever drops the last handle waits for the workers.
    while app.strong_count() > 0 {
        methods.watch.look(Some(slow), |worker, method, duration| {
            let (entity, method) = methods.name(method);
            let seconds = duration.as_secs_f64();
            tracing::warn!(
                worker,
                entity,
                method,
                seconds,
                "a transaction runs for long; its worker does nothing else"
            );
        });
        thread::sleep(WATCH_INTERVAL);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_runs_is_seen_and_logged_once() {
        let (watch, mut logged) = (Watch::new(2), Vec::new());
        let method = MethodId::default();
        let look = |logged: &mut Vec<usize>| {
            let seen = watch.look(Some(Duration::ZERO), |worker, _, _| logged.push(worker));
            seen.into_iter().map(|(worker, method, _)| (worker, method)).collect::<Vec<_>>()
        };
        assert_eq!(look(&mut logged), []);
        watch.begin(1, method);
        assert_eq!((look(&mut logged), look(&mut logged)), (vec![(1, 0)], vec![(1, 0)]));
        watch.begin(0, method);
        watch.begin(1, method);
        assert_eq!(look(&mut logged), [(0, 0), (1, 0)]);
        assert_eq!(logged, [1, 0, 1], "the second on worker 1 is another one");
        watch.rest(1);
        watch.begin(0, method);
        assert_eq!(look(&mut logged), [(0, 0)]);
    }
}
