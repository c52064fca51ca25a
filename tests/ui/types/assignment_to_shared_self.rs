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
    pub fn add(&mut self, amount: i64) -> i64 {
        self.balance += amount;
        self.balance
    }
    pub async fn ask(&self, other: Ref<Account>) {
        self.balance = other.balance().await;
    }
}

fn main() {}
