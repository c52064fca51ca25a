//! The app whose directories are looked at.
use std::path::Path;
use thalweg::prelude::*;
use thalweg::sink::Memory;

#[entity(auto)]
pub struct Account {
    #[key]
    pub owner: String,
    pub balance: i64,
}

#[entity]
impl Account {
    pub fn new(owner: String) -> Self {
        Self { owner, balance: 0 }
    }
    pub fn balance(&self) -> i64 {
        self.balance
    }
    pub fn deposit(&mut self, amount: i64, note: Option<String>) {
        self.balance += amount;
        thalweg::emit("deposits", &(amount, note));
    }
    pub async fn transfer(&mut self, to: Ref<Account>, amount: i64) -> Result<(), String> {
        if self.balance < amount {
            return Err(format!("only {}", self.balance));
        }
        self.balance -= amount;
        to.deposit(amount, None).await;
        Ok(())
    }
    /// Long enough for the log to be written, and then no panic that could be caught.
    pub fn explode(&mut self) {
        std::thread::sleep(std::time::Duration::from_millis(300));
        std::process::abort()
    }
}

pub fn account(owner: &str) -> Ref<Account> {
    Account::at(owner.to_owned())
}

/// With a sink that has nothing; one that has lost events is refused.
pub fn app(data: &Path) -> App {
    App::new("bank").entity::<Account>().data_dir(data).sink("deposits", Memory::new())
}

/// An app that has done something, and runs.
pub fn running(data: &Path) -> Handle {
    let bank = app(data).start().expect("it starts");
    let deposit = |owner, amount, note: Option<&str>| account(owner).deposit(amount, note.map(str::to_owned));
    bank.call_blocking(deposit("Ann", 100, Some("first\nof all")).with_id("one")).expect("answered");
    bank.call_blocking(account("Ann").transfer(account("Bo"), 30)).expect("answered").expect("enough");
    bank.call_blocking(account("Ann").transfer(account("Bo"), 300)).expect("answered").expect_err("too much");
    bank.submit_all([deposit("Cy", 1, None), deposit("Di", 2, None)])
        .expect("entered")
        .wait()
        .expect("answered");
    bank
}

/// The directory of one that was stopped.
pub fn stopped(data: &Path) {
    running(data).stop().expect("stopped");
}
