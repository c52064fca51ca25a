//! `self` inside a format string is a capture that the compiler cannot rewrite.
#![deny(warnings)]
use thalweg::prelude::*;

#[entity]
#[derive(Debug)]
pub struct Account {
    #[key]
    id: u64,
    balance: i64,
}

#[entity]
impl Account {
    pub fn open(id: u64) -> Self {
        Self { id, balance: 1 }
    }

    pub fn balance(&self) -> i64 {
        self.balance
    }

    pub async fn shown(&mut self, other: Ref<Account>) -> String {
        other.balance().await;
        format!("{self:?}")
    }
}

fn main() -> Result<(), thalweg::Error> {
    let app = App::new("format").entity::<Account>().start()?;
    let account = |id| Account::at(id);
    app.call_blocking(account(1).open())?;
    app.call_blocking(account(2).open())?;
    assert_eq!(app.call_blocking(account(2).shown(account(1)))?, "Account { id: 2, balance: 1 }");
    app.stop()
}
