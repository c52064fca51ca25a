//! A bank whose customers have a checking and a savings account. Amounts are cents.

use serde::{Deserialize, Serialize};
use thalweg::prelude::*;

/// There is too little money, or the amount is negative.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub struct Refused;

/// What a bank takes for a check that is not covered.
pub const PENALTY: i64 = 100;

#[entity]
pub struct Savings {
    #[key]
    customer: u64,
    balance: i64,
}

#[entity]
impl Savings {
    pub fn open(customer: u64, balance: i64) -> Self {
        Self { customer, balance }
    }

    pub fn balance(&self) -> i64 {
        self.balance
    }

    /// Pays in, or takes out if the amount is negative.
    pub fn transact(&mut self, amount: i64) -> Result<(), Refused> {
        if self.balance + amount < 0 {
            return Err(Refused);
        }
        self.balance += amount;
        Ok(())
    }

    pub fn empty(&mut self) -> i64 {
        std::mem::take(&mut self.balance)
    }
}

#[entity]
pub struct Checking {
    #[key]
    customer: u64,
    balance: i64,
}

#[entity]
impl Checking {
    pub fn open(customer: u64, balance: i64) -> Self {
        Self { customer, balance }
    }

    pub fn balance(&self) -> i64 {
        self.balance
    }

    /// Everything the customer has.
    pub async fn total(&self) -> i64 {
        self.balance + Savings::at(self.customer).balance().await
    }

    pub fn deposit(&mut self, amount: i64) -> Result<(), Refused> {
        if amount < 0 {
            return Err(Refused);
        }
        self.balance += amount;
        Ok(())
    }

    /// Moves all that the customer has to another one.
    pub async fn amalgamate(&mut self, to: Ref<Checking>) -> Result<(), Refused> {
        let total = std::mem::take(&mut self.balance) + Savings::at(self.customer).empty().await;
        to.deposit(total).await
    }

    /// Takes out what a check says, and a penalty if the customer has less; returns what was taken.
    pub async fn write_check(&mut self, amount: i64) -> i64 {
        let covered = self.balance + Savings::at(self.customer).balance().await >= amount;
        let taken = if covered { amount } else { amount + PENALTY };
        self.balance -= taken;
        taken
    }

    pub async fn send_payment(&mut self, to: Ref<Checking>, amount: i64) -> Result<(), Refused> {
        if self.balance < amount {
            return Err(Refused);
        }
        self.balance -= amount;
        to.deposit(amount).await
    }

    /// Sends the same amount to each of several customers, or nothing to anybody.
    pub async fn multi_transfer(&mut self, to: Vec<Ref<Checking>>, amount: i64) -> Result<(), Refused> {
        let total = amount * to.len() as i64;
        if self.balance < total {
            return Err(Refused);
        }
        self.balance -= total;
        try_join_all(to.iter().map(|to| to.deposit(amount))).await?;
        Ok(())
    }
}
