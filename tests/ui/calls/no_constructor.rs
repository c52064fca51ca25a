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
    pub fn perhaps(id: u64, yes: bool) -> Option<Self> {
        yes.then(|| Self::open(id))
    }
}

fn main() {
    let app = App::new("bank").entity::<Account>().start().unwrap();
    let _ = app.call_blocking(Account::at(1).perhaps(true));
}
