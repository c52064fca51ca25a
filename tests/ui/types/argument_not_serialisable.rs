//! An argument that cannot travel.
use thalweg::prelude::*;

use std::cell::Cell;
use std::rc::Rc;

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

    pub fn lend(&self, count: Rc<Cell<i64>>) -> i64 {
        count.get()
    }
}

fn main() {}
