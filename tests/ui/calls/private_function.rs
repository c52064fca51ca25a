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
    fn secret(&self, factor: i64) -> i64 {
        self.balance * factor
    }
}

#[entity]
pub struct Spy {
    #[key]
    id: u64,
}

#[entity]
impl Spy {
    pub fn hire(id: u64) -> Self {
        Self { id }
    }
    pub async fn look(&self, account: Ref<Account>) {
        account.secret(2).await
    }
    pub async fn sum(&self, account: Ref<Account>) -> u64 {
        account.secret(2).await + self.id
    }
    pub async fn size(&self, account: Ref<Account>) -> i64 {
        account.secret(2).await.abs()
    }
}

fn main() {}
