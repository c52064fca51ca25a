//! A parameter whose type the caller chooses silently.
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

    pub fn sum(&self, list: impl Iterator<Item = i64>) -> i64 {
        list.sum()
    }
}

fn main() {}
