//! A constructor cannot call.
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

    pub async fn open_like(id: u64, other: Ref<Account>) -> Self {
        let balance = other.add(0).await;
        Self { id, balance }
    }
}

fn main() {}
