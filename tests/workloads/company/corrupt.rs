//! Every condition finds what it is there for: one value is changed in a good state.

use super::{SEED, run, start, tiny};
use crate::tpcc::Tpcc;
use crate::tpcc::check::{CONDITIONS, check};
use crate::tpcc::entities::Order;
use crate::tpcc::state::State;

/// A name, and a change that breaks something.
type Corruption = (&'static str, fn(&mut State));

/// In the order of the conditions; each one breaks at least the condition in its place.
const CORRUPTIONS: [Corruption; CONDITIONS.len()] = [
    ("a warehouse got a cent that no district got", |state| state.warehouses[0].ytd += 1),
    ("a district skips a number", |state| state.districts[0].next += 1),
    ("an order in the middle of the queue is lost", |state| {
        let waiting = &mut state.districts[0].waiting;
        let second = *waiting.keys().nth(1).expect("some wait");
        waiting.remove(&second);
    }),
    ("an order counts a line too many", |state| state.orders[0].count += 1),
    ("an order that waits has a carrier", |state| open(state).carrier = Some(1)),
    ("an order loses a line", |state| drop(state.orders[0].lines.pop())),
    ("a line is delivered before its order", |state| open(state).lines[0].delivered = Some(0)),
    ("a payment is forgotten", |state| drop(state.histories.pop())),
    ("a payment is said to be of another district", |state| state.histories[0].district.1 ^= 3),
    ("a customer owes a cent too much", |state| state.customers[0].balance += 1),
    ("a delivery is not counted", |state| state.customers[0].deliveries += 1),
    ("a customer paid a cent too much", |state| state.customers[0].paid += 1),
    ("an order was not rolled back", |state| state.orders.push(state.orders[0].clone())),
    ("a stock lost one", |state| state.stocks[0].ytd += 1),
    ("an order has the number of another one", |state| open(state).number = 1),
    ("a customer knows another order", |state| {
        state.customers[0].last_order = state.customers[1].last_order.clone();
    }),
];

fn open(state: &mut State) -> &mut Order {
    state.orders.iter_mut().find(|order| order.carrier.is_none()).expect("an order waits")
}

fn good() -> State {
    run(&mut Tpcc::new(tiny(1), SEED), 200, (1, 1, None)).0
}

#[test]
fn every_condition_can_fail() {
    let good = good();
    for ((name, condition), (what, corrupt)) in CONDITIONS.iter().zip(CORRUPTIONS) {
        assert_eq!(condition(&good), Ok(()), "condition {name}");
        let mut state = good.clone();
        corrupt(&mut state);
        let error = condition(&state).expect_err(&format!("{what}: condition {name}"));
        assert!(!error.is_empty());
    }
}

#[test]
fn the_check_names_the_first_condition_that_is_broken() {
    let good = good();
    for (what, corrupt) in CORRUPTIONS {
        let mut state = good.clone();
        corrupt(&mut state);
        let error = check(&state).expect_err(what);
        let broken = CONDITIONS.iter().find(|(_, condition)| condition(&state).is_err());
        let (name, _) = broken.expect("a condition is broken");
        assert!(error.contains(name), "{what}: {error}");
    }
}

#[test]
fn an_empty_state_is_not_a_good_one() {
    let workload = Tpcc::new(tiny(1), SEED);
    let app = start(&workload, 1);
    let nothing = workload.state(&app).expect("there is nothing to read");
    assert!(check(&nothing).is_err());
    app.stop().expect("the program stops");
}
