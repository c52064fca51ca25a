//! The conditions that follow the money.

use super::{Verdict, equal, sums};
use crate::tpcc::entities::CustomerKey;
use crate::tpcc::state::State;
use std::collections::BTreeMap;

/// Condition 1: W_YTD is the sum of D_YTD.
pub fn warehouse_is_sum_of_districts(state: &State) -> Verdict {
    let districts = sums(state.districts.iter().map(|district| (district.key.0, district.ytd)));
    equal(("W_YTD", &warehouses(state)), ("the sum of D_YTD", &districts))
}

/// Condition 8: W_YTD is the sum of H_AMOUNT.
pub fn warehouse_is_sum_of_history(state: &State) -> Verdict {
    let history = sums(state.histories.iter().map(|payment| (payment.district.0, payment.amount)));
    equal(("W_YTD", &warehouses(state)), ("the sum of H_AMOUNT", &history))
}

/// Condition 9: D_YTD is the sum of H_AMOUNT.
pub fn district_is_sum_of_history(state: &State) -> Verdict {
    let districts = sums(state.districts.iter().map(|district| (district.key, district.ytd)));
    let history = sums(state.histories.iter().map(|payment| (payment.district, payment.amount)));
    equal(("D_YTD", &districts), ("the sum of H_AMOUNT", &history))
}

/// Condition 10: C_BALANCE is the sum of OL_AMOUNT of delivered lines less that of H_AMOUNT.
pub fn balance_is_delivered_less_paid(state: &State) -> Verdict {
    let balances = sums(state.customers.iter().map(|customer| (customer.key, customer.balance)));
    let mut owed = delivered(state);
    for payment in &state.histories {
        *owed.entry(payment.customer).or_default() -= payment.amount;
    }
    equal(("C_BALANCE", &balances), ("delivered OL_AMOUNT less H_AMOUNT", &owed))
}

/// Condition 12: C_BALANCE and C_YTD_PAYMENT are together the sum of OL_AMOUNT of delivered lines.
pub fn balance_and_payments_are_delivered(state: &State) -> Verdict {
    let both = state.customers.iter().map(|customer| (customer.key, customer.balance + customer.paid));
    equal(("C_BALANCE + C_YTD_PAYMENT", &sums(both)), ("delivered OL_AMOUNT", &delivered(state)))
}

fn warehouses(state: &State) -> BTreeMap<u32, i64> {
    sums(state.warehouses.iter().map(|warehouse| (warehouse.id, warehouse.ytd)))
}

/// What was delivered to each customer, in money.
fn delivered(state: &State) -> BTreeMap<CustomerKey, i64> {
    let of_order = state.orders.iter().map(|order| {
        let lines = order.lines.iter().filter(|line| line.delivered.is_some());
        (*thalweg::Ref::key(&order.customer), lines.map(|line| line.amount).sum())
    });
    sums(of_order)
}
