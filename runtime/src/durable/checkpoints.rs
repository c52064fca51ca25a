//! When checkpoints are taken, and who takes part: one thread, which asks for a cut, and the worker that gives it its place.
//!
//! The cut is the last thing in its epoch, and ordered by the last worker: so it comes after all transactions of the epoch.
use crate::base::error::Result;
use crate::entity::run::saving::Cut;
use std::sync::mpsc::{self, Sender};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use thalweg_checkpoint::Location;

/// What the thread and the workers share.
#[derive(Default)]
pub(crate) struct Checkpoints {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    /// A cut that has no place yet.
    wanted: Option<Cut>,
    /// How many have asked for a checkpoint, how many of them had asked when the one that is being taken began, and when
    /// the last one began that has ended.
    asked: u64,
    serving: u64,
    served: u64,
    /// How that one ended.
    last: Result<u64>,
    /// Where the next one is to be copied to, and who waits for that.
    exports: Vec<Export>,
    /// The app comes to its end.
    ending: bool,
    /// All that was submitted has its place in the order.
    drained: bool,
    /// There will be no further cut.
    over: bool,
}

/// A place to which a checkpoint is copied, and who waits for its epoch.
pub(crate) struct Export {
    pub(crate) to: Location,
    pub(crate) done: Sender<Result<u64>>,
}

/// Why the thread wakes up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    Now,
    Last,
    Never,
}

impl Default for State {
    fn default() -> Self {
        let (wanted, last) = (None, Ok(0));
        let exports = Vec::new();
        let (ending, drained, over) = (false, false, false);
        Self { wanted, asked: 0, serving: 0, served: 0, last, exports, ending, drained, over }
    }
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

    /// Waits for the next one: at this time, when the log has `grown`, or when somebody asks. The last one comes when
    /// everything has its place. There is none when the app has `failed`.
    pub(crate) fn wait(&self, next: Instant, grown: impl Fn() -> bool, failed: impl Fn() -> bool) -> Due {
        /// So often it is asked how far the log has grown.
        const AGAIN: Duration = Duration::from_millis(250);
        let mut state = self.state();
        loop {
            if state.over || failed() {
                return Due::Never;
            }
            if state.ending && state.drained {
                state.serving = state.asked;
                return Due::Last;
            }
            let now = Instant::now();
            if state.asked > state.serving || ((next <= now || grown()) && !state.ending) {
                state.serving = state.asked;
                return Due::Now;
            }
            let most = if state.ending { Duration::from_millis(20) } else { AGAIN.min(next - now) };
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
    pub(crate) fn ended(&self, how: Result<u64>) {
        self.change(|state| (state.served, state.last) = (state.serving, how));
    }

    /// Asks for one that begins after this, and waits for it; `None` if the app ends before. `over` says that it has.
    pub(crate) fn ask(&self, over: impl Fn() -> bool) -> Option<Result<u64>> {
        let mut state = self.state();
        state.asked += 1;
        let mine = state.asked;
        self.changed.notify_all();
        while state.served < mine {
            if state.over || over() {
                return None;
            }
            let most = Duration::from_millis(100);
            state = self.changed.wait_timeout(state, most).unwrap_or_else(PoisonError::into_inner).0;
        }
        Some(state.last.clone())
    }

    /// Asks for one that begins after this and is copied to another place; waits for that, and gives its epoch. `None` if the
    /// app ends before.
    pub(crate) fn export(&self, to: Location) -> Option<Result<u64>> {
        let (done, copied) = mpsc::channel();
        self.change(|state| {
            // Who waits learns that it is over by the end of the channel.
            if !state.over {
                state.exports.push(Export { to, done });
                state.asked += 1;
            }
        });
        copied.recv().ok()
    }

    /// Where the checkpoint is to be copied to that has just been taken.
    pub(crate) fn take_exports(&self) -> Vec<Export> {
        std::mem::take(&mut self.state().exports)
    }

    /// The app comes to its end.
    pub(crate) fn end(&self) {
        self.change(|state| state.ending = true);
    }

    /// Nothing will be cut any more.
    pub(crate) fn give_up(&self) {
        // Whoever takes the one that has no place yet learns that it will get none.
        self.change(|state| {
            (state.over, state.wanted) = (true, None);
            state.exports.clear();
        });
    }

    /// Everything has its place. Whether the worker that says so may end.
    pub(crate) fn drained(&self) -> bool {
        self.change(|state| state.drained = true);
        self.state().over
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    #[test]
    fn who_asks_gets_one_that_begins_afterwards() {
        let checkpoints = Checkpoints::default();
        let far = Instant::now() + Duration::from_secs(3600);
        let asked = |count: u64| {
            while checkpoints.state().asked < count {
                thread::yield_now();
            }
        };
        thread::scope(|scope| {
            let first = scope.spawn(|| checkpoints.ask(|| false));
            assert_eq!(checkpoints.wait(far, || false, || false), Due::Now);
            let second = scope.spawn(|| checkpoints.ask(|| false));
            asked(2);
            checkpoints.ended(Ok(7));
            assert_eq!(first.join().expect("it waits"), Some(Ok(7)));
            assert_eq!(checkpoints.wait(far, || true, || false), Due::Now);
            checkpoints.ended(Ok(8));
            assert_eq!(second.join().expect("it waits"), Some(Ok(8)));
            let third = scope.spawn(|| checkpoints.ask(|| false));
            asked(3);
            checkpoints.give_up();
            assert_eq!(third.join().expect("it waits"), None);
            assert_eq!(checkpoints.wait(far, || false, || false), Due::Never);
        });
    }
}
