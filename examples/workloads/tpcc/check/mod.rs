//! What must hold in every state between two transactions: the consistency conditions of clause 3.3.2, and more.
//!
//! The sums and counts of one condition are taken from different entities, which a transaction writes one after the
//! other; half of a transaction breaks one of them.

mod money;
mod orders;
mod stocks;

use super::state::State;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

/// What is compared, or why it cannot be.
pub type Verdict = Result<(), String>;

/// A name, and what must hold.
pub type Condition = (&'static str, fn(&State) -> Verdict);

/// All of them, the twelve of the specification first.
pub const CONDITIONS: [Condition; 16] = [
    ("1 (clause 3.3.2.1)", money::warehouse_is_sum_of_districts),
    ("2 (clause 3.3.2.2)", orders::next_number_follows_the_greatest),
    ("3 (clause 3.3.2.3)", orders::waiting_numbers_have_no_gap),
    ("4 (clause 3.3.2.4)", orders::district_has_all_lines),
    ("5 (clause 3.3.2.5)", orders::waits_while_it_has_no_carrier),
    ("6 (clause 3.3.2.6)", orders::order_has_all_lines),
    ("7 (clause 3.3.2.7)", orders::lines_are_delivered_with_their_order),
    ("8 (clause 3.3.2.8)", money::warehouse_is_sum_of_history),
    ("9 (clause 3.3.2.9)", money::district_is_sum_of_history),
    ("10 (clause 3.3.2.10)", money::balance_is_delivered_less_paid),
    ("11 (clause 3.3.2.11)", orders::delivered_is_what_does_not_wait),
    ("12 (clause 3.3.2.12)", money::balance_and_payments_are_delivered),
    ("that requests are there or rolled back", orders::requests_are_there_or_rolled_back),
    ("that stocks were taken by orders", stocks::taken_by_orders),
    ("that numbers of orders have no gap", orders::numbers_have_no_gap),
    ("that customers know their last order", orders::customers_know_their_last_order),
];

/// All conditions; the error names the first that is broken.
pub fn check(state: &State) -> Verdict {
    if state.warehouses.len() as u64 != u64::from(state.scale.warehouses) {
        return Err(format!(
            "there are {} warehouses, not {}",
            state.warehouses.len(),
            state.scale.warehouses
        ));
    }
    CONDITIONS.iter().try_for_each(|(name, condition)| {
        condition(state).map_err(|text| format!("condition {name} is broken: {text}"))
    })
}

/// Adds up by key.
fn sums<K: Ord>(entries: impl Iterator<Item = (K, i64)>) -> BTreeMap<K, i64> {
    let mut sums = BTreeMap::new();
    entries.for_each(|(key, value)| *sums.entry(key).or_default() += value);
    sums
}

/// Compares two columns by key; what is not there is zero.
fn equal<K: Ord + Debug>(
    (left_name, left): (&str, &BTreeMap<K, i64>),
    (right_name, right): (&str, &BTreeMap<K, i64>),
) -> Verdict {
    let keys: BTreeSet<&K> = left.keys().chain(right.keys()).collect();
    for key in keys {
        let [a, b] = [left, right].map(|side| side.get(key).copied().unwrap_or_default());
        if a != b {
            return Err(format!("{key:?}: {left_name} is {a}, {right_name} is {b}"));
        }
    }
    Ok(())
}
