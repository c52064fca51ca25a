//! One block holds all methods that can be called.
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
}

#[entity]
impl Account {
    pub fn balance(&self) -> i64 {
        self.balance
    }
}

fn main() {}
