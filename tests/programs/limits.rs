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
}

use crate::harness::WORKERS;
use cast::Store;
use thalweg::prelude::*;
use thalweg::simulation::{Schedule, Simulation};
use thalweg::{Bound, Error};

fn app() -> App {
    App::new("limits").entity::<Store>()
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
