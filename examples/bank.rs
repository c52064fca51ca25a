//! Two accounts and a transfer between them: the smallest whole program.

use serde::{Deserialize, Serialize};
use thalweg::prelude::*;

#[derive(Debug, Serialize, Deserialize)]
pub struct Insufficient;

#[entity]
pub struct Account {
    #[key]
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

    pub fn deposit(&mut self, amount: i64) {
        self.balance += amount;
    }

    pub async fn transfer(&mut self, to: Ref<Account>, amount: i64) -> Result<(), Insufficient> {
        if self.balance < amount {
            return Err(Insufficient);
        }
        self.balance -= amount;
        to.deposit(amount).await; // another entity: the method is cut here
        Ok(())
    }
}

#[tokio::main]
async fn main() -> thalweg::Result<()> {
    let bank = App::new("bank").entity::<Account>().workers(2).start()?;
    bank.call(Account::at(1).open(100)).await?;
    bank.call(Account::at(2).open(0)).await?;

    for amount in [30, 300] {
        match bank.call(Account::at(1).transfer(Account::at(2), amount)).await? {
            Ok(()) => println!("moved {amount}"),
            Err(Insufficient) => println!("refused to move {amount}"),
        }
    }

    for id in [1, 2] {
        println!("account {id}: {}", bank.call(Account::at(id).balance()).await?);
    }
    bank.stop()?;
    Ok(())
}
