//! `call.send()` is a call whose result is not wanted; a method of that name would be mistaken for it.
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

    pub fn send(&mut self) -> i64 {
        self.balance
    }

    pub async fn ask(&self, other: Ref<Account>) -> i64 {
        other.send().await
    }
}

fn main() {}
