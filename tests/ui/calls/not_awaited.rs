//! A call that is neither awaited nor sent does nothing.
#![deny(warnings)]
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

    pub async fn give(&mut self, to: Ref<Account>) {
        to.add(1);
    }
}

fn main() {}
