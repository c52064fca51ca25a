//! TPC-C at a tiny size: what it does with any number of workers, that its checks find what is wrong, and which of
//! its transactions are planned before they run.

mod by_hand;
mod corrupt;
mod plans;

use crate::tpcc::Tpcc;
use crate::tpcc::scale::Scale;
use crate::tpcc::state::State;
use crate::workload::{Outcome, Workload};
use crate::{PLACES, Place, placed};
use thalweg::prelude::*;

const SEED: u64 = 11;

/// A hundredth of the customers and a thousandth of the items.
fn tiny(warehouses: u32) -> Scale {
    Scale { warehouses, districts: 10, customers: 30, items: 100 }
}

fn start(workload: &Tpcc, workers: usize) -> Handle {
    start_in(workload, (workers, 1, None))
}

fn start_in(workload: &Tpcc, place: Place) -> Handle {
    let app = placed(workload.register(App::new("tpcc")), place).seed(7).clock(|| 0);
    app.start().expect("the program starts")
}

/// Loads, runs, and gives the state, with how many requests were refused.
fn run(workload: &mut Tpcc, requests: usize, place: Place) -> (State, u64, String) {
    let app = start_in(workload, place);
    crate::load(workload, &app);
    workload.check(&app).expect("the conditions hold after loading");
    let pending: Vec<_> = (0..requests).map(|_| workload.next(&app).expect("a place in the queue")).collect();
    let answers = pending.into_iter().map(|answer| answer().expect("an answer"));
    let refused = answers.filter(|outcome| *outcome == Outcome::Refused).count() as u64;
    workload.check(&app).expect("the conditions hold after the run");
    let all = app.inspect().expect("the state can be read").to_string();
    let state = workload.state(&app).expect("the state is that of the entities");
    app.stop().expect("the program stops");
    (state, refused, all)
}

#[test]
fn the_conditions_hold_with_any_number_of_workers() {
    let mut states = vec![];
    for place in PLACES {
        let mut workload = Tpcc::new(tiny(3), SEED);
        let (state, refused, all) = run(&mut workload, 800, place);
        assert_eq!(refused, state.unused, "only an unused item is a reason to refuse");
        assert!(refused > 0, "the requests are not a good mixture");
        assert!(
            state.stocks.iter().any(|stock| stock.remote_orders > 0),
            "no order went to another warehouse"
        );
        assert!(state.customers.iter().any(|customer| customer.deliveries > 0), "nothing was delivered");
        states.push(all);
    }
    assert!(states.windows(2).all(|two| two[0] == two[1]), "where it runs makes a difference");
}

#[test]
fn the_conditions_hold_without_deliveries() {
    let mut workload = Tpcc::two_kinds(tiny(1), SEED);
    let (state, refused, _) = run(&mut workload, 800, (2, 1, None));
    assert_eq!(refused, state.unused);
    assert!(state.customers.iter().all(|customer| customer.deliveries == 0));
}

/// The queue of a district is emptied faster than it fills, and delivering nothing is no error.
#[test]
fn the_conditions_hold_when_no_order_waits() {
    let mut workload = Tpcc::new(Scale { customers: 6, ..tiny(1) }, SEED);
    let app = start(&workload, 1);
    crate::load(&mut workload, &app);
    for _ in 0..10 {
        let districts = (1..=10).map(|district| crate::tpcc::entities::District::at((1, district))).collect();
        let deliver = crate::tpcc::entities::Warehouse::at(1).deliver(districts, 3);
        app.call_blocking(deliver).expect("an answer");
    }
    workload.check(&app).expect("the conditions hold");
    app.stop().expect("the program stops");
}

/// A step of a transaction that is called alone is half of a transaction.
#[test]
fn half_of_a_payment_breaks_a_condition() {
    let mut workload = Tpcc::new(tiny(1), SEED);
    let app = start(&workload, 2);
    crate::load(&mut workload, &app);
    app.call_blocking(crate::tpcc::entities::District::at((1, 1)).receive(100)).expect("an answer");
    let error = workload.check(&app).expect_err("the money is nobody's").to_string();
    assert!(error.contains("condition 1 (clause 3.3.2.1)"), "{error}");
    app.stop().expect("the program stops");
}
