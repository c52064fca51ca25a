//! A pattern that borrows from `self` around a call.
use thalweg::prelude::*;

#[entity]
pub struct Account {
    #[key]
    id: u64,
    balance: i64,
    names: Vec<String>,
    others: Vec<Ref<Account>>,
}

#[entity]
impl Account {
    pub fn open(id: u64) -> Self {
        Self {
            id,
            balance: 0,
            names: vec![],
            others: vec![],
        }
    }

    pub fn add(&mut self, amount: i64) -> i64 {
        self.balance += amount;
        self.balance
    }

    pub async fn named(&self, other: Ref<Account>) -> i64 {
        match self.names.first() {
            Some(name) => other.add(1).await + name.len() as i64,
            None => 0,
        }
    }
}

fn main() {}
