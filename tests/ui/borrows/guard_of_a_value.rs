use thalweg::prelude::*;

#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub enum Kind {
    Some(i64),
    None,
}

#[entity]
pub struct Account {
    #[key]
    id: u64,
    balance: i64,
    kind: Kind,
}

#[entity]
impl Account {
    pub fn open(id: u64) -> Self {
        Self { id, balance: 0, kind: Kind::None }
    }
    pub fn balance(&self) -> i64 {
        self.balance
    }
    pub fn add(&mut self, amount: i64) -> i64 {
        self.balance += amount;
        self.balance
    }
    pub async fn find(&self, other: Ref<Account>) -> i64 {
        match self.kind {
            Kind::Some(x) if other.balance().await > x => 1,
            _ => 2,
        }
    }
}

fn main() {}
