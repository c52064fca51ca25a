//! A call that is sent from a closure is a call in a closure.
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

    pub async fn all(&self, accounts: Vec<Ref<Account>>) {
        accounts.iter().for_each(|account| account.add(1).send());
    }
}

fn main() {}
