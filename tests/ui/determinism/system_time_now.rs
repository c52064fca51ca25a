//! The calendar of the machine.
use thalweg::prelude::*;

use std::time::SystemTime;

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

    pub async fn age(&self, other: Ref<Account>) -> i64 {
        let x = other.add(1).await;
        let start = SystemTime::now();
        drop(start);
        x
    }
}

fn main() {}
