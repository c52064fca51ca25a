//! Accounts that many clients want at once, and a counter of each client's own that moves with them.
use thalweg::prelude::*;

pub const ACCOUNTS: u64 = 16;
pub const OPENING: i64 = 100;

#[entity(auto)]
pub struct Account {
    #[key]
    id: u64,
    balance: i64,
    /// Transfers it took part in.
    transfers: u64,
}

#[entity]
impl Account {
    pub fn new(id: u64) -> Self {
        Self { id, balance: OPENING, transfers: 0 }
    }
    pub fn holds(&self) -> (i64, u64) {
        (self.balance, self.transfers)
    }
    pub fn put(&mut self, amount: i64) -> Result<(), i64> {
        self.transfers += 1;
        self.balance += amount;
        if self.balance < 0 { Err(self.balance) } else { Ok(()) }
    }
}

/// What one client has done.
#[entity(auto)]
pub struct Counter {
    #[key]
    client: u64,
    steps: u64,
}

#[entity]
impl Counter {
    pub fn new(client: u64) -> Self {
        Self { client, steps: 0 }
    }
    pub fn steps(&self) -> u64 {
        self.steps
    }
    /// A step and a transfer, or neither.
    pub async fn step(&mut self, from: Ref<Account>, to: Ref<Account>, amount: i64) -> Result<u64, i64> {
        self.steps += 1;
        to.put(amount).await?;
        from.put(-amount).await?;
        thalweg::emit("steps", &(self.client, self.steps));
        Ok(self.steps)
    }
    /// What all accounts hold together, and how many transfers they have taken part in.
    pub async fn audit(&self) -> (i64, u64) {
        let mut all = (0, 0);
        for id in 0..ACCOUNTS {
            let (balance, transfers) = Account::at(id).holds().await;
            all.0 += balance;
            all.1 += transfers;
        }
        all
    }
}
