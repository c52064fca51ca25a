//! SmallBank: six kinds of requests over two accounts a customer, or one account paying many others.

mod entities;
mod book;

use crate::answers::{Answers, ask, same, send};
use crate::draw::Draw;
use crate::workload::{Pending, Workload};
use book::{Book, Request};
use entities::{Checking, Savings};
use thalweg::Error;
use thalweg::prelude::*;

pub const CUSTOMERS: u64 = 10_000;

pub struct Smallbank {
    draw: Draw,
    customers: u64,
    /// The hot set is one customer in a hundred.
    hot_percent: u64,
    /// Only MultiTransfer, to so many others.
    multi: Option<u64>,
    book: Book,
    answers: Answers,
}

impl Smallbank {
    /// # Errors
    /// When a MultiTransfer needs more customers than there are, or every request is to be a hot one.
    pub fn new(customers: u64, hot_percent: u64, multi: Option<u64>, seed: u64) -> thalweg::Result<Self> {
        let needed = 1 + multi.unwrap_or(1);
        if customers < needed {
            return Err(format!("{customers} customers are too few, a request needs {needed}").into());
        }
        if hot_percent >= 100 {
            return Err("the hot set cannot take all requests, they need customers outside it too".into());
        }
        let mut draw = Draw::new(seed);
        let mut dollars = |_| 100 * (10_000 + draw.below(40_001) as i64);
        let checking: Vec<i64> = (0..customers).map(&mut dollars).collect();
        let savings: Vec<i64> = (0..customers).map(&mut dollars).collect();
        let money = checking.iter().chain(&savings).sum();
        let book = Book { checking, savings, money };
        Ok(Self { draw, customers, hot_percent, multi, book, answers: Answers::default() })
    }

    fn customer(&mut self) -> u64 {
        let hot = (self.customers / 100).max(1);
        if self.draw.permille(10 * self.hot_percent) {
            return self.draw.below(hot);
        }
        let rest = if self.hot_percent == 0 { 0 } else { hot };
        rest + self.draw.below(self.customers - rest)
    }

    fn customers<const N: usize>(&mut self) -> [u64; N] {
        let several = self.several(N);
        std::array::from_fn(|n| several[n])
    }

    /// So many different customers.
    fn several(&mut self, n: usize) -> Vec<u64> {
        let mut drawn = Vec::with_capacity(n);
        while drawn.len() < n {
            let one = self.customer();
            if !drawn.contains(&one) {
                drawn.push(one);
            }
        }
        drawn
    }

    fn request(&mut self) -> Request {
        if let Some(n) = self.multi {
            let mut to = self.several(n as usize + 1);
            let from = to.remove(0);
            return Request::MultiTransfer(from, to, 100);
        }
        let [a, b] = self.customers();
        match self.draw.below(100) {
            0..15 => Request::Balance(a),
            15..30 => Request::DepositChecking(a, 130),
            30..45 => Request::TransactSavings(a, 2_020),
            45..60 => Request::Amalgamate(a, b),
            60..75 => Request::WriteCheck(a, 500),
            _ => Request::SendPayment(a, b, 500),
        }
    }
}

impl Workload for Smallbank {
    fn name(&self) -> &'static str {
        "smallbank"
    }

    fn register(&self, app: App) -> App {
        app.entity::<Checking>().entity::<Savings>()
    }

    fn load(&mut self, app: &Handle) -> thalweg::Result<Vec<Pending>> {
        let Book { checking, savings, .. } = &self.book;
        let opening = |id: u64, list: &[i64]| list[id as usize];
        let mut all =
            send(0..self.customers, |id| app.submit_waiting(Checking::at(*id).open(opening(*id, checking))))?;
        all.extend(send(0..self.customers, |id| {
            app.submit_waiting(Savings::at(*id).open(opening(*id, savings)))
        })?);
        Ok(all)
    }

    fn next(&mut self, app: &Handle) -> Result<Pending, Error> {
        let request = self.request();
        let (book, answers, at) = (&mut self.book, &self.answers, Checking::at);
        macro_rules! send {
            ($call:expr, $right:expr) => {
                answers.expect(app.submit_waiting($call)?, request.clone(), $right)
            };
        }
        Ok(match request.clone() {
            Request::Balance(a) => send!(at(a).total(), book.total(a)),
            Request::DepositChecking(a, n) => send!(at(a).deposit(n), book.deposit(a, n)),
            Request::TransactSavings(a, n) => send!(Savings::at(a).transact(n), book.transact(a, n)),
            Request::Amalgamate(a, b) => send!(at(a).amalgamate(at(b)), book.amalgamate(a, b)),
            Request::WriteCheck(a, n) => send!(at(a).write_check(n), book.write_check(a, n)),
            Request::SendPayment(a, b, n) => send!(at(a).send_payment(at(b), n), book.send(a, &[b], n)),
            Request::MultiTransfer(a, to, n) => {
                send!(at(a).multi_transfer(to.iter().copied().map(at).collect(), n), book.send(a, &to, n))
            }
        })
    }

    fn check(&self, app: &Handle) -> thalweg::Result<()> {
        self.answers.check()?;
        let checking = ask(0..self.customers, |id| app.submit_waiting(Checking::at(*id).balance()))?;
        let savings = ask(0..self.customers, |id| app.submit_waiting(Savings::at(*id).balance()))?;
        let money: i64 = checking.iter().chain(&savings).map(|(_, balance)| balance).sum();
        same(
            || "the money in the bank after what was paid in and taken out".to_owned(),
            money,
            self.book.money,
        )?;
        for (found, right, what) in
            [(checking, &self.book.checking, "checking"), (savings, &self.book.savings, "savings")]
        {
            for ((id, balance), right) in found.into_iter().zip(right) {
                same(|| format!("{what} account {id}"), balance, *right)?;
            }
        }
        Ok(())
    }
}
