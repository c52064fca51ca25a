//! Code of the user's that panics where one does not think of it: in drops, wakers, clocks, keys and arguments. No
//! worker ends by it, and nobody waits for ever.

mod cast {
    use serde::ser::SerializeTuple;
    use serde::{Deserialize, Serialize, Serializer};
    use std::hash::{Hash, Hasher};
    use thalweg::prelude::*;

    /// Panics whenever it is dropped, also when something panics already.
    #[derive(Clone, Debug, Serialize, Deserialize)]
    pub struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            std::panic::panic_any(Payload);
        }
    }

    /// What a bomb panics with, and what panics in its turn.
    pub struct Payload;
    impl Drop for Payload {
        fn drop(&mut self) {
            panic!("the payload of a panic was dropped");
        }
    }

    /// An entity that cannot be dropped in peace.
    #[entity(auto)]
    pub struct Mined {
        #[key]
        id: u64,
        n: u64,
        bomb: Option<Bomb>,
    }

    #[entity]
    impl Mined {
        pub fn new(id: u64) -> Self {
            Self { id, n: 0, bomb: Some(Bomb) }
        }
        pub fn n(&self) -> u64 {
            self.n
        }
        pub fn add(&mut self, n: u64) -> u64 {
            self.n += n;
            self.n
        }
        pub async fn pay(&mut self, to: Ref<Mined>, n: u64) -> Result<u64, u64> {
            self.n += 1;
            let there = to.add(n).await;
            if there > 5 { Err(there) } else { Ok(there) }
        }
        /// Pays one whom no argument names.
        pub async fn follow(&mut self) -> u64 {
            Mined::at(self.id + 1).add(1).await
        }
        pub fn armed(&self) -> Bomb {
            Bomb
        }
        pub async fn armed_there(&self, there: Ref<Mined>) -> u64 {
            let _here = there.armed().await;
            7
        }
        pub fn boom(&mut self) -> u64 {
            self.n = 1_000;
            std::panic::panic_any(Payload)
        }
        pub async fn boom_there(&mut self, there: Ref<Mined>) -> u64 {
            self.n = 1_000;
            there.boom().await
        }
        pub async fn boom_anywhere(&mut self) -> u64 {
            let there = Mined::at(self.id + 3);
            there.boom().await
        }
        /// Fails by a call to nobody while a bomb is alive here.
        pub async fn give_up(&mut self, nobody: Ref<Moody>) -> u64 {
            let _bomb = Bomb;
            self.n = 1_000;
            nobody.add(1).await
        }
        pub async fn give_up_there(&mut self, there: Ref<Mined>, nobody: Ref<Moody>) -> u64 {
            self.n = 1_000;
            there.give_up(nobody).await
        }
        /// One part fails while the other has a bomb.
        pub async fn give_up_in_parts(&mut self, a: Ref<Mined>, b: Ref<Mined>, nobody: Ref<Moody>) -> u64 {
            self.n = 1_000;
            let (x, y) = join((a.give_up(nobody.clone()), b.give_up(nobody))).await;
            x + y
        }
        pub fn take(&mut self, bombs: Vec<Bomb>) -> u64 {
            bombs.into_iter().for_each(std::mem::forget);
            self.n
        }
    }

    /// What the key of a [`Moody`] panics at.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
    pub enum Mood {
        Fine,
        Hash,
        Eq,
        Clone,
        Show,
    }

    #[derive(Debug, PartialOrd, Ord, Deserialize)]
    pub struct Key(pub u64, pub Mood);
    impl Key {
        fn feel(&self, mood: Mood) {
            assert!(self.1 != mood, "in a mood: {mood:?}");
        }
    }
    impl Hash for Key {
        fn hash<H: Hasher>(&self, hasher: &mut H) {
            self.feel(Mood::Hash);
            self.0.hash(hasher);
        }
    }
    impl PartialEq for Key {
        fn eq(&self, other: &Self) -> bool {
            self.feel(Mood::Eq);
            other.feel(Mood::Eq);
            (self.0, self.1) == (other.0, other.1)
        }
    }
    impl Eq for Key {}
    impl Clone for Key {
        fn clone(&self) -> Self {
            self.feel(Mood::Clone);
            Self(self.0, self.1)
        }
    }
    impl Serialize for Key {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            self.feel(Mood::Show);
            let mut both = serializer.serialize_tuple(2)?;
            both.serialize_element(&self.0)?;
            both.serialize_element(&self.1)?;
            both.end()
        }
    }

    #[entity]
    pub struct Moody {
        #[key]
        key: Key,
        n: u64,
    }

    #[entity]
    impl Moody {
        pub fn make(key: Key) -> Self {
            Self { key, n: 0 }
        }
        pub fn add(&mut self, n: u64) -> u64 {
            self.n += n;
            self.n
        }
        pub async fn pay(&mut self, to: Ref<Moody>) -> u64 {
            to.add(1).await
        }
        pub async fn follow(&mut self, id: u64, mood: Mood) -> u64 {
            Moody::at(Key(id, mood)).add(1).await
        }
    }
}

use crate::harness::WORKERS;
use cast::{Bomb, Key, Mined, Mood, Moody};
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use thalweg::Error;
use thalweg::oracle::Oracle;
use thalweg::prelude::*;
use thalweg::simulation::Schedule;

fn app(workers: usize) -> App {
    App::new("guards").entity::<Mined>().entity::<Moody>().workers(workers)
}

fn start(workers: usize) -> Handle {
    app(workers).start().expect("the program starts")
}

#[track_caller]
fn panicked<T: std::fmt::Debug>(answer: Result<T, Error>) {
    assert!(matches!(answer, Err(Error::Panicked { .. })), "{answer:?}");
}

#[track_caller]
fn missing<T: std::fmt::Debug>(answer: Result<T, Error>) {
    assert!(matches!(answer, Err(Error::Missing { .. })), "{answer:?}");
}

/// Every worker still does what it should, and the app stops.
#[track_caller]
fn lives(app: &Handle) {
    for id in 100..120 {
        assert_eq!(app.call_blocking(Mined::at(id).add(1)), Ok(1));
    }
    assert_eq!(app.stop(), Ok(()));
}

#[test]
fn a_payload_that_panics_ends_no_worker() {
    for workers in WORKERS {
        let app = start(workers);
        for id in 0..8 {
            panicked(app.call_blocking(Mined::at(id).boom()));
            panicked(app.call_blocking(Mined::at(id).boom_there(Mined::at(id + 1))));
            panicked(app.call_blocking(Mined::at(id).boom_anywhere()));
            let (me, a, b) = (Mined::at(id), Mined::at(id + 1), Mined::at(id + 2));
            let nobody = || Moody::at(Key(id, Mood::Fine));
            missing(app.call_blocking(me.give_up(nobody())));
            missing(app.call_blocking(me.give_up_there(a.clone(), nobody())));
            missing(app.call_blocking(me.give_up_in_parts(a, b, nobody())));
            panicked(app.call_blocking(Mined::at(id).armed_there(Mined::at(id + 1))));
            assert_eq!(app.call_blocking(Mined::at(id).n()), Ok(0), "undone");
        }
        lives(&app);
    }
}

#[test]
fn the_oracle_survives_what_the_workers_survive() {
    let mut oracle = Oracle::new();
    panicked(oracle.call(Mined::at(1).boom()));
    panicked(oracle.call(Mined::at(1).boom_there(Mined::at(2))));
    assert_eq!(oracle.call(Mined::at(1).n()), Ok(0));
}

#[test]
fn states_that_panic_when_they_are_dropped_let_the_app_stop() {
    for workers in WORKERS {
        let app = start(workers);
        for id in 0..20 {
            assert_eq!(app.call_blocking(Mined::at(id).add(1)), Ok(1));
            let paid = app.call_blocking(Mined::at(id).pay(Mined::at(id + 50), id));
            assert_eq!(paid, Ok(if id > 5 { Err(id) } else { Ok(id) }));
            assert_eq!(app.call_blocking(Mined::at(id + 30).follow()), Ok(1));
            // A drop inside a transaction is a part of it.
            panicked(app.call_blocking(Mined::at(id + 30).remove()));
            assert_eq!(app.call_blocking(Mined::at(id + 30).exists()), Ok(true));
        }
        assert_eq!(app.stop(), Ok(()));
        drop(app);
        // And without being asked.
        let app = start(workers);
        (0..20).for_each(|id| assert_eq!(app.call_blocking(Mined::at(id).add(1)), Ok(1)));
        drop(app);
    }
}

#[test]
fn answers_that_nobody_wants_are_dropped_one_by_one() {
    for workers in WORKERS {
        let app = start(workers);
        drop(app.submit_all((0..40).map(|id| Mined::at(id).armed())));
        (0..40).for_each(|id| drop(app.submit(Mined::at(id).armed())));
        lives(&app);
        let mut simulation = app_in_turns(workers);
        drop(simulation.handle().submit_all((0..40).map(|id| Mined::at(id).armed())));
        drop(simulation.handle().submit_all((0..40).map(|id| Mined::at(id).take(vec![Bomb]))));
        simulation.run();
        // Nobody runs these any more.
        drop(simulation.handle().submit(Mined::at(1).take(vec![Bomb])));
        drop(simulation.handle().submit_all((0..4).map(|id| Mined::at(id).take(vec![Bomb]))));
        drop(simulation);
    }
}

fn app_in_turns(workers: usize) -> thalweg::simulation::Simulation {
    app(workers).simulate(Schedule { seed: 1, epoch: 7 }).expect("the program fits together")
}

#[test]
fn a_request_that_is_refused_after_the_end_drops_its_arguments() {
    let app = start(2);
    app.stop().expect("the program stops");
    assert_eq!(app.submit(Mined::at(1).take(vec![Bomb])).map(drop), Err(Error::Stopped));
    let many = app.submit_all((0..9).map(|id| Mined::at(id).take(vec![Bomb])));
    assert_eq!(many.map(drop), Err(Error::Stopped));
}

#[test]
fn a_clock_that_panics_fails_the_requests_of_its_epoch() {
    for workers in WORKERS {
        let times = AtomicU64::new(0);
        let clock = move || match times.fetch_add(1, Ordering::SeqCst) {
            1..=3 => panic!("the test's clock has run out"),
            time => time,
        };
        let app = app(workers).clock(clock).start().expect("the program starts");
        assert_eq!(app.call_blocking(Mined::at(1).add(1)), Ok(1));
        panicked(app.call_blocking(Mined::at(1).add(1)));
        assert!(app.inspect().is_ok(), "who looks needs no time");
        let batch = app.submit_all((0..5).map(|id| Mined::at(id).add(1))).expect("room").wait();
        let batch = batch.expect("one answer each");
        assert_eq!(batch.len(), 5);
        batch.into_iter().for_each(panicked);
        assert_eq!(app.call_blocking(Mined::at(1).add(1)), Ok(2));
        assert_eq!((app.counts().committed, app.counts().aborted), (2, 6));
        lives(&app);
    }
}

/// A waker that panics when it is woken, and when it is dropped.
struct Bad;
impl Wake for Bad {
    fn wake(self: Arc<Self>) {
        panic!("in the caller's waker");
    }
}
impl Drop for Bad {
    fn drop(&mut self) {
        panic!("in the drop of the caller's waker");
    }
}

/// Wakes nobody, and remembers that it should have.
#[derive(Default)]
struct Good(AtomicBool);
impl Wake for Good {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

fn poll_with<F: Future>(
    future: Pin<&mut F>,
    waker: &Arc<impl Wake + Send + Sync + 'static>,
) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(&Waker::from(waker.clone())))
}

#[test]
fn a_waker_that_panics_ends_no_worker() {
    for workers in WORKERS {
        let mut simulation = app_in_turns(workers);
        let bad = std::mem::ManuallyDrop::new(Arc::new(Bad));
        let mut one = pin!(simulation.handle().submit(Mined::at(1).add(1)).expect("room"));
        let mut many =
            pin!(simulation.handle().submit_all((2..9).map(|id| Mined::at(id).add(1))).expect("room"));
        assert!(poll_with(one.as_mut(), &bad).is_pending() && poll_with(one.as_mut(), &bad).is_pending());
        assert!(poll_with(many.as_mut(), &bad).is_pending());
        simulation.run();
        assert_eq!(poll_with(one.as_mut(), &bad), Poll::Ready(Ok(1)));
        assert_eq!(poll_with(many.as_mut(), &bad), Poll::Ready(Ok(vec![Ok(1); 7])));
    }
}

#[test]
fn a_waker_that_panics_keeps_nobody_else_from_being_woken() {
    for workers in WORKERS {
        let app = app(workers).queue(1).simulate(Schedule { seed: 1, epoch: 7 }).expect("it fits together");
        let mut simulation = app;
        let handle = simulation.handle().clone();
        let first = handle.submit(Mined::at(1).add(1)).expect("room");
        let bad = std::mem::ManuallyDrop::new(Arc::new(Bad));
        let good: Vec<Arc<Good>> = (0..8).map(|_| Arc::default()).collect();
        let mut calls: Vec<_> = (0..8).map(|id| Box::pin(handle.call(Mined::at(id + 10).add(1)))).collect();
        for (n, call) in calls.iter_mut().enumerate() {
            // Every other one wakes badly.
            let pending =
                if n % 2 == 0 { poll_with(call.as_mut(), &bad) } else { poll_with(call.as_mut(), &good[n]) };
            assert!(pending.is_pending());
        }
        simulation.run();
        assert_eq!(first.wait(), Ok(1));
        for (n, call) in calls.iter_mut().enumerate() {
            if n % 2 == 0 {
                // Nobody came to wake it, but its turn has come.
                assert!(poll_with(call.as_mut(), &bad).is_pending());
                simulation.run();
                assert_eq!(poll_with(call.as_mut(), &bad), Poll::Ready(Ok(1)));
                continue;
            }
            assert!(good[n].0.swap(false, Ordering::SeqCst), "its turn has come, and it was told");
            assert!(poll_with(call.as_mut(), &good[n]).is_pending());
            simulation.run();
            assert!(good[n].0.load(Ordering::SeqCst), "its answer has come, and it was told");
            assert_eq!(poll_with(call.as_mut(), &good[n]), Poll::Ready(Ok(1)));
        }
    }
}

#[test]
fn a_waker_that_polls_at_once_is_welcome() {
    type Boxed = Pin<Box<dyn Future<Output = u64> + Send>>;
    struct Inline(std::sync::Mutex<Option<Boxed>>, std::sync::mpsc::Sender<u64>);
    impl Wake for Inline {
        fn wake(self: Arc<Self>) {
            let taken = self.0.lock().expect("whole").take();
            let Some(mut future) = taken else { return };
            let waker = Waker::from(self.clone());
            match future.as_mut().poll(&mut Context::from_waker(&waker)) {
                Poll::Ready(sum) => self.1.send(sum).expect("the test listens"),
                Poll::Pending => *self.0.lock().expect("whole") = Some(future),
            }
        }
    }
    // In turns, so that the wake comes after the future has been put back.
    for workers in WORKERS {
        let mut simulation = app_in_turns(workers);
        let handle = simulation.handle().clone();
        let (sender, sums) = std::sync::mpsc::channel();
        let future: Boxed = Box::pin(async move {
            let first = handle.call(Mined::at(1).add(1)).await.expect("an answer");
            first + handle.call(Mined::at(2).add(1)).await.expect("an answer")
        });
        Waker::from(Arc::new(Inline(std::sync::Mutex::new(Some(future)), sender))).wake();
        simulation.run();
        simulation.run();
        assert_eq!(sums.try_recv(), Ok(2), "{workers} workers");
    }
}

#[test]
fn keys_that_panic_fail_their_transaction_and_nothing_else() {
    let moody = |id, mood| Moody::at(Key(id, mood));
    for workers in WORKERS {
        let app = start(workers);
        for id in 0..6 {
            assert_eq!(app.call_blocking(moody(id, Mood::Fine).make()), Ok(()));
            panicked(app.call_blocking(moody(id, Mood::Hash).make()));
            for mood in [Mood::Hash, Mood::Eq] {
                panicked(app.call_blocking(moody(id, mood).add(1)));
                panicked(app.call_blocking(moody(id, Mood::Fine).pay(moody(id, mood))));
            }
            for mood in [Mood::Hash, Mood::Eq, Mood::Clone] {
                panicked(app.call_blocking(moody(id, Mood::Fine).follow(id, mood)));
            }
            // What cannot be shown or copied can still be missing.
            let missing = app.call_blocking(moody(id, Mood::Show).add(1));
            assert!(matches!(missing, Err(Error::Missing { .. } | Error::Panicked { .. })), "{missing:?}");
            assert!(app.inspect().is_ok());
            assert_eq!(app.call_blocking(moody(id, Mood::Fine).add(1)), Ok(1));
        }
        lives(&app);
    }
}
