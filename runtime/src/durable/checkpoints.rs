//! When checkpoints are taken, and who takes part: one thread, which asks for a cut, and the worker that gives it its place.
//!
//! The cut is the last thing in its epoch, and ordered by the last worker: so it comes after all transactions of the epoch.
use crate::entity::run::saving::Cut;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What the thread and the workers share.
#[derive(Default)]
pub(crate) struct Checkpoints {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// A cut that has no place yet.
    wanted: Option<Cut>,
    /// Somebody asks for a checkpoint now: how many have, and how many of them have been served.
    asked: u64,
    served: u64,
    /// How the last one ended.
    last: Option<Result<u64, String>>,
    /// The app comes to its end.
    ending: bool,
    /// All that was submitted has its place in the order.
    drained: bool,
    /// There will be no further cut.
    over: bool,
}

/// Why the thread wakes up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    Now,
    Last,
    Never,
}

impl Checkpoints {
    fn state(&self) -> MutexGuard<'_, State> {
        // No code of the user's runs under this lock; a poisoned one is still whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state());
        self.changed.notify_all();
    }

    /// Waits for the next one: at this time, or when somebody asks. The last one comes when everything has its place. There
    /// is none when the app has `failed`.
    pub(crate) fn wait(&self, next: Instant, failed: impl Fn() -> bool) -> Due {
        let mut state = self.state();
        loop {
            if state.over || failed() {
                return Due::Never;
            }
            if state.ending && state.drained {
                return Due::Last;
            }
            let now = Instant::now();
            if state.asked > state.served || (next <= now && !state.ending) {
                state.served = state.asked;
                return Due::Now;
            }
            let most = if state.ending { Duration::from_millis(20) } else { next - now };
            state = self.changed.wait_timeout(state, most).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// A cut is to be given a place.
    pub(crate) fn want(&self, cut: Cut) {
        self.change(|state| state.wanted = Some(cut));
    }

    /// The cut that is to be given a place.
    pub(crate) fn take(&self) -> Option<Cut> {
        self.state().wanted.take()
    }

    /// One has ended.
    pub(crate) fn ended(&self, how: Result<u64, String>) {
        self.change(|state| state.last = Some(how));
    }

    /// Takes one now, and waits for it. `over` says that the app has ended.
    pub(crate) fn ask(&self, over: impl Fn() -> bool) -> Option<Result<u64, String>> {
        let mut state = self.state();
        state.asked += 1;
        state.last = None;
        self.changed.notify_all();
        while state.last.is_none() && !state.over && !over() {
            let most = Duration::from_millis(100);
            state = self.changed.wait_timeout(state, most).unwrap_or_else(PoisonError::into_inner).0;
        }
        state.last.clone()
    }

    /// The app comes to its end.
    pub(crate) fn end(&self) {
        self.change(|state| state.ending = true);
    }

    /// Nothing will be cut any more.
    pub(crate) fn give_up(&self) {
        self.change(|state| state.over = true);
    }

    /// Everything has its place. Whether the worker that says so may end.
    pub(crate) fn drained(&self) -> bool {
        self.change(|state| state.drained = true);
        self.state().over
    }
}
