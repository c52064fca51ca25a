//! A borrow of `self` used after a call.
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

    pub async fn first(&self, other: Ref<Account>) -> i64 {
        let name = &self.names[0];
        let x = other.add(1).await;
        x + name.len() as i64
    }
}

fn main() {}
