//! A method that lends from `self`.
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

    pub async fn longest(&self, other: Ref<Account>) -> i64 {
        let names = self.names.iter().filter(|name| name.len() > 3);
        other.add(1).await + names.count() as i64
    }
}

fn main() {}
