//! The expansion gives no warnings of its own, whatever the body looks like.
#![deny(warnings)]
use thalweg::prelude::*;

#[entity]
pub struct Account {
    #[key]
    id: u64,
    balance: i64,
    names: Vec<String>,
}

#[entity]
impl Account {
    pub fn open(id: u64, balance: i64) -> Self {
        Self { id, balance, names: Vec::new() }
    }

    pub fn add(&mut self, amount: i64) -> i64 {
        self.balance += amount;
        self.balance
    }

    /// Everything that has a lint of its own: early returns, unused results, unused parameters, mut.
    pub async fn transfer(&mut self, to: Ref<Account>, mut amount: i64, _unused: u8) -> Result<i64, String> {
        if amount < 0 {
            return Err("negative".to_owned());
        }
        amount += 1;
        let _ = to.add(amount).await;
        to.add(0).await;
        let x;
        if amount > 5 {
            x = to.add(1).await;
        } else {
            return Ok(0);
        }
        loop {
            if to.add(1).await > 3 {
                break;
            }
        }
        Ok(x)
    }

    pub async fn never(&self) -> i64 {
        panic!("always")
    }

    pub async fn nothing(&self) {}

    pub async fn quiet(&self, to: Ref<Account>) {
        to.add(1).send();
    }

    async fn helper(&mut self, to: Ref<Account>) -> i64 {
        self.balance = to.add(1).await;
        self.balance
    }

    pub async fn helped(&mut self, to: Ref<Account>) -> i64 {
        let longest = longest(&self.names);
        self.helper(to).await + longest as i64 + self.shortest("") as i64
    }

    /// A private helper that does not travel may borrow.
    fn shortest(&self, or: &str) -> usize {
        self.names.iter().map(|name| name.len()).min().unwrap_or(or.len())
    }
}

fn longest(names: &[String]) -> usize {
    names.iter().map(|name| name.len()).max().unwrap_or(0)
}

fn main() {}
