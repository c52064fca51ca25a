//! Chance that cannot be replayed.
use thalweg::prelude::*;

mod rand {
    pub fn random<T: Default>() -> T {
        T::default()
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

    pub fn roll(&self) -> i64 {
        rand::random::<i64>() % 6
    }
}

fn main() {}
