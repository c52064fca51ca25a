//! YCSB-T: transfers of 1 between accounts, from any to a popular one.

use crate::answers::{Answers, ask, same, send};
use crate::draw::{Draw, Popularity};
use crate::workload::{Pending, Workload};
use serde::{Deserialize, Serialize};
use thalweg::Error;
use thalweg::prelude::*;

pub const ACCOUNTS: u64 = 10_000;
pub const OPENING: i64 = 1_000_000;
const AMOUNT: i64 = 1;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub struct TooLittle;

#[entity]
pub struct Account {
    #[key]
    id: u64,
    value: i64,
}

#[entity]
impl Account {
    pub fn open(id: u64, value: i64) -> Self {
        Self { id, value }
    }

    pub fn value(&self) -> i64 {
        self.value
    }

    pub fn add(&mut self, amount: i64) {
        self.value += amount;
    }

    pub async fn transfer(&mut self, to: Ref<Account>, amount: i64) -> Result<(), TooLittle> {
        if self.value < amount {
            return Err(TooLittle);
        }
        self.value -= amount;
        to.add(amount).await;
        Ok(())
    }
}

pub struct Ycsb {
    draw: Draw,
    popularity: Popularity,
    opening: i64,
    /// What every account must hold, after all requests so far.
    book: Vec<i64>,
    answers: Answers,
}

impl Ycsb {
    /// # Errors
    /// With fewer than two accounts, or a `theta` below 0.
    pub fn new(accounts: u64, opening: i64, theta: f64, seed: u64) -> thalweg::Result<Self> {
        if accounts < 2 {
            return Err("a transfer needs two accounts".into());
        }
        Ok(Self {
            draw: Draw::new(seed),
            popularity: Popularity::new(accounts, theta)?,
            opening,
            book: vec![opening; accounts as usize],
            answers: Answers::default(),
        })
    }

    fn two_accounts(&mut self) -> (u64, u64) {
        let to = self.popularity.item(&mut self.draw);
        loop {
            let from = self.draw.below(self.book.len() as u64);
            if from != to {
                return (from, to);
            }
        }
    }

    /// Writes a transfer into the book: what it must answer.
    fn foretell(&mut self, from: u64, to: u64) -> Result<(), TooLittle> {
        if self.book[from as usize] < AMOUNT {
            return Err(TooLittle);
        }
        self.book[from as usize] -= AMOUNT;
        self.book[to as usize] += AMOUNT;
        Ok(())
    }
}

impl Workload for Ycsb {
    fn name(&self) -> &'static str {
        "ycsb"
    }

    fn register(&self, app: App) -> App {
        app.entity::<Account>()
    }

    fn load(&mut self, app: &Handle) -> thalweg::Result<Vec<Pending>> {
        let accounts = 0..self.book.len() as u64;
        Ok(send(accounts, |id| app.submit_waiting(Account::at(*id).open(self.opening)))?)
    }

    fn next(&mut self, app: &Handle) -> Result<Pending, Error> {
        let (from, to) = self.two_accounts();
        let reply = app.submit_waiting(Account::at(from).transfer(Account::at(to), AMOUNT))?;
        let right = self.foretell(from, to);
        Ok(self.answers.expect(reply, ("transfer", from, to), right))
    }

    fn check(&self, app: &Handle) -> thalweg::Result<()> {
        self.answers.check()?;
        let values = ask(0..self.book.len() as u64, |id| app.submit_waiting(Account::at(*id).value()))?;
        let sum: i64 = values.iter().map(|(_, value)| value).sum();
        same(|| "the sum of all accounts".to_owned(), sum, self.opening * self.book.len() as i64)?;
        for ((id, value), right) in values.into_iter().zip(&self.book) {
            same(|| format!("account {id}"), value, *right)?;
        }
        Ok(())
    }
}
