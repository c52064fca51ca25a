//! An iterator over a field of `self` around a call.
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

    pub async fn all(&mut self) -> i64 {
        let mut sum = 0;
        for other in &self.others {
            sum += other.add(1).await;
        }
        sum
    }
}

fn main() {}
