//! The clock of the machine.
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

    pub fn age(&self) -> i64 {
        let start = std::time::Instant::now();
        drop(start);
        self.balance
    }
}

fn main() {}
