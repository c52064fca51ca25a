//! What only several workers can get wrong: tickets, scouts, one-way calls, joins side by side, batches, and code of
//! the user's in odd places.

mod cast {
    use serde::{Deserialize, Serialize};
    use thalweg::prelude::*;

    /// Panics when it is copied, if it is told to.
    #[derive(Debug, Serialize, Deserialize)]
    pub struct Fragile(pub bool);
    impl Clone for Fragile {
        fn clone(&self) -> Self {
            assert!(!self.0, "a fragile thing was copied");
            Self(false)
        }
    }

    /// Cannot be copied at all.
    #[derive(Debug, Serialize, Deserialize)]
    pub struct Single(pub i64);

    /// Panics when it is dropped, if it is told to.
    #[derive(Debug, Serialize, Deserialize)]
    pub struct Bomb(pub bool);
    impl Drop for Bomb {
        fn drop(&mut self) {
            assert!(!self.0 || std::thread::panicking(), "a bomb was dropped");
        }
    }

    #[entity(auto)]
    pub struct Actor {
        #[key]
        id: u64,
        n: u64,
    }

    #[entity]
    impl Actor {
        pub fn new(id: u64) -> Self {
            Self { id, n: 0 }
        }
        pub fn n(&self) -> u64 {
            self.n
        }
        pub fn add(&mut self, n: u64) {
            self.n += n;
        }
        pub fn boom(&mut self, text: String) -> u64 {
            panic!("{text}")
        }
        pub fn check(&self, most: u64, n: u64) {
            assert!(n <= most, "{n} is more than {most}");
        }
        pub fn armed(&self) -> Bomb {
            Bomb(true)
        }
        /// Touches whom its state says.
        pub async fn follow(&mut self, by: u64, _: Fragile) -> u64 {
            Actor::at(self.n + by).add(1).await;
            self.n
        }
        pub async fn follow_once(&mut self, by: Single) -> i64 {
            let Single(by) = by;
            Actor::at(self.n + by.unsigned_abs()).add(1).await;
            by
        }
        pub async fn shout(&self, to: Ref<Actor>) -> u64 {
            to.boom("second".to_owned()).send();
            0
        }
        /// The first part in the order of the program is why it failed, whichever failed first in time.
        pub async fn duel(&self, a: Ref<Stage>, p: Ref<Actor>, b: Ref<Actor>) -> u64 {
            let (x, y) = join((a.boom(), p.shout(b))).await;
            x + y
        }
        pub async fn pay(&mut self, to: Ref<Actor>, n: u64) {
            self.n += 1;
            to.add(n).await;
        }
        /// Both fail, and nobody waits for either.
        pub async fn shout_twice(&self, a: Ref<Actor>, b: Ref<Actor>) {
            a.boom("first".to_owned()).send();
            b.boom("second".to_owned()).send();
        }
        /// Between two one-way calls stands one that must see the first.
        pub async fn send_and_see(&mut self, a: Ref<Actor>, b: Ref<Actor>) -> u64 {
            a.add(5).send();
            b.add(7).send();
            let through = b.look_at(a.clone()).await;
            a.add(1).send();
            through * 100 + a.n().await
        }
        pub async fn look_at(&self, other: Ref<Actor>) -> u64 {
            other.n().await + self.n
        }
        pub async fn guarded(&self, guard: Ref<Actor>, limits: Ref<Actor>, n: u64) -> u64 {
            guard.guard(limits, n).await;
            let mut steps = 0;
            while steps < n {
                steps += 1; // would never end if it were not for the guard
            }
            steps
        }
        pub async fn guard(&self, limits: Ref<Actor>, n: u64) {
            limits.check(10, n).await;
        }
        /// Goes on only where the one before has left off: none but the first does on the state before the epoch.
        pub async fn chain(&self, counter: Ref<Actor>, i: u64) -> bool {
            if counter.n().await + 1 != i {
                return false;
            }
            counter.add(1).await;
            Actor::at(1_000 + counter.n().await).add(1).await;
            true
        }
    }

    /// Draws when it is copied, which is not the program's doing.
    #[derive(Debug, Serialize, Deserialize)]
    pub struct Drawing(pub u64);
    impl Clone for Drawing {
        fn clone(&self) -> Self {
            thalweg::random();
            Self(self.0)
        }
    }

    #[entity(auto)]
    pub struct Gambler {
        #[key]
        id: u64,
        first: u64,
        last: Drawing,
    }

    #[entity]
    impl Gambler {
        pub fn new(id: u64) -> Self {
            Self { id, first: thalweg::random() % 1_000, last: Drawing(0) }
        }
        pub fn draw(&mut self) -> u64 {
            self.last = Drawing(thalweg::random() % 1_000);
            self.last.0
        }
        pub async fn play(&mut self, other: Ref<Gambler>) -> (u64, u64, u64, u64) {
            let (mine, theirs) = (self.draw(), other.draw().await);
            (self.first, mine, theirs, thalweg::random() % 1_000)
        }
    }

    #[entity(auto)]
    pub struct Stage {
        #[key]
        id: u64,
    }

    #[entity]
    impl Stage {
        pub fn new(id: u64) -> Self {
            Self { id }
        }
        pub fn boom(&mut self) -> u64 {
            panic!("first")
        }
    }
}

use crate::harness::show;
use cast::{Actor, Fragile, Gambler, Single, Stage};
use thalweg::oracle::Oracle;
use thalweg::prelude::*;
use thalweg::simulation::{Schedule, Simulation};
use thalweg::{Bound, Error};

fn app(workers: usize) -> App {
    App::new("workers").entity::<Actor>().entity::<Stage>().workers(workers)
}

fn simulate(workers: usize, seed: u64, epoch: usize) -> Simulation {
    app(workers).simulate(Schedule { seed, epoch }).expect("the program fits together")
}

fn actor(id: u64) -> Ref<Actor> {
    Actor::at(id)
}

/// Every request fails by its first panic, under whatever schedule.
#[track_caller]
fn fails_first<T: std::fmt::Debug + PartialEq>(
    submit: impl Fn(&Handle, u64) -> Result<thalweg::Reply<T>, Error>,
) {
    for seed in 0..40 {
        let mut simulation = simulate(3, seed, 4);
        let replies: Vec<_> = (0..12).map(|n| submit(simulation.handle(), n)).collect();
        simulation.run();
        for reply in replies {
            let reply = reply.and_then(|reply| reply.wait());
            assert_eq!(reply, Err(Error::Panicked { message: "first".into() }), "seed {seed}");
        }
    }
}

#[test]
fn the_first_failure_is_the_first_of_the_program() {
    fails_first(|app, n| app.submit(actor(n).duel(Stage::at(n + 1), actor(n + 2), actor(n + 5))));
}

#[test]
fn the_first_one_way_call_that_fails_is_why() {
    fails_first(|app, n| app.submit(actor(n).shout_twice(actor(n + 2), actor(n + 5))));
}

#[test]
fn chance_depends_neither_on_workers_nor_on_copies() {
    for workers in [1, 2, 3, 4] {
        let app = App::new("gamblers").entity::<Gambler>().workers(workers);
        let mut simulation = app.simulate(Schedule { seed: 1, epoch: 5 }).expect("the program fits together");
        let mut oracle = Oracle::new();
        let calls = || (0..40).map(|n| Gambler::at(n % 7).play(Gambler::at(n * 3 % 11)));
        let replies: Vec<_> = calls().map(|call| simulation.handle().submit(call)).collect();
        simulation.run();
        for (call, reply) in calls().zip(replies) {
            let reply = reply.and_then(|reply| reply.wait());
            assert_eq!(reply, oracle.call(call), "{workers} workers");
        }
        assert_eq!(simulation.inspect(), Ok(oracle.inspect()), "{workers} workers");
    }
}

#[test]
fn what_is_sent_one_way_is_there_for_whoever_comes_another_way() {
    for seed in 0..60 {
        let (mut simulation, mut oracle) = (simulate(4, seed, 3), Oracle::new());
        let calls = || (0..20).map(|n| (n % 3, 9 + (n * 7 + 1) % 5, 14 + (n * 3 + 2) % 7));
        let owner = |id: u64| Ref::owner(&actor(id), 4);
        let apart = calls().map(|(id, a, b)| [owner(id), owner(a), owner(b)]);
        assert!(apart.filter(|[id, a, b]| id != a && a != b && id != b).count() > 5, "there is another way");
        let replies: Vec<_> = calls()
            .map(|(id, a, b)| simulation.handle().submit(actor(id).send_and_see(actor(a), actor(b))))
            .collect();
        simulation.run();
        for ((id, a, b), reply) in calls().zip(replies) {
            let expected = oracle.call(actor(id).send_and_see(actor(a), actor(b)));
            assert_eq!(reply.and_then(|reply| reply.wait()), expected, "seed {seed}");
        }
        assert_eq!(simulation.inspect(), Ok(oracle.inspect()));
    }
}

#[test]
fn no_code_of_a_caller_runs_before_a_guard_has_spoken() {
    for workers in [1, 2, 4] {
        let app = app(workers).start().expect("the program starts");
        for (a, b) in [(1, 2), (2, 3), (3, 5), (5, 8)] {
            let reply = app.call_blocking(actor(a).guarded(actor(a), actor(b), u64::MAX));
            assert!(matches!(reply, Err(Error::Panicked { .. })), "{reply:?}");
        }
        app.stop().expect("the program stops");
    }
}

#[test]
fn an_epoch_of_wrong_guesses_ends() {
    for workers in [1, 2, 4] {
        let mut simulation = simulate(workers, 1, 400);
        let calls = (1..=300).map(|i| actor(i).chain(actor(9_999), i));
        let replies = simulation.handle().submit_all(calls).expect("room for all of them");
        simulation.run();
        let replies = replies.wait().expect("answers");
        assert!(replies.iter().all(|reply| *reply == Ok(true)), "{workers} workers");
        let undone: u64 = simulation.handle().method_counts().iter().map(|method| method.undone).sum();
        assert!(undone <= 300 * 4, "{workers} workers: {undone} transactions were undone");
    }
}

#[test]
fn dynamic_transactions_are_counted_with_the_reason() {
    let mut simulation = simulate(4, 3, 50);
    let calls: Vec<_> =
        (0..40).map(|n| simulation.handle().submit(actor(n % 8).follow(n % 3, Fragile(false)))).collect();
    let paid: Vec<_> = (0..40).map(|n| simulation.handle().submit(actor(n).pay(actor(n + 1), 1))).collect();
    simulation.run();
    assert!(calls.into_iter().all(|reply| reply.and_then(|reply| reply.wait()).is_ok()));
    assert!(paid.into_iter().all(|reply| reply.and_then(|reply| reply.wait()).is_ok()));
    let counts = simulation.handle().method_counts();
    let of = |name: &str| counts.iter().find(|count| count.method.1 == name).expect("it was called");
    let (follow, pay) = (of("follow"), of("pay"));
    assert_eq!((follow.committed, follow.scouted, follow.planned), (40, 40, 0));
    assert!(follow.reasons.iter().any(|reason| reason.contains("workers.rs:")), "{:?}", follow.reasons);
    assert_eq!((pay.committed, pay.scouted, pay.planned, pay.tail), (40, 0, 40, 0));
    assert!(pay.reasons.is_empty());
}

#[test]
fn arguments_that_cannot_be_copied_run_once() {
    for (workers, seed) in [(1, 0), (2, 1), (3, 2), (4, 3)] {
        let (mut simulation, mut oracle) = (simulate(workers, seed, 7), Oracle::new());
        let calls: Vec<_> = (0..30)
            .map(|n| {
                let once = simulation.handle().submit(actor(n % 4).follow_once(Single(n as i64 % 5)));
                (n, once, simulation.handle().submit(actor(n % 4).follow(n % 3, Fragile(false))))
            })
            .collect();
        simulation.run();
        for (n, once, more) in calls {
            let expected = oracle.call(actor(n % 4).follow_once(Single(n as i64 % 5)));
            assert_eq!(once.and_then(|reply| reply.wait()), expected, "{workers} workers");
            let expected = oracle.call(actor(n % 4).follow(n % 3, Fragile(false)));
            assert_eq!(more.and_then(|reply| reply.wait()), expected, "{workers} workers");
        }
        let counts = simulation.handle().method_counts();
        let once = counts.iter().find(|count| count.method.1 == "follow_once").expect("it was called");
        let told = once.reasons.iter().any(|reason| reason.contains("let them be `Clone`"));
        assert_eq!(told, workers > 1, "{:?}", once.reasons);
        assert_eq!(simulation.inspect(), Ok(oracle.inspect()));
    }
}

#[test]
fn a_result_that_panics_when_it_is_dropped_ends_no_worker() {
    for workers in [1, 2, 4] {
        let mut simulation = simulate(workers, 1, 7);
        // Nobody waits for these results, so the workers drop them: here, in this thread.
        drop(simulation.handle().submit_all((0..20).map(|n| actor(n).armed())));
        drop(simulation.handle().submit(actor(1).armed()));
        let more: Vec<_> = (0..20).map(|n| simulation.handle().submit(actor(n).n())).collect();
        simulation.run();
        for reply in more {
            assert_eq!(reply.and_then(|reply| reply.wait()), Ok(0), "{workers} workers");
        }
    }
}

#[test]
fn a_panic_in_code_between_transactions_ends_no_worker() {
    for workers in [1, 2, 4] {
        let app = app(workers).start().expect("the program starts");
        let copied = app.call_blocking(actor(1).follow(1, Fragile(true)));
        let fine = matches!(&copied, Ok(_) | Err(Error::Panicked { .. }));
        assert!(fine, "{workers} workers: {}", show(copied));
        for id in 0..20 {
            assert!(app.call_blocking(actor(id).n()).is_ok(), "{workers} workers");
        }
        app.stop().expect("the program stops");
    }
}

#[test]
fn batches_answer_each_call_in_order() {
    for workers in [1, 2, 4] {
        let app = app(workers).queue(64).start().expect("the program starts");
        let calls = || (0..50).map(|n| actor(n % 7).pay(actor(n % 5), n));
        let replies = app.submit_all_waiting(calls()).expect("room").wait().expect("answers");
        assert_eq!(replies.len(), 50);
        assert!(replies.iter().all(Result::is_ok));
        assert_eq!(app.submit_all(calls().take(0)).expect("room").wait(), Ok(vec![]));
        let too_many = app.submit_all_waiting((0..65).map(|n| actor(n).n())).map(drop);
        let expected =
            |error: &Error| matches!(error, Error::Overloaded { capacity: 64, full: Bound::Requests, .. });
        assert!(too_many.as_ref().is_err_and(expected), "{too_many:?}");
        let mut oracle = Oracle::new();
        calls().for_each(|call| oracle.call(call).expect("it pays"));
        assert_eq!(app.inspect(), Ok(oracle.inspect()), "{workers} workers");
        app.stop().expect("the program stops");
        assert_eq!(app.submit_all(calls()).map(drop), Err(Error::Stopped));
    }
}
