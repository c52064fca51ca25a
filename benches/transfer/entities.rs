//! Subject (c): the entity program. Every transfer is a transaction with a reply of its own.
use crate::input::Input;
use std::time::Instant;
use thalweg::prelude::*;

#[entity(auto)]
struct Account {
    #[key]
    id: u64,
    balance: i64,
}

#[entity]
impl Account {
    pub fn new(id: u64) -> Self {
        Self { id, balance: 0 }
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

/// Transfers per second.
pub fn entities(workers: usize, input: &Input) -> thalweg::Result<f64> {
    let app = App::new("transfer").entity::<Account>().workers(workers).queue(1 << 20).start()?;
    for id in 0..input.accounts {
        drop(app.submit_waiting(Account::at(id).deposit(input.opening))?);
    }
    app.call_blocking(Account::at(0).balance())?;
    let start = Instant::now();
    let mut replies = Vec::with_capacity(input.transfers.len());
    for (from, to) in input.transfers.iter() {
        replies.push(app.submit_waiting(Account::at(*from).transfer(Account::at(*to), 1))?);
    }
    for reply in replies {
        assert_eq!(reply.wait()?, Ok(()));
    }
    let rate = input.transfers.len() as f64 / start.elapsed().as_secs_f64();
    let total: i64 = match app.inspect()?["Account"].as_object() {
        Some(accounts) => accounts.values().filter_map(|account| account["balance"].as_i64()).sum(),
        None => 0,
    };
    assert_eq!(total, input.sum());
    Ok(rate)
}
