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
    pub async fn both(&self, a: Ref<Account>, b: Ref<Account>) -> i64 {
        let (x, y) = tokio::join!(a.add(1), b.add(1));
        x + y
    }
}

fn main() {}
