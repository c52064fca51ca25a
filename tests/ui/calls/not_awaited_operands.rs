//! A call among numbers, on either side, compared and assigned.
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
    pub async fn less(&self, other: Ref<Account>) -> i64 {
        self.balance - other.balance()
    }
    pub async fn richer(&self, other: Ref<Account>) -> bool {
        other.balance() < self.balance
    }
    pub async fn same(&self, other: Ref<Account>) -> bool {
        other.balance() == 7
    }
    pub async fn gather(&mut self, other: Ref<Account>) {
        self.balance += other.balance();
    }
    pub async fn told(&self, other: Ref<Account>) -> String {
        format!("{}", other.balance())
    }
}

fn main() {}
