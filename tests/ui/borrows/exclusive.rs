//! An exclusive borrow of `self` used after a call.
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

    pub async fn push(&mut self, other: Ref<Account>) {
        let names = &mut self.names;
        let x = other.add(1).await;
        names.push(x.to_string());
    }
}

fn main() {}
