//! What the specification does not ask for: a rolled back order leaves no trace at any stock.

use super::{Verdict, equal, sums};
use crate::tpcc::entities::{Line, Order};
use crate::tpcc::state::State;

/// S_YTD, S_ORDER_CNT and S_REMOTE_CNT are what the orders since the beginning say.
pub fn taken_by_orders(state: &State) -> Verdict {
    // The initial orders took nothing.
    let since = state.orders.iter().filter(|order| order.number > state.scale.customers);
    let lines: Vec<(&Order, &Line)> =
        since.flat_map(|order| order.lines.iter().map(move |line| (order, line))).collect();
    let of_lines = |count: fn(&Order, &Line) -> u32| {
        sums(lines.iter().map(|(order, line)| ((line.supply, line.item), count(order, line).into())))
    };
    let of_stocks = |count: &dyn Fn(&crate::tpcc::entities::Stock) -> u32| {
        sums(state.stocks.iter().map(|stock| (stock.key, count(stock).into())))
    };
    let remote = |order: &Order, line: &Line| u32::from(line.supply != order.key.0);
    equal(("S_YTD", &of_stocks(&|s| s.ytd)), ("the sum of OL_QUANTITY", &of_lines(|_, line| line.quantity)))?;
    equal(("S_ORDER_CNT", &of_stocks(&|s| s.orders)), ("the count of lines", &of_lines(|_, _| 1)))?;
    equal(
        ("S_REMOTE_CNT", &of_stocks(&|s| s.remote_orders)),
        ("the count of remote lines", &of_lines(remote)),
    )
}
