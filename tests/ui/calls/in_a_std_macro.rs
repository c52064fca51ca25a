//! A call inside a macro of the standard library: bind it first.
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

    pub fn balance(&self) -> i64 {
        self.balance
    }

    pub async fn shown(&self, other: Ref<Account>) -> String {
        format!("{}", other.balance().await)
    }
}

fn main() {}
