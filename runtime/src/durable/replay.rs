//! Epochs of the log on their way to the sequencers.
//!
//! An epoch's requests are cut into as many runs as there are workers, one after the other; each worker orders one of them.
//! So the order is what it was, whatever the number of workers was then and is now.
use crate::request::ingress::Submitted;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// So many epochs wait at most, for those who execute them set the pace.
const AHEAD: usize = 64;

/// See the head of this file.
pub(crate) struct Replay {
    feed: Mutex<Feed>,
    taken: Condvar,
    /// The last epoch of the log, as far as is known.
    last: AtomicU64,
    /// How many bytes of the log have been read, and about how many there are.
    bytes: Mutex<(u64, u64)>,
}

#[derive(Default)]
struct Feed {
    epochs: BTreeMap<u64, ReplayedEpoch>,
    /// Nobody will take anything any more.
    over: bool,
}

/// An epoch of the log.
pub(crate) struct ReplayedEpoch {
    pub(crate) now: u64,
    /// By worker; `None` when it has been taken.
    pub(crate) runs: Vec<Option<Vec<Submitted>>>,
}

impl Replay {
    pub(crate) fn new() -> Self {
        Self {
            feed: Mutex::default(),
            taken: Condvar::new(),
            last: AtomicU64::new(u64::MAX),
            bytes: Mutex::default(),
        }
    }

    fn feed(&self) -> MutexGuard<'_, Feed> {
        // No code of the user's runs under this lock; a poisoned one is still whole.
        self.feed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives an epoch, when few wait to be executed. Nobody takes any where the app has `failed`.
    pub(crate) fn push(&self, epoch: u64, replayed: ReplayedEpoch, failed: impl Fn() -> bool) {
        /// Whoever fails does not tell, so it is looked for.
        const AGAIN: Duration = Duration::from_millis(20);
        let mut feed = self.feed();
        while feed.epochs.len() >= AHEAD && !feed.over && !failed() {
            feed = self.taken.wait_timeout(feed, AGAIN).unwrap_or_else(PoisonError::into_inner).0;
        }
        let before = feed.epochs.insert(epoch, replayed);
        assert!(before.is_none(), "an epoch is replayed once");
    }

    /// So many bytes of the log have been read, of about so many.
    pub(crate) fn has_read(&self, bytes: (u64, u64)) {
        *self.bytes.lock().unwrap_or_else(PoisonError::into_inner) = bytes;
    }

    /// See [`Replay::has_read`].
    pub(crate) fn bytes_read(&self) -> (u64, u64) {
        *self.bytes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The log ends with this epoch.
    pub(crate) fn end(&self, last: u64) {
        self.last.store(last, Ordering::SeqCst);
    }

    /// Nothing will be taken any more.
    pub(crate) fn abandon(&self) {
        let abandoned = {
            let mut feed = self.feed();
            feed.over = true;
            std::mem::take(&mut feed.epochs)
        };
        self.taken.notify_all();
        drop(abandoned);
    }

    /// Whether the log does not have an epoch.
    pub(crate) fn is_over(&self, epoch: u64) -> bool {
        epoch > self.last.load(Ordering::SeqCst)
    }

    /// A worker's run of an epoch, and the time of that; `None` if it has not been read.
    pub(crate) fn take(&self, worker: usize, epoch: u64) -> Option<(u64, Vec<Submitted>)> {
        let mut feed = self.feed();
        let replayed = feed.epochs.get_mut(&epoch)?;
        let (now, run) = (replayed.now, replayed.runs[worker].take());
        let requests = run.unwrap_or_else(|| unreachable!("a worker takes its run once"));
        if replayed.runs.iter().all(Option::is_none) {
            feed.epochs.remove(&epoch);
            self.taken.notify_all();
        }
        Some((now, requests))
    }
}

/// Cuts requests into consecutive runs with about as many calls in each; and how many calls each has.
pub(crate) fn cut(requests: Vec<Submitted>, workers: usize) -> (Vec<Option<Vec<Submitted>>>, Vec<u32>) {
    let all: usize = requests.iter().map(|submitted| submitted.work.len()).sum();
    let mut runs: Vec<Option<Vec<Submitted>>> = (0..workers).map(|_| Some(Vec::new())).collect();
    let mut counts = vec![0_u32; workers];
    let mut before = 0;
    for submitted in requests {
        let worker = (before * workers / all.max(1)).min(workers - 1);
        let calls = submitted.work.len();
        before += calls;
        counts[worker] += u32::try_from(calls).unwrap_or_else(|_| unreachable!("a queue takes less"));
        if let Some(run) = &mut runs[worker] {
            run.push(submitted);
        }
    }
    (runs, counts)
}
