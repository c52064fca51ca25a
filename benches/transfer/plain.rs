//! Subject (a): one loop over std's `HashMap`, as anybody would write it without a system around it.
use crate::input::Input;
use std::collections::HashMap;
use std::time::Instant;

/// Transfers per second.
pub fn plain(input: &Input) -> f64 {
    let mut accounts: HashMap<u64, i64> = (0..input.accounts).map(|id| (id, input.opening)).collect();
    let start = Instant::now();
    let mut refused = 0;
    for (from, to) in input.transfers.iter() {
        match accounts.get_mut(from) {
            Some(balance) if *balance >= 1 => *balance -= 1,
            _ => {
                refused += 1;
                continue;
            }
        }
        *accounts.entry(*to).or_default() += 1;
    }
    let rate = input.transfers.len() as f64 / start.elapsed().as_secs_f64();
    assert_eq!(accounts.values().sum::<i64>(), input.sum());
    assert_eq!(refused, 0);
    rate
}
