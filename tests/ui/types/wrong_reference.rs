//! A reference to another entity.
use thalweg::prelude::*;

#[entity]
pub struct Ledger {
    #[key]
    id: u64,
}

#[entity]
impl Ledger {
    pub fn open(id: u64) -> Self {
        Self { id }
    }
}

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

    pub async fn give(&self, to: Ref<Account>) -> i64 {
        to.add(1).await
    }

    pub async fn mistake(&self, other: Ref<Account>, wrong: Ref<Ledger>) -> i64 {
        other.give(wrong).await
    }
}

fn main() {}
