//! Attributes, constants, patterns and arguments that are easily forgotten.
#![deny(warnings)]
use thalweg::prelude::*;

#[entity]
#[derive(Debug, PartialEq)]
pub struct Account {
    #[key]
    id: u64,
    balance: i64,
    next: Option<Ref<Account>>,
}

impl Account {
    fn twice(&self) -> i64 {
        self.balance * 2
    }
}

#[entity]
impl Account {
    const LIMIT: i64 = 100;

    pub fn open(id: u64) -> Self {
        Self { id, balance: 1, next: None }
    }

    pub fn link(&mut self, next: Ref<Account>) {
        self.next = Some(next);
    }

    pub fn balance(&self) -> i64 {
        self.balance
    }

    #[inline]
    #[allow(clippy::needless_return)]
    pub async fn attributes(&mut self, other: Ref<Account>) -> i64 {
        #[allow(unused_variables)]
        let unused = other.balance().await;
        return Self::LIMIT + self.twice();
    }

    /// The borrow of `self.next` is over when the call is made.
    pub async fn through_a_borrowed_option(&self) -> i64 {
        if let Some(next) = &self.next {
            return next.balance().await;
        }
        match &self.next {
            Some(next) => next.balance().await,
            None => -1,
        }
    }

    pub async fn tuple_parameter(&self, (other, n): (Ref<Account>, i64), [a, b]: [i64; 2]) -> i64 {
        other.balance().await + n + a + b
    }

    pub async fn diverging_arguments(&self, other: Ref<Account>, list: Vec<Option<u64>>) -> i64 {
        let mut sum = 0;
        for key in list {
            sum += Account::at(match key {
                Some(0) => return -1,
                Some(key) => key,
                None => continue,
            })
            .balance()
            .await;
        }
        sum + other.balance().await
    }
}

fn main() -> Result<(), thalweg::Error> {
    let app = App::new("odd").entity::<Account>().start()?;
    let account = |id| Account::at(id);
    app.call_blocking(account(1).open())?;
    app.call_blocking(account(2).open())?;
    app.call_blocking(account(1).link(account(2)))?;
    assert_eq!(app.call_blocking(account(1).attributes(account(2)))?, 102);
    assert_eq!(app.call_blocking(account(1).through_a_borrowed_option())?, 1);
    assert_eq!(app.call_blocking(account(2).through_a_borrowed_option())?, -1);
    assert_eq!(app.call_blocking(account(1).tuple_parameter((account(2), 2), [3, 4]))?, 10);
    assert_eq!(app.call_blocking(account(1).diverging_arguments(account(2), vec![None, Some(2)]))?, 2);
    assert_eq!(app.call_blocking(account(1).diverging_arguments(account(2), vec![None, Some(0)]))?, -1);
    app.stop()
}
