//! What the documentation of an entity looks like: an account, and how it is documented.
//!
//! Begin with [`Account::transfer`]: methods that make calls stand beside the others, and links to them work, as does
//! `#![deny(missing_docs)]`. This module is only here in the documentation.
use crate::prelude::*;

/// An account.
#[entity(crate = "crate")]
pub struct Account {
    #[key]
    id: u64,
    balance: i64,
}

#[entity(crate = "crate")]
impl Account {
    /// Opens one.
    pub fn open(id: u64, balance: i64) -> Self {
        Self { id, balance }
    }
    /// Puts money in; see [`Account::transfer`] for where it may come from.
    pub fn deposit(&mut self, amount: i64) {
        self.balance += amount;
    }
    /// Moves money to another account.
    ///
    /// # Errors
    /// What is missing, when there is not enough; nothing is moved then.
    pub async fn transfer(&mut self, to: Ref<Account>, amount: i64) -> Result<(), i64> {
        if self.balance < amount {
            return Err(amount - self.balance);
        }
        self.balance -= amount;
        to.deposit(amount).await;
        Ok(())
    }
}
