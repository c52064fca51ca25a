//! Said once, however many methods and uses there are.
use thalweg::prelude::*;

#[derive(Clone, Debug)]
pub struct Account {
    id: u64,
    balance: i64,
}

#[entity]
impl Account {
    pub fn open(id: u64, balance: i64) -> Self {
        Self { id, balance }
    }
    pub fn balance(&self) -> i64 {
        self.balance
    }
    pub fn id(&self) -> u64 {
        self.id
    }
    pub async fn total(&self, others: Vec<Ref<Account>>) -> i64 {
        let mut total = self.balance;
        for other in others {
            total += other.balance().await;
        }
        total
    }
}

fn main() -> thalweg::Result {
    let app = App::new("bank").entity::<Account>().start()?;
    app.call_blocking(Account::at(1).open(5))?;
    let total: i64 = app.call_blocking(Account::at(1).total(vec![Account::at(2)]))?;
    println!("{total}");
    Ok(())
}
