//! A closure that has borrowed `self` used after a call.
use thalweg::prelude::*;

#[entity]
pub struct Account {
    #[key]
    id: u64,
    balance: i64,
}

#[entity]
impl Account {
    pub fn open(id: u64) -> Self {
        Self { id, balance: 0 }
    }

    pub fn add(&mut self, amount: i64) -> i64 {
        self.balance += amount;
        self.balance
    }

    pub async fn more(&self, other: Ref<Account>) -> bool {
        let more = |x: i64| x > self.balance;
        let x = other.add(1).await;
        more(x)
    }
}

fn main() {}
