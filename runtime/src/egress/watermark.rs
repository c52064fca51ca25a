//! How far the log is durable: what leaves the app waits for it.
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

/// See the head of this file.
#[derive(Debug, Default)]
pub(crate) struct Watermark {
    /// The last durable epoch.
    durable: AtomicU64,
    lock: Mutex<()>,
    moved: Condvar,
}

impl Watermark {
    pub(crate) fn get(&self) -> u64 {
        self.durable.load(Ordering::SeqCst)
    }

    /// All epochs up to this one are durable.
    pub(crate) fn advance(&self, epoch: u64) {
        let before = self.durable.swap(epoch, Ordering::SeqCst);
        assert!(before <= epoch, "what is durable stays so");
        self.tell();
    }

    /// Lets those who wait look again.
    pub(crate) fn tell(&self) {
        drop(self.lock.lock().unwrap_or_else(PoisonError::into_inner));
        self.moved.notify_all();
    }

    /// Waits until an epoch is durable, or `over` says that none will be any more; whether it is.
    pub(crate) fn wait(&self, epoch: u64, over: impl Fn() -> bool) -> bool {
        /// Whoever ends the app tells, so this is a net and no more.
        const AGAIN: Duration = Duration::from_millis(100);
        let mut guard = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        while self.get() < epoch {
            if over() {
                return false;
            }
            let waited = self.moved.wait_timeout(guard, AGAIN);
            guard = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }
}
