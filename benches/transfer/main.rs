//! Transfers between 100,000 accounts: (a) a plain loop over std's `HashMap`, (c) the entity program, in turn in one run.
//!
//! `cargo bench --bench transfer`. The figures are medians of five rounds; the ratio is of one run and so comparable
//! on a noisy machine. Every transfer of (c) is a transaction with a reply of its own.
#![allow(clippy::disallowed_methods)]
use std::collections::HashMap;
use std::time::Instant;
use thalweg::prelude::*;

const ACCOUNTS: u64 = 100_000;
const TRANSFERS: u64 = 500_000;
const OPENING: i64 = 1_000_000;
const ROUNDS: usize = 5;

#[entity(auto)]
struct Account {
    #[key]
    id: u64,
    balance: i64,
}

#[entity]
impl Account {
    pub fn new(id: u64) -> Self {
        Self { id, balance: OPENING }
    }
    pub fn balance(&self) -> i64 {
        self.balance
    }
    pub fn deposit(&mut self, amount: i64) {
        self.balance += amount;
    }
    pub async fn transfer(&mut self, to: Ref<Account>, amount: i64) -> Result<(), i64> {
        if self.balance < amount {
            return Err(self.balance);
        }
        self.balance -= amount;
        to.deposit(amount).await;
        Ok(())
    }
}

/// Two different accounts, the same for every subject.
fn pair(number: u64) -> (u64, u64) {
    let mixed = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let from = (mixed >> 33) % ACCOUNTS;
    let to = (from + 1 + (mixed & 0xffff_ffff) % (ACCOUNTS - 1)) % ACCOUNTS;
    (from, to)
}

fn plain() -> f64 {
    let mut accounts: HashMap<u64, i64> = (0..ACCOUNTS).map(|id| (id, OPENING)).collect();
    let start = Instant::now();
    let mut refused = 0;
    for number in 0..TRANSFERS {
        let (from, to) = pair(number);
        match accounts.get_mut(&from) {
            Some(balance) if *balance >= 1 => *balance -= 1,
            _ => {
                refused += 1;
                continue;
            }
        }
        *accounts.entry(to).or_default() += 1;
    }
    let rate = TRANSFERS as f64 / start.elapsed().as_secs_f64();
    assert_eq!(accounts.values().sum::<i64>(), ACCOUNTS as i64 * OPENING);
    assert_eq!(refused, 0);
    rate
}

fn entities() -> thalweg::Result<f64> {
    let app = App::new("transfer").entity::<Account>().queue(1 << 20).start()?;
    for id in 0..ACCOUNTS {
        drop(app.submit(Account::at(id).balance())?);
    }
    app.call_blocking(Account::at(0).balance())?;
    let start = Instant::now();
    let mut replies = Vec::with_capacity(TRANSFERS as usize);
    for number in 0..TRANSFERS {
        let (from, to) = pair(number);
        replies.push(app.submit_waiting(Account::at(from).transfer(Account::at(to), 1))?);
    }
    for reply in replies {
        assert_eq!(reply.wait()?, Ok(()));
    }
    let rate = TRANSFERS as f64 / start.elapsed().as_secs_f64();
    let total: i64 = match app.inspect()?["Account"].as_object() {
        Some(accounts) => accounts.values().filter_map(|account| account["balance"].as_i64()).sum(),
        None => 0,
    };
    assert_eq!(total, ACCOUNTS as i64 * OPENING);
    Ok(rate)
}

fn main() -> thalweg::Result {
    let (mut plains, mut ones) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        plains.push(plain());
        ones.push(entities()?);
    }
    let median = |rates: &mut Vec<f64>| {
        rates.sort_by(f64::total_cmp);
        rates[rates.len() / 2]
    };
    let (a, c) = (median(&mut plains), median(&mut ones));
    println!("(a) plain HashMap           {:>8.2} M/s", a / 1e6);
    println!("(c) entities, one worker    {:>8.2} M/s   {:.3} of (a)", c / 1e6, c / a);
    Ok(())
}
