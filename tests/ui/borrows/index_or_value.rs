use thalweg::prelude::*;

#[entity]
pub struct Account {
    #[key]
    id: u64,
    balance: i64,
    list: Vec<i64>,
}

#[entity]
impl Account {
    pub fn open(id: u64) -> Self {
        Self { id, balance: 0, list: Vec::new() }
    }
    pub fn balance(&self) -> i64 {
        self.balance
    }
    pub fn add(&mut self, amount: i64) -> i64 {
        self.balance += amount;
        self.balance
    }
    pub async fn ask(&mut self, other: Ref<Account>, list: Vec<i64>) {
        self.list[other.balance().await as usize] += list.iter().sum::<i64>();
    }
}

fn main() {}
