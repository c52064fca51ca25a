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
    pub async fn thirteen(&self, o: Ref<Account>) -> i64 {
        let (a, .., i) = join((o.add(1), o.add(1), o.add(1), o.add(1), o.add(1), o.add(1), o.add(1), o.add(1), o.add(1), o.add(1), o.add(1), o.add(1), o.add(1))).await;
        a + i
    }
}

fn main() {}
