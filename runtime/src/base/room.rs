//! The room at a door: how many requests may be in flight that entered there, and how many bytes of arguments they may
//! have. Who waits for room gets it in turn.
use crate::base::error::{Error, Result};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use tokio::sync::oneshot;

/// So much room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) requests: usize,
    pub(crate) bytes: usize,
}

/// The bounds of a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Bound {
    /// How many requests are in flight.
    Requests,
    /// How many bytes of arguments they have.
    Bytes,
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Bound::Requests => "too many requests are in flight",
            Bound::Bytes => "the requests in flight have too many bytes of arguments",
        })
    }
}

/// Why the engine has come to an end that nobody asked for, once it has.
pub(crate) type Failure = Arc<OnceLock<Error>>;

/// The room at one door.
#[derive(Debug)]
pub(crate) struct Rooms {
    all: Size,
    state: Mutex<State>,
    failure: Failure,
}

#[derive(Debug)]
struct State {
    free: Size,
    waiting: VecDeque<Waiting>,
    /// At so many who wait, those that have gone meanwhile are looked for.
    sweep_at: usize,
    closed: bool,
}

#[derive(Debug)]
struct Waiting {
    size: Size,
    way: oneshot::Sender<Room>,
}

/// Room that somebody has; dropping it gives it back.
#[derive(Debug)]
pub(crate) struct Room {
    size: Size,
    of: Arc<Rooms>,
}

/// Room, or the way by which it will come; a way that ends without it means that the app has ended.
pub(crate) type Coming = Result<Room, oneshot::Receiver<Room>>;

const SWEEP: usize = 64;

impl Rooms {
    pub(crate) fn new(all: Size, failure: Failure) -> Arc<Self> {
        let state = State { free: all, waiting: VecDeque::new(), sweep_at: SWEEP, closed: false };
        Arc::new(Self { all, state: Mutex::new(state), failure })
    }

    /// Room for this, if there is some at once.
    pub(crate) fn take(self: &Arc<Self>, size: Size) -> Result<Room> {
        let mut state = self.state();
        if state.closed {
            return Err(self.ended());
        }
        state.forget_gone();
        // Who waits comes first.
        let free = if state.waiting.is_empty() { state.free } else { Size { requests: 0, ..state.free } };
        match lacks(size, free) {
            Some(full) => Err(self.overloaded(full)),
            None => Ok(self.give(&mut state, size)),
        }
    }

    /// Room for this, at once or later.
    pub(crate) fn wait(self: &Arc<Self>, size: Size) -> Result<Coming> {
        if let Some(full) = lacks(size, self.all) {
            return Err(self.overloaded(full));
        }
        let mut state = self.state();
        if state.closed {
            return Err(self.ended());
        }
        state.forget_gone();
        if state.waiting.is_empty() && lacks(size, state.free).is_none() {
            return Ok(Ok(self.give(&mut state, size)));
        }
        let (way, coming) = oneshot::channel();
        state.waiting.push_back(Waiting { size, way });
        if state.waiting.len() >= state.sweep_at {
            state.waiting.retain(|waiting| !waiting.way.is_closed());
            state.sweep_at = SWEEP.max(2 * state.waiting.len());
        }
        Ok(Err(coming))
    }

    /// Nobody gets room any more.
    pub(crate) fn close(&self) {
        let waiting = {
            let mut state = self.state();
            state.closed = true;
            std::mem::take(&mut state.waiting)
        };
        drop(waiting); // wakes them, and that is code of theirs
    }

    /// Why there is no answer, or no room, any more.
    pub(crate) fn ended(&self) -> Error {
        self.failure.get().cloned().unwrap_or(Error::Stopped)
    }

    fn overloaded(&self, full: Bound) -> Error {
        Error::Overloaded { capacity: self.all.requests, bytes: self.all.bytes, full }
    }

    fn give(self: &Arc<Self>, state: &mut State, size: Size) -> Room {
        state.free.requests -= size.requests;
        state.free.bytes -= size.bytes;
        Room { size, of: self.clone() }
    }

    fn give_back(self: &Arc<Self>, size: Size) {
        let mut state = self.state();
        state.free.requests += size.requests;
        state.free.bytes += size.bytes;
        while !state.waiting.is_empty() {
            state.forget_gone();
            let free = state.free;
            let fits = |next: &mut Waiting| lacks(next.size, free).is_none();
            let Some(next) = state.waiting.pop_front_if(fits) else { return };
            let room = self.give(&mut state, next.size);
            drop(state);
            // The lock is free meanwhile: this wakes somebody. Who has gone gives the room back at once.
            drop(next.way.send(room));
            state = self.state();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // No code of the user's runs under this lock; a poisoned one is still whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Forgets those at the front that do not wait any more.
    fn forget_gone(&mut self) {
        while self.waiting.pop_front_if(|next| next.way.is_closed()).is_some() {}
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.of.give_back(self.size);
    }
}

/// What there is too little of.
fn lacks(size: Size, free: Size) -> Option<Bound> {
    if size.requests > free.requests {
        return Some(Bound::Requests);
    }
    (size.bytes > free.bytes).then_some(Bound::Bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rooms(requests: usize, bytes: usize) -> Arc<Rooms> {
        Rooms::new(Size { requests, bytes }, Failure::default())
    }
    fn size(requests: usize, bytes: usize) -> Size {
        Size { requests, bytes }
    }
    #[track_caller]
    fn full<T: std::fmt::Debug>(answer: Result<T>, expected: Bound) {
        assert!(matches!(answer, Err(Error::Overloaded { full, .. }) if full == expected), "{answer:?}");
    }

    #[test]
    fn both_bounds_hold() {
        let rooms = rooms(3, 100);
        let one = rooms.take(size(1, 60)).expect("room");
        full(rooms.take(size(1, 41)), Bound::Bytes);
        let two = rooms.take(size(2, 40)).expect("room");
        full(rooms.take(size(1, 0)), Bound::Requests);
        drop(one);
        drop(rooms.take(size(1, 60)).expect("room"));
        drop(two);
        drop(rooms.take(size(3, 100)).expect("all of it"));
    }

    #[test]
    fn what_never_fits_does_not_wait() {
        full(rooms(3, 100).wait(size(4, 0)), Bound::Requests);
        full(rooms(3, 100).wait(size(1, 101)), Bound::Bytes);
    }

    #[test]
    fn who_waits_gets_room_in_turn() {
        let rooms = rooms(2, 100);
        let held = rooms.take(size(1, 50)).expect("room");
        let mut large = rooms.wait(size(1, 100)).expect("it can fit").expect_err("it waits");
        let mut small = rooms.wait(size(1, 1)).expect("it can fit").expect_err("behind the large one");
        full(rooms.take(size(1, 1)), Bound::Requests);
        assert!(large.try_recv().is_err() && small.try_recv().is_err());
        drop(held);
        let room = large.try_recv().expect("its turn");
        assert!(small.try_recv().is_err());
        drop(room);
        drop(small.try_recv().expect("its turn"));
        drop(rooms.take(size(2, 100)).expect("all of it is back"));
    }

    #[test]
    fn who_has_gone_keeps_nobody_waiting() {
        let rooms = rooms(2, 100);
        let held = rooms.take(size(1, 50)).expect("room");
        let mut waiting: Vec<_> = (0..3 * SWEEP).map(|_| rooms.wait(size(1, 100))).collect();
        let mut last = rooms.wait(size(1, 1)).expect("it can fit").expect_err("it waits");
        waiting.clear();
        drop(rooms.take(size(1, 50)).expect_err("the last one still waits"));
        drop(held);
        drop(last.try_recv().expect("its turn"));
        let (mut late, other) = (rooms.take(size(1, 100)), rooms.wait(size(1, 100)));
        late.as_mut().expect("room");
        drop(other);
        drop(late);
        drop(rooms.take(size(2, 100)).expect("all of it is back"));
    }

    #[test]
    fn after_the_end_nobody_gets_room() {
        let failure = Failure::default();
        let rooms = Rooms::new(size(1, 1), failure.clone());
        let held = rooms.take(size(1, 1)).expect("room");
        let mut waits = rooms.wait(size(1, 1)).expect("it can fit").expect_err("it waits");
        failure.set(Error::internal("broken")).expect("the first reason");
        rooms.close();
        assert!(waits.try_recv().is_err());
        drop(held);
        let ended = Error::Internal { what: "broken".to_owned() };
        assert_eq!(rooms.take(size(1, 1)).map(drop), Err(ended.clone()));
        assert_eq!(rooms.wait(size(1, 1)).map(drop), Err(ended));
    }
}
