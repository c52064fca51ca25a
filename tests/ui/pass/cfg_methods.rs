//! A method that is configured away is not there.
#![deny(warnings)]
use thalweg::prelude::*;

#[entity]
#[derive(Debug)]
pub struct Account {
    #[key]
    id: u64,
    balance: i64,
}

#[entity]
impl Account {
    pub fn open(id: u64) -> Self {
        Self { id, balance: 1 }
    }

    pub fn balance(&self) -> i64 {
        self.balance
    }

    #[cfg(any())]
    pub fn not_there(&self, what: NotThere) -> NotThere {
        what
    }

    #[cfg(any())]
    pub async fn not_there_either(&self, other: Ref<NotThere>) -> NotThere {
        other.get().await
    }
}

fn main() {}
