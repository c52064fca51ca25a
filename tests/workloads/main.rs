//! The workloads of `examples/workloads/`, small, at 1 to 4 workers, also in groups and with drawn homes: all answers and the entities at the end must be
//! what the workload's book says. Nothing here depends on how long anything takes.

#[path = "../../examples/workloads/workload.rs"]
mod workload;
#[path = "../../examples/workloads/draw.rs"]
mod draw;
#[path = "../../examples/workloads/answers.rs"]
mod answers;
#[path = "../../examples/workloads/ycsb.rs"]
mod ycsb;
#[path = "../../examples/workloads/smallbank/mod.rs"]
mod smallbank;
#[path = "../../examples/workloads/hotel/mod.rs"]
mod hotel;
#[path = "../../examples/workloads/movie/mod.rs"]
mod movie;
#[path = "../../examples/workloads/tpcc/mod.rs"]
#[allow(dead_code, reason = "the example uses more of it")]
mod tpcc;
mod company;
mod kind;
mod plans;

use thalweg::prelude::*;
use workload::{Outcome, Workload};

const IN_FLIGHT: usize = 50;

/// Workers and groups, and what homes are drawn from.
type Place = (usize, usize, Option<u64>);

/// All lent, all shipped, and some of both.
const PLACES: [Place; 7] = [
    (1, 1, None),
    (2, 1, None),
    (4, 1, None),
    (2, 2, None),
    (3, 1, Some(5)),
    (3, 2, Some(8)),
    (4, 2, Some(3)),
];

/// How a workload is placed.
fn placed(app: App, (workers, groups, homes): Place) -> App {
    let app = app.workers(workers).groups(groups);
    if let Some(seed) = homes { app.draw_homes(seed) } else { app }
}

/// Runs a workload in several places; returns how many requests were refused, which must be the same in all.
fn run<W: Workload>(requests: usize, make: impl Fn() -> W) -> usize {
    let refused: Vec<usize> = PLACES
        .into_iter()
        .map(|place| {
            let mut workload = make();
            let app = placed(workload.register(App::new(workload.name())), place).start();
            let app = app.expect("the program starts");
            load(&mut workload, &app);
            let refused = send(&mut workload, &app, requests);
            workload.check(&app).unwrap_or_else(|error| panic!("workers, groups, homes {place:?}: {error}"));
            app.stop().expect("the program stops");
            refused
        })
        .collect();
    assert!(refused.iter().all(|n| *n == refused[0]), "refused in {PLACES:?}: {refused:?}");
    refused[0]
}

fn load(workload: &mut impl Workload, app: &Handle) {
    workload::wait(workload.load(app).expect("places for the initial data")).expect("the initial data");
}

fn send(workload: &mut impl Workload, app: &Handle, requests: usize) -> usize {
    let mut outcomes = Vec::new();
    for sent in (0..requests).step_by(IN_FLIGHT) {
        let batch = IN_FLIGHT.min(requests - sent);
        let pending: Vec<_> = (0..batch).map(|_| workload.next(app).expect("a place")).collect();
        outcomes.extend(pending.into_iter().map(|pending| pending().expect("an answer")));
    }
    outcomes.iter().filter(|outcome| **outcome == Outcome::Refused).count()
}

#[test]
fn ycsb() {
    for theta in [0.0, 0.99] {
        let refused = run(2_000, || {
            ycsb::Ycsb::new(ycsb::ACCOUNTS / 100, ycsb::OPENING, theta, 7).expect("a workload")
        });
        assert_eq!(refused, 0, "there is money enough");
    }
}

#[test]
fn ycsb_with_poor_accounts() {
    let refused = run(2_000, || ycsb::Ycsb::new(50, 3, 0.9, 7).expect("a workload"));
    assert!(refused > 100, "most accounts have soon nothing left: {refused}");
}

#[test]
fn smallbank() {
    for hot_percent in [0, 50, 90] {
        let refused = run(2_000, || {
            smallbank::Smallbank::new(smallbank::CUSTOMERS / 100, hot_percent, None, 7).expect("a workload")
        });
        assert!(refused > 0, "who was amalgamated has nothing to send: {refused}");
    }
}

#[test]
fn smallbank_to_many() {
    for n in [4, 16, 64] {
        run(300, || smallbank::Smallbank::new(200, 50, Some(n), 7).expect("a workload"));
    }
}

#[test]
fn hotel() {
    let refused = run(2_000, || hotel::Travel::new(hotel::HOTELS, None, false, 7));
    assert_eq!(refused, 0, "there are rooms enough");
}

#[test]
fn hotel_with_little_room() {
    let refused = run(500, || hotel::Travel::new(20, Some(10), true, 7));
    assert!((300..500).contains(&refused), "200 rooms and 200 seats run out, not all at once: {refused}");
}

#[test]
fn movie() {
    let refused = run(500, || movie::Reviews::new(movie::TITLES / 10, 7));
    assert_eq!(refused, 0, "a review is never refused");
}

/// A check that finds nothing would find nothing here either.
#[test]
fn a_broken_invariant_is_found() {
    let mut workload = ycsb::Ycsb::new(10, 100, 0.0, 7).expect("a workload");
    let app = workload.register(App::new("ycsb")).start().expect("the program starts");
    load(&mut workload, &app);
    send(&mut workload, &app, 20);
    app.call_blocking(ycsb::Account::at(3).add(1)).expect("an answer");
    let error = workload.check(&app).expect_err("one too much").to_string();
    assert!(error.contains("the sum of all accounts"), "{error}");
    app.call_blocking(ycsb::Account::at(4).add(-1)).expect("an answer");
    let error = workload.check(&app).expect_err("one in the wrong place").to_string();
    assert!(error.contains("account 3"), "{error}");
    app.stop().expect("the program stops");
}

#[test]
fn item_0_is_the_most_popular() {
    let shares = |theta: f64| -> Vec<f64> {
        let (popularity, mut draw) =
            (draw::Popularity::new(100, theta).expect("a popularity"), draw::Draw::new(7));
        let mut counts = vec![0.0; 100];
        (0..100_000).for_each(|_| counts[popularity.item(&mut draw) as usize] += 1.0 / 100_000.0);
        counts
    };
    for theta in [0.0_f64, 0.5, 0.99, 1.5] {
        let sum: f64 = (1..=100).map(|rank| f64::from(rank).powf(-theta)).sum();
        for (rank, share) in (1..).zip(shares(theta)) {
            let right = f64::from(rank).powf(-theta) / sum;
            assert!((share - right).abs() < 0.005, "theta {theta}, rank {rank}: {share}, not {right}");
        }
    }
}
