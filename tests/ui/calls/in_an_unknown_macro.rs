//! A call in a macro that we cannot see through.
use thalweg::prelude::*;

macro_rules! twice {
    ($e:expr) => {
        $e + $e
    };
}

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

    pub async fn twice(&self, account: Ref<Account>) -> i64 {
        twice!(account.add(1).await)
    }
}

fn main() {}
