//! Whether the dataflow does what its head says, on accounts so poor that many transfers are refused.
use super::client::EPOCH;
use super::legs::DELAY;
use super::run;
use crate::input::{Input, Kind, owner};
use std::collections::VecDeque;

/// The guarantee as a loop: credits of the epoch `DELAY` before, then debits, both in input order.
fn expected(input: &Input) -> (Vec<i64>, u64) {
    let mut accounts = vec![input.opening; input.accounts as usize];
    let mut travelling: VecDeque<Vec<u64>> = (0..DELAY).map(|_| Vec::new()).collect();
    let mut refused = 0;
    for epoch in input.transfers.chunks(EPOCH) {
        for to in travelling.pop_front().into_iter().flatten() {
            accounts[to as usize] += 1;
        }
        let mut sent = Vec::new();
        for (from, to) in epoch {
            let balance = &mut accounts[*from as usize];
            if *balance >= 1 {
                *balance -= 1;
                sent.push(*to);
            } else {
                refused += 1;
            }
        }
        travelling.push_back(sent);
    }
    travelling.into_iter().flatten().for_each(|to| accounts[to as usize] += 1);
    (accounts, refused)
}

/// Compares the final balances and the refusals with [`expected`].
///
/// # Panics
/// When they differ.
pub fn check() {
    for (kind, workers) in [(Kind::Uniform, 1), (Kind::Zipf, 2), (Kind::Uniform, 2), (Kind::Zipf, 3)] {
        let input = Input { opening: 3, ..Input::new(kind, 10 * EPOCH + 77, 10_000, workers, owner) };
        let (balances, refused) = expected(&input);
        let outcome = run(workers, &input);
        assert!(refused > 0, "the accounts are too rich for this check");
        assert_eq!(outcome.refused, refused, "refusals with {workers} workers");
        assert!(outcome.balances() == balances, "balances with {workers} workers");
    }
}
