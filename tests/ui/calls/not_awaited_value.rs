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
    pub async fn more(&self, other: Ref<Account>) -> i64 {
        other.balance() + 1
    }
    pub async fn bound(&self, other: Ref<Account>) -> i64 {
        let theirs: i64 = Account::at(self.id + 1).balance();
        theirs + other.balance().await
    }
    fn in_a_plain_function(id: u64) -> i64 {
        let theirs: i64 = Account::at(id).balance();
        theirs
    }
}

fn main() {}
