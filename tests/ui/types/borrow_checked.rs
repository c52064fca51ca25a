//! A value used after it was moved into a call.
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

    pub async fn name(&mut self, name: String) -> usize {
        name.len()
    }

    pub async fn twice(&self, other: Ref<Account>, name: String) -> usize {
        other.name(name).await + name.len()
    }
}

fn main() {}
