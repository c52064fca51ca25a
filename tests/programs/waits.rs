//! Transactions that would wait for themselves, and the time and order that callers see.

mod cast {
    use std::sync::Mutex;
    use std::task::{Context, Poll, Waker};
    use thalweg::prelude::*;

    /// A handle where methods find it, as in a program with a `static`.
    pub static APP: Mutex<Option<Handle>> = Mutex::new(None);

    fn app() -> Handle {
        APP.lock().expect("whole").clone().expect("set by the test")
    }

    #[entity(auto)]
    pub struct Account {
        #[key]
        id: u64,
        n: i64,
    }

    #[entity]
    impl Account {
        pub fn new(id: u64) -> Self {
            Self { id, n: 0 }
        }
        pub fn add(&mut self, n: i64) -> i64 {
            self.n += n;
            self.n
        }
        /// Does each of the things that wait, and says what came of them.
        pub fn waits(&mut self, other: u64) -> Vec<String> {
            let (app, other) = (app(), || Account::at(other).add(1));
            let mut answers = vec![
                format!("{:?}", app.call_blocking(other())),
                format!("{:?}", app.submit_waiting(other()).map(drop)),
                format!("{:?}", app.submit_all_waiting([other()]).map(drop)),
                format!("{:?}", app.inspect()),
                format!("{:?}", app.stop()),
            ];
            answers.push(format!("{:?}", app.submit(other()).and_then(|reply| reply.wait())));
            answers.push(format!("{:?}", app.submit_all([other()]).and_then(|replies| replies.wait())));
            let mut call = std::pin::pin!(app.call(other()));
            answers.push(match call.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(answer) => format!("{answer:?}"),
                Poll::Pending => "pending".to_owned(),
            });
            answers
        }
        pub async fn waits_there(&mut self, there: Ref<Account>, other: u64) -> Vec<String> {
            there.waits(other).await
        }
        /// As above, and no argument says where.
        pub async fn waits_anywhere(&mut self, there: u64, other: u64) -> Vec<String> {
            Account::at(there).waits(other).await
        }
        /// Does not wait.
        pub fn submits(&mut self, other: u64) -> bool {
            app().submit(Account::at(other).add(1)).is_ok()
        }
        /// The handle in the static may be the last one.
        pub fn drops_the_handle(&mut self) -> bool {
            APP.lock().expect("whole").take().is_some()
        }
    }

    #[entity(auto)]
    pub struct Meter {
        #[key]
        id: u64,
        last: u64,
        back: u64,
    }

    #[entity]
    impl Meter {
        pub fn new(id: u64) -> Self {
            Self { id, last: 0, back: 0 }
        }
        pub fn tick(&mut self) -> u64 {
            let now = thalweg::now();
            self.back += u64::from(now < self.last);
            self.last = now;
            now
        }
        pub async fn ticks(&mut self, other: Ref<Meter>) -> (u64, u64) {
            let mine = self.tick();
            (mine, other.tick().await)
        }
        pub fn back(&self) -> u64 {
            self.back
        }
    }
}

use crate::harness::WORKERS;
use cast::{APP, Account, Meter};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use thalweg::oracle::Oracle;
use thalweg::prelude::*;
use thalweg::simulation::Schedule;
use thalweg::{Error, Reply};

/// The tests that put a handle into the static take turns.
fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn app(workers: usize) -> App {
    App::new("waits").entity::<Account>().entity::<Meter>().workers(workers)
}

#[track_caller]
fn told(answers: Result<Vec<String>, Error>) {
    let expected = [
        "Handle::call_blocking",
        "Handle::submit_waiting",
        "Handle::submit_all_waiting",
        "Handle::inspect",
        "Handle::stop",
        "Reply::wait",
        "Replies::wait",
        "Reply",
    ];
    let expected = expected.map(|what| format!("Err({:?})", Error::InsideTransaction { what })).to_vec();
    assert_eq!(answers, Ok(expected));
}

#[test]
fn what_would_wait_for_itself_is_told_so() {
    let _turn = turn();
    for workers in WORKERS {
        let app = app(workers).start().expect("the program starts");
        *APP.lock().expect("whole") = Some(app.clone());
        for id in 0..4 {
            told(app.call_blocking(Account::at(id).waits(id)));
            told(app.call_blocking(Account::at(id).waits(id + 1)));
            told(app.call_blocking(Account::at(id).waits_there(Account::at(id + 1), id)));
            told(app.call_blocking(Account::at(id).waits_anywhere(id + 2, id)));
            assert_eq!(app.call_blocking(Account::at(id).submits(id + 1)), Ok(true));
        }
        *APP.lock().expect("whole") = None;
        assert_eq!(app.stop(), Ok(()));
    }
}

#[test]
fn a_simulated_transaction_is_told_so_and_the_test_around_it_is_not() {
    let _turn = turn();
    for workers in WORKERS {
        let mut simulation =
            app(workers).simulate(Schedule { seed: 2, epoch: 3 }).expect("the program fits together");
        *APP.lock().expect("whole") = Some(simulation.handle().clone());
        let replies: Vec<Reply<Vec<String>>> = (0..4)
            .map(|id| {
                simulation
                    .handle()
                    .submit(Account::at(id).waits_there(Account::at(id + 1), id))
                    .expect("room")
            })
            .collect();
        simulation.run();
        replies.into_iter().for_each(|reply| told(reply.wait()));
        // This thread is no worker any more: what it does may block.
        let other = app(workers).start().expect("the program starts");
        assert_eq!(other.call_blocking(Account::at(1).add(1)), Ok(1));
        assert_eq!(other.stop(), Ok(()));
        let mut oracle = Oracle::new();
        told(oracle.call(Account::at(1).waits(1)));
        *APP.lock().expect("whole") = None;
    }
}

#[test]
fn the_error_says_the_way_out() {
    let text = Error::InsideTransaction { what: "Handle::call_blocking" }.to_string();
    assert!(text.contains("call_blocking") && text.contains("await the call in an async method"), "{text}");
}

#[test]
fn the_last_handle_may_go_in_a_transaction() {
    let _turn = turn();
    for workers in WORKERS {
        let app = app(workers).start().expect("the program starts");
        *APP.lock().expect("whole") = Some(app.clone());
        let reply = app.submit(Account::at(1).add(1)).expect("room");
        let last = app.submit(Account::at(1).drops_the_handle()).expect("room");
        drop(app);
        assert_eq!(reply.wait(), Ok(1));
        assert_eq!(last.wait(), Ok(true));
    }
}

/// Many callers at once see the time go on, and never back.
#[track_caller]
fn never_back(workers: usize, clock: impl Fn() -> u64 + Send + Sync + 'static) {
    let app = app(workers).clock(clock).start().expect("the program starts");
    std::thread::scope(|scope| {
        for n in 0..8 {
            let own = app.clone();
            scope.spawn(move || {
                for i in 0..400 {
                    let call = Meter::at(n % 3).ticks(Meter::at((n + i) % 5));
                    let (mine, theirs) = own.call_blocking(call).expect("an answer");
                    assert_eq!(mine, theirs, "one time for a transaction");
                }
            });
        }
    });
    for id in 0..5 {
        assert_eq!(app.call_blocking(Meter::at(id).back()), Ok(0), "{workers} workers");
    }
    assert_eq!(app.stop(), Ok(()));
}

#[test]
fn time_never_goes_back_along_the_order() {
    for workers in WORKERS {
        let (falls, jumps) = (AtomicU64::new(1 << 40), AtomicU64::new(0));
        never_back(workers, move || falls.fetch_sub(1, Ordering::SeqCst));
        never_back(workers, move || {
            jumps.fetch_add(1, Ordering::SeqCst).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 8
        });
        let app = app(workers).start().expect("the program starts");
        let before = app.call_blocking(Meter::at(1).tick()).expect("an answer");
        assert!(before > 1_600_000_000_000_000, "microseconds by the machine's clock");
        assert_eq!(app.stop(), Ok(()));
    }
}

#[test]
fn simulated_time_never_goes_back_and_the_oracle_agrees() {
    for (workers, seed) in [(1, 1), (2, 2), (3, 3), (4, 4), (4, 5)] {
        let times = AtomicU64::new(0);
        let clock = move || [9, 4, 11, 2, 30][times.fetch_add(1, Ordering::SeqCst) as usize % 5];
        let mut simulation =
            app(workers).clock(clock).simulate(Schedule { seed, epoch: 3 }).expect("it fits together");
        let handles: Vec<Handle> = (0..workers).map(|_| simulation.handle().clone()).collect();
        let calls =
            (0..200).map(|n| handles[n as usize % workers].submit(Meter::at(n % 5).ticks(Meter::at(n % 7))));
        let replies: Vec<_> = calls.map(|reply| reply.expect("room")).collect();
        simulation.run();
        for reply in replies {
            let (mine, theirs) = reply.wait().expect("an answer");
            assert_eq!(mine, theirs, "one time for a transaction");
        }
        let back: Vec<_> = (0..7).map(|id| simulation.handle().submit(Meter::at(id).back())).collect();
        simulation.run();
        for reply in back {
            assert_eq!(reply.and_then(|reply| reply.wait()), Ok(0), "{workers} workers");
        }
    }
    static TIME: AtomicU64 = AtomicU64::new(100);
    let mut oracle = Oracle::new().clock(|| TIME.fetch_sub(7, Ordering::SeqCst));
    let times: Vec<_> = (0..3).map(|_| oracle.call(Meter::at(1).tick())).collect();
    assert_eq!(times, [Ok(100), Ok(100), Ok(100)]);
}
