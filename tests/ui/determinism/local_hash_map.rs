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
    pub fn count(&self, names: Vec<String>) -> usize {
        let seen: std::collections::HashMap<String, u32> = names.into_iter().map(|name| (name, 1)).collect();
        seen.len()
    }
}

fn main() {}
