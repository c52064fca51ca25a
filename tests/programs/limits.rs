//! Limits: bytes in the queue, the stack of a method, and how deep calls go.

mod cast {
    use thalweg::prelude::*;

    #[entity(auto)]
    pub struct Store {
        #[key]
        id: u64,
        n: usize,
    }

    #[entity]
    impl Store {
        pub fn new(id: u64) -> Self {
            Self { id, n: 0 }
        }
        pub fn keep(&mut self, bytes: Vec<u8>) -> usize {
            self.n += bytes.len();
            self.n
        }
        pub fn count(&mut self, n: usize) -> usize {
            self.n += n;
            self.n
        }
    }

    /// Recursion in plain Rust that uses so many bytes of stack.
    fn dig(bytes: usize) -> usize {
        #[inline(never)]
        fn deeper(top: usize, bytes: usize) -> usize {
            let frame = [0_u8; 512];
            let here = std::hint::black_box(&frame).as_ptr() as usize;
            if top.abs_diff(here) >= bytes { 1 } else { deeper(top, bytes) + usize::from(frame[7]) }
        }
        let top = [0_u8; 1];
        deeper(std::hint::black_box(&top).as_ptr() as usize, bytes)
    }

    #[entity(auto)]
    pub struct Digger {
        #[key]
        id: u64,
        n: u64,
    }

    #[entity]
    impl Digger {
        pub fn new(id: u64) -> Self {
            Self { id, n: 0 }
        }
        pub fn dig(&self, bytes: usize) -> usize {
            dig(bytes) + self.n as usize
        }
        /// Digs as a plain method, beside a call, in parts of a join, and where no argument says.
        pub async fn dig_everywhere(&mut self, other: Ref<Digger>, bytes: usize) -> usize {
            let mine = dig(bytes);
            let (a, b) = join((other.dig(bytes), Digger::at(self.id).dig(bytes))).await;
            let unknown = Digger::at(self.id + 7 + self.n).dig(bytes).await;
            let all = join_all((0..3).map(|n| Digger::at(n).dig(bytes))).await;
            mine + a + b + unknown + all.iter().sum::<usize>() + dig(bytes)
        }
        /// Digs at the end of so many calls, each on a different entity.
        pub async fn dig_below(&mut self, calls: u64, bytes: usize) -> usize {
            let next = Digger::at(self.id + 1);
            if calls == 0 {
                next.dig_everywhere(Digger::at(self.id), bytes).await
            } else {
                next.dig_below(calls - 1, bytes).await
            }
        }
        pub async fn without_end(&mut self) -> u64 {
            Digger::at(self.id + 1).without_end().await
        }
        pub async fn back_and_forth(&mut self, to: Ref<Digger>, then: Ref<Digger>) -> u64 {
            to.back_and_forth(then, to.clone()).await
        }
    }
}

use crate::harness::WORKERS;
use cast::{Digger, Store};
use thalweg::oracle::Oracle;
use thalweg::prelude::*;
use thalweg::simulation::{Schedule, Simulation};
use thalweg::{Bound, Error};

fn app() -> App {
    App::new("limits").entity::<Store>().entity::<Digger>()
}

fn in_turns(app: App) -> Simulation {
    app.simulate(Schedule { seed: 1, epoch: 3 }).expect("the program fits together")
}

#[track_caller]
fn full<T: std::fmt::Debug>(answer: Result<T, Error>, expected: Bound) {
    match answer {
        Err(Error::Overloaded { capacity: 100, bytes: 1_000_000, full }) => assert_eq!(full, expected),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_queue_counts_bytes_and_requests() {
    for workers in WORKERS {
        let mut simulation = in_turns(app().workers(workers).queue(100).queue_bytes(1_000_000));
        let handle = simulation.handle().clone();
        let large = || Store::at(1).keep(vec![1; 100_000]);
        let mut replies: Vec<_> = (0..9).map(|_| handle.submit(large()).expect("room")).collect();
        full(handle.submit(large()).map(drop), Bound::Bytes);
        full(handle.submit_all([large(), large()]).map(drop), Bound::Bytes);
        replies.extend((0..91).map(|_| handle.submit(Store::at(1).count(0)).expect("room for small ones")));
        full(handle.submit(Store::at(1).count(0)).map(drop), Bound::Requests);
        simulation.run();
        replies.into_iter().for_each(|reply| assert!(reply.wait().is_ok()));
        let again: Vec<_> = (0..9).map(|_| handle.submit(large()).expect("room again")).collect();
        simulation.run();
        assert_eq!(again.into_iter().map(|reply| reply.wait().expect("an answer")).max(), Some(1_800_000));
    }
}

#[test]
fn what_is_larger_than_the_queue_is_never_waited_for() {
    for workers in WORKERS {
        let app =
            app().workers(workers).queue(100).queue_bytes(1_000_000).start().expect("the program starts");
        let huge = || Store::at(1).keep(vec![1; 1_000_001]);
        full(app.submit_waiting(huge()).map(drop), Bound::Bytes);
        full(app.call_blocking(huge()), Bound::Bytes);
        full(app.submit(huge()).map(drop), Bound::Bytes);
        full(
            app.submit_all_waiting([0; 11].map(|_| Store::at(1).keep(vec![1; 100_000]))).map(drop),
            Bound::Bytes,
        );
        full(app.submit_all_waiting((0..101).map(|_| Store::at(1).count(1))).map(drop), Bound::Requests);
        assert_eq!(app.call_blocking(Store::at(1).keep(vec![1; 900_000])), Ok(900_000));
        assert_eq!(app.stop(), Ok(()));
    }
}

#[test]
fn who_waits_for_bytes_gets_them_in_turn() {
    for workers in WORKERS {
        let app =
            app().workers(workers).queue(100).queue_bytes(1_000_000).start().expect("the program starts");
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..20 {
                        app.call_blocking(Store::at(1).keep(vec![1; 600_000])).expect("it waits");
                        app.call_blocking(Store::at(1).count(1)).expect("it waits");
                    }
                });
            }
        });
        assert_eq!(app.call_blocking(Store::at(1).count(0)), Ok(80 * 600_001));
        assert_eq!(app.stop(), Ok(()));
    }
}

#[test]
fn the_error_names_both_bounds_and_the_settings() {
    let error = |full| Error::Overloaded { capacity: 8, bytes: 64, full }.to_string();
    for text in [error(Bound::Requests), error(Bound::Bytes)] {
        assert!(text.contains("8 requests (`App::queue`)"), "{text}");
        assert!(text.contains("64 bytes of arguments (`App::queue_bytes`)"), "{text}");
    }
    assert_ne!(error(Bound::Requests), error(Bound::Bytes));
    let no_room = app().queue_bytes(0).start().map(drop);
    assert!(matches!(no_room, Err(Error::Start(_))), "{no_room:?}");
}

#[test]
fn a_method_has_its_stack_at_any_depth() {
    const MOST: usize = (2 << 20) - (16 << 10);
    let calls = |bytes| [0, 3, 1_000].map(|depth| Digger::at(1).dig_below(depth, bytes));
    for workers in WORKERS {
        let app = app().workers(workers).start().expect("the program starts");
        assert_eq!(app.call_blocking(Digger::at(1).dig(MOST)), Ok(1));
        calls(MOST).into_iter().for_each(|call| assert_eq!(app.call_blocking(call), Ok(8)));
        assert_eq!(app.stop(), Ok(()));
        let app = app_with_stack(workers);
        assert_eq!(app.call_blocking(Digger::at(1).dig(7 << 20)), Ok(1));
        calls(7 << 20).into_iter().for_each(|call| assert_eq!(app.call_blocking(call), Ok(8)));
        assert_eq!(app.stop(), Ok(()));
        let mut simulation = in_turns(self::app().workers(workers));
        let replies = calls(MOST).map(|call| simulation.handle().submit(call).expect("room"));
        simulation.run();
        replies.into_iter().for_each(|reply| assert_eq!(reply.wait(), Ok(8)));
    }
    calls(MOST).into_iter().for_each(|call| assert_eq!(Oracle::new().call(call), Ok(8)));
    assert!(matches!(app().stack(usize::MAX).start().map(drop), Err(Error::Start(_))));
}

fn app_with_stack(workers: usize) -> Handle {
    app().workers(workers).stack(8 << 20).start().expect("the program starts")
}

#[test]
fn recursion_without_an_end_ends_at_the_same_depth_everywhere() {
    let deep = Err(Error::TooDeep { limit: thalweg::MAX_DEPTH });
    for workers in WORKERS {
        let app = app().workers(workers).start().expect("the program starts");
        assert_eq!(app.call_blocking(Digger::at(1).without_end()), deep);
        assert_eq!(app.call_blocking(Digger::at(1).back_and_forth(Digger::at(2), Digger::at(1))), deep);
        assert_eq!(app.call_blocking(Digger::at(1).dig(0)), Ok(1), "it goes on");
        assert_eq!(app.stop(), Ok(()));
    }
}
