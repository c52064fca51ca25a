//! The conditions on orders: their numbers, their lines, and their delivery.

use super::{Verdict, equal, sums};
use crate::tpcc::entities::{DistrictKey, Order};
use crate::tpcc::state::State;
use std::collections::{BTreeMap, BTreeSet};
use thalweg::Ref;

/// Condition 2: D_NEXT_O_ID − 1 is the greatest O_ID and, where orders wait, the greatest NO_O_ID.
pub fn next_number_follows_the_greatest(state: &State) -> Verdict {
    let orders = state.orders_of();
    for district in &state.districts {
        let last = Some(district.next.saturating_sub(1));
        let ordered = orders.get(&district.key).and_then(|orders| orders.iter().map(|o| o.number).max());
        let waiting = district.waiting.keys().copied().max();
        if ordered != last || waiting.is_some_and(|waiting| Some(waiting) != last) {
            let key = district.key;
            return Err(format!(
                "{key:?}: D_NEXT_O_ID - 1 is {last:?}, O_ID goes to {ordered:?}, NO_O_ID to {waiting:?}"
            ));
        }
    }
    Ok(())
}

/// Condition 3: from the least NO_O_ID to the greatest there are as many numbers as orders that wait.
pub fn waiting_numbers_have_no_gap(state: &State) -> Verdict {
    for district in &state.districts {
        let numbers: Vec<u32> = district.waiting.keys().copied().collect();
        let (least, greatest) = (numbers.iter().min(), numbers.iter().max());
        if let (Some(least), Some(greatest)) = (least, greatest)
            && (greatest - least) as usize + 1 != numbers.len()
        {
            let (key, count) = (district.key, numbers.len());
            return Err(format!("{key:?}: NO_O_ID goes from {least} to {greatest}, but {count} orders wait"));
        }
    }
    Ok(())
}

/// Condition 4: the sum of O_OL_CNT is the count of order lines.
pub fn district_has_all_lines(state: &State) -> Verdict {
    let counts = sums(state.orders.iter().map(|order| (district(order), i64::from(order.count))));
    let lines = sums(state.orders.iter().map(|order| (district(order), order.lines.len() as i64)));
    equal(("the sum of O_OL_CNT", &counts), ("the count of lines", &lines))
}

/// Condition 5: an order has no carrier exactly while it waits.
pub fn waits_while_it_has_no_carrier(state: &State) -> Verdict {
    let open = state.orders.iter().filter(|order| order.carrier.is_none());
    let open: BTreeSet<_> = open.map(|order| (district(order), order.number, order.key.2)).collect();
    let waiting = state.districts.iter().flat_map(|district| {
        district.waiting.iter().map(|(number, ticket)| (district.key, *number, *ticket))
    });
    let waiting: BTreeSet<_> = waiting.collect();
    match open.symmetric_difference(&waiting).next() {
        Some((key, number, _)) if open.len() > waiting.len() => {
            Err(format!("{key:?}: order {number} has no carrier and does not wait"))
        }
        Some((key, number, _)) => {
            Err(format!("{key:?}: order {number} waits and has a carrier, or is not there"))
        }
        None => Ok(()),
    }
}

/// Condition 6: O_OL_CNT is the count of the order's lines.
pub fn order_has_all_lines(state: &State) -> Verdict {
    let counts = sums(state.orders.iter().map(|order| (order.key, i64::from(order.count))));
    let lines = sums(state.orders.iter().map(|order| (order.key, order.lines.len() as i64)));
    equal(("O_OL_CNT", &counts), ("the count of lines", &lines))
}

/// Condition 7: a line has no OL_DELIVERY_D exactly while its order has no carrier.
pub fn lines_are_delivered_with_their_order(state: &State) -> Verdict {
    let differs =
        |order: &&Order| order.lines.iter().any(|line| line.delivered.is_some() != order.carrier.is_some());
    match state.orders.iter().find(differs) {
        Some(order) => Err(format!("{:?}: carrier {:?}, lines say otherwise", order.key, order.carrier)),
        None => Ok(()),
    }
}

/// Condition 11: the orders less those that wait are those delivered before the beginning (2,100 of a district at
/// full size) and since; the latter is what the customers count in C_DELIVERY_CNT.
pub fn delivered_is_what_does_not_wait(state: &State) -> Verdict {
    let mut settled = sums(state.orders.iter().map(|order| (district(order), 1)));
    for district in &state.districts {
        *settled.entry(district.key).or_default() -= district.waiting.len() as i64;
    }
    let key = |(warehouse, district, _)| (warehouse, district);
    let mut delivered = sums(state.customers.iter().map(|c| (key(c.key), i64::from(c.deliveries))));
    delivered.values_mut().for_each(|count| *count += i64::from(state.scale.delivered()));
    equal(("orders less those that wait", &settled), ("what was delivered", &delivered))
}

/// Every order and payment asked for is there, except the orders with an unused item, of which nothing is.
pub fn requests_are_there_or_rolled_back(state: &State) -> Verdict {
    let loaded = state.scale.loaded_orders().count() as u64;
    let (orders, payments) = state.asked;
    let right = (loaded + orders - state.unused, loaded + payments);
    let found = (state.orders.len() as u64, state.histories.len() as u64);
    if found != right {
        return Err(format!("there are {found:?} orders and payments, not {right:?}"));
    }
    Ok(())
}

/// O_ID is 1 to D_NEXT_O_ID − 1, each once: a rolled back order uses no number.
pub fn numbers_have_no_gap(state: &State) -> Verdict {
    for (key, orders) in state.orders_of() {
        let mut numbers: Vec<u32> = orders.iter().map(|order| order.number).collect();
        numbers.sort_unstable();
        if let Some((expected, number)) = (1..).zip(numbers).find(|(expected, number)| expected != number) {
            return Err(format!("{key:?}: order {number} stands where {expected} should"));
        }
    }
    Ok(())
}

/// What OrderStatus shows is the customer's order with the greatest O_ID.
pub fn customers_know_their_last_order(state: &State) -> Verdict {
    let mut last: BTreeMap<_, &Order> = BTreeMap::new();
    for order in &state.orders {
        let known = last.entry(*Ref::key(&order.customer)).or_insert(order);
        if known.number < order.number {
            *known = order;
        }
    }
    for customer in &state.customers {
        let right = last.get(&customer.key).map(|order| order.key);
        if right != Some(*Ref::key(&customer.last_order)) {
            let known = &customer.last_order;
            return Err(format!("customer {:?} knows {known:?}, the last is {right:?}", customer.key));
        }
    }
    Ok(())
}

fn district(order: &Order) -> DistrictKey {
    (order.key.0, order.key.1)
}
