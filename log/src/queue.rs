//! What waits between callers and the thread that writes.
//!
//! - An epoch is taken only if it finds room in segments that are there.
//! - After the first failure nothing is taken any more, and every call says why.
use crate::error::{Error, Result};
use crate::write::Item;
use crate::{Epoch, Settings};
use std::mem;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

#[derive(Debug)]
pub(crate) struct Queue {
    state: Mutex<State>,
    /// The thread waits here.
    work: Condvar,
    /// Callers wait here.
    done: Condvar,
    durable: AtomicU64,
    segment_bytes: u64,
    most_waiting: usize,
    retry_full: Duration,
    idle: Duration,
}

/// Whether there is something to do.
pub(crate) enum Next<T> {
    Task(T),
    /// When nothing has come for a while.
    WhenIdle,
    Nothing,
}

/// What has passed without a task.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Passed {
    /// A full disk is to be tried again.
    pub(crate) retry: bool,
    /// Nothing has come for a while.
    pub(crate) idle: bool,
}

#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) items: Vec<Item>,
    /// Epochs among them.
    pub(crate) epochs: usize,
    /// Bytes of epochs that are not yet durable.
    pub(crate) waiting: usize,
    /// The room that everything takes that is not yet written, and what there is.
    pub(crate) reserved: u64,
    pub(crate) room: u64,
    /// So much room somebody waits for.
    pub(crate) wanted: u64,
    /// No further segment is in hand, and none can be made for lack of space.
    pub(crate) full: bool,
    /// So much room could not be made, although there is a further segment; whoever wants it takes this.
    pub(crate) too_much: Option<u64>,
    pub(crate) last: Epoch,
    pub(crate) release: Epoch,
    pub(crate) end: Option<Ending>,
    pub(crate) poison: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    Stop,
    Abandon,
}

impl Queue {
    pub(crate) fn new(settings: &Settings, last: Epoch, room: u64) -> Self {
        Self {
            state: Mutex::new(State { last, room, ..State::default() }),
            work: Condvar::new(),
            done: Condvar::new(),
            durable: AtomicU64::new(last.0),
            segment_bytes: settings.segment_bytes,
            most_waiting: settings.most_waiting,
            retry_full: settings.retry_full,
            idle: settings.idle,
        }
    }

    pub(crate) fn segment_bytes(&self) -> u64 {
        self.segment_bytes
    }
    pub(crate) fn durable(&self) -> Epoch {
        Epoch(self.durable.load(Ordering::Acquire))
    }
    pub(crate) fn set_durable(&self, epoch: Epoch) {
        self.durable.store(epoch.0, Ordering::Release);
    }
    pub(crate) fn has_space(&self) -> bool {
        !self.state().full
    }
    pub(crate) fn release(&self, epoch: Epoch) {
        let mut state = self.state();
        state.release = state.release.max(epoch);
        self.work.notify_one();
    }
    pub(crate) fn end(&self, how: Ending) {
        self.state().end = Some(how);
        self.work.notify_one();
    }

    /// Changes the state, and tells those who wait for that.
    pub(crate) fn update(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state());
        self.done.notify_all();
    }

    /// The first task that there is; waits for it.
    pub(crate) fn task<T>(&self, mut choose: impl FnMut(&mut State, Passed) -> Next<T>) -> T {
        let (mut state, mut passed, mut since) = (self.state(), Passed::default(), None);
        loop {
            let next = choose(&mut state, passed);
            let most = match next {
                Next::Task(task) => return task,
                Next::WhenIdle => {
                    let since = *since.get_or_insert_with(Instant::now);
                    let left = self.idle.saturating_sub(since.elapsed());
                    Some(if state.full { left.min(self.retry_full) } else { left })
                }
                Next::Nothing => state.full.then_some(self.retry_full),
            };
            let Some(most) = most else {
                state = self.work.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let waited = self.work.wait_timeout(state, most).unwrap_or_else(PoisonError::into_inner);
            state = waited.0;
            passed.retry = state.full && waited.1.timed_out();
            passed.idle = since.is_some_and(|since| since.elapsed() >= self.idle);
        }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        // What a caller's panic leaves is whole: all changes come after the assertions.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn take(&self, item: Item, wait: bool) -> Result<()> {
        let mut state = self.state();
        let cost = Item::cost(item.body.len(), self.segment_bytes);
        let bytes = if item.outcome { 0 } else { item.body.len() };
        loop {
            if let Some(what) = &state.poison {
                return Err(Error::Poisoned { what: what.clone() });
            }
            state.check(&item);
            let fits = state.reserved + cost <= state.room;
            if state.full && !(item.outcome && fits) {
                return Err(Error::Full);
            }
            let busy = state.waiting > 0 && state.waiting + bytes > self.most_waiting;
            if fits && (item.outcome || !busy) {
                state.take(item, bytes, cost);
                self.work.notify_one();
                return Ok(());
            }
            if !fits {
                let wanted = state.reserved + cost;
                if state.too_much.take_if(|much| *much <= wanted).is_some() {
                    return Err(Error::Full);
                }
                state.wanted = state.wanted.max(wanted);
                self.work.notify_one();
            }
            if !wait {
                return Err(Error::Busy { waiting: state.waiting, most: self.most_waiting });
            }
            state = self.done.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl State {
    fn check(&self, item: &Item) {
        if item.outcome {
            assert!(item.epoch <= self.last, "epoch {} has no outcome before it is appended", item.epoch);
        } else {
            assert_eq!(item.epoch, self.last.next(), "epochs are appended in order");
        }
    }

    fn take(&mut self, item: Item, bytes: usize, cost: u64) {
        if !item.outcome {
            self.last = item.epoch;
            self.epochs += 1;
        }
        self.waiting += bytes;
        self.reserved += cost;
        self.items.push(item);
    }

    pub(crate) fn take_all(&mut self) -> Vec<Item> {
        self.epochs = 0;
        mem::take(&mut self.items)
    }
}
