//! The time of the epochs: one for all workers, which never goes back along the order.
//!
//! The first worker that orders requests in an epoch asks the clock; the others of that epoch get the same value. So
//! `now` is a function of a transaction's place in the order, whatever the machine's clock does. The machine's clock is
//! taken to go on between two epochs; one that a test sets may stand. One that goes back stands until it has caught up.
//!
//! Invariant: what is asked for is at or after the first epoch that is not over, and an epoch before the newest has been
//! asked for before, because somebody has closed it.
use crate::base::ambient::machine_clock;
use crate::base::error::Result;
use crate::base::guard::caught;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What the time is read from, in microseconds. It is user code.
pub(crate) type Reads = dyn Fn() -> u64 + Send + Sync;

/// See the head of this file.
pub(crate) struct EpochClock {
    reads: Arc<Reads>,
    /// By how much the time of an epoch is larger than that of the one before, at least.
    step: u64,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    /// The time of the newest epoch that has one.
    last: u64,
    /// Epochs that are not over, with what the clock made of them; if it panicked, the epoch has no time.
    recent: VecDeque<(u64, Result<u64>)>,
}

impl EpochClock {
    /// The machine's.
    pub(crate) fn machine() -> Self {
        Self { reads: Arc::new(machine_clock), step: 1, known: Mutex::default() }
    }

    /// Somebody's own.
    pub(crate) fn of(reads: Arc<Reads>) -> Self {
        Self { reads, step: 0, known: Mutex::default() }
    }

    /// What is ordered from here on comes after an epoch with this time.
    pub(crate) fn go_on_from(&self, last: u64) {
        let known = &mut *self.known();
        known.last = known.last.max(last);
    }

    /// The time of the newest epoch that has one.
    pub(crate) fn last(&self) -> u64 {
        self.known().last
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        // A clock that panics is caught under the lock.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The time of an epoch. All epochs before `passed` are over: nobody will ask for theirs.
    pub(crate) fn at(&self, epoch: u64, passed: u64) -> Result<u64> {
        let known = &mut *self.known();
        while known.recent.pop_front_if(|(over, _)| *over < passed).is_some() {}
        if known.recent.back().is_none_or(|(newest, _)| *newest < epoch) {
            let time = caught(|| (self.reads)()).map(|time| time.max(known.last.saturating_add(self.step)));
            known.last = *time.as_ref().unwrap_or(&known.last);
            known.recent.push_back((epoch, time.clone()));
            return time;
        }
        let found = known.recent.iter().find(|(recent, _)| *recent == epoch);
        let (_, time) = found.unwrap_or_else(|| unreachable!("epoch {epoch} was closed without a time"));
        time.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::EpochClock;
    use crate::base::error::Error;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// A clock that reads these times, one after the other, and then panics.
    fn clock(times: &'static [u64]) -> EpochClock {
        let next = AtomicUsize::new(0);
        EpochClock::of(Arc::new(move || times[next.fetch_add(1, Ordering::SeqCst)]))
    }

    #[test]
    fn one_time_for_an_epoch_and_never_back() {
        let clock = clock(&[5, 3, 3, 9]);
        assert_eq!([0, 0, 1, 0, 2, 1].map(|epoch| clock.at(epoch, 0)), [5, 5, 5, 5, 5, 5].map(Ok));
        assert_eq!([7, 2, 7].map(|epoch| clock.at(epoch, 2)), [9, 5, 9].map(Ok));
    }

    #[test]
    fn the_machine_s_clock_goes_on_and_never_behind_a_restart() {
        let clock = EpochClock { step: 1, ..clock(&[5, 5, 3, 9]) };
        assert_eq!([0, 1, 2, 3].map(|epoch| clock.at(epoch, 0)), [5, 6, 7, 9].map(Ok));
        clock.go_on_from(20);
        let clock = EpochClock { reads: Arc::new(|| 4), ..clock };
        assert_eq!(clock.at(4, 0), Ok(21));
    }

    #[test]
    fn an_epoch_whose_clock_panics_has_no_time_and_the_next_one_has() {
        let times = AtomicUsize::new(0);
        let clock = EpochClock::of(Arc::new(move || match times.fetch_add(1, Ordering::SeqCst) {
            1 => panic!("out of time"),
            n => n as u64,
        }));
        let panicked = || Err(Error::Panicked { message: "out of time".into() });
        assert_eq!(
            [0, 1, 1, 0, 2].map(|epoch| clock.at(epoch, 0)),
            [Ok(0), panicked(), panicked(), Ok(0), Ok(2)]
        );
    }

    #[test]
    #[should_panic(expected = "epoch 3 was closed without a time")]
    fn what_is_asked_for_is_there() {
        let clock = clock(&[1, 2]);
        let _ = (clock.at(2, 0), clock.at(4, 0));
        let _ = clock.at(3, 0);
    }
}
