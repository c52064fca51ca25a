//! The requests of SmallBank, and what they do to a bank that is two lists of numbers.

use super::entities::{PENALTY, Refused};

#[derive(Clone, Debug)]
pub enum Request {
    Balance(u64),
    DepositChecking(u64, i64),
    TransactSavings(u64, i64),
    Amalgamate(u64, u64),
    WriteCheck(u64, i64),
    SendPayment(u64, u64, i64),
    MultiTransfer(u64, Vec<u64>, i64),
}

pub struct Book {
    pub checking: Vec<i64>,
    pub savings: Vec<i64>,
    /// All that must be in the bank: opened with, and paid in, less what was taken out.
    pub money: i64,
}

impl Book {
    pub fn total(&self, customer: u64) -> i64 {
        self.checking[customer as usize] + self.savings[customer as usize]
    }

    pub fn deposit(&mut self, customer: u64, amount: i64) -> Result<(), Refused> {
        self.checking[customer as usize] += amount;
        self.money += amount;
        Ok(())
    }

    pub fn transact(&mut self, customer: u64, amount: i64) -> Result<(), Refused> {
        if self.savings[customer as usize] + amount < 0 {
            return Err(Refused);
        }
        self.savings[customer as usize] += amount;
        self.money += amount;
        Ok(())
    }

    /// Refused if checks have left the customer with less than nothing.
    pub fn amalgamate(&mut self, from: u64, to: u64) -> Result<(), Refused> {
        let total = self.total(from);
        if total < 0 {
            return Err(Refused);
        }
        self.checking[from as usize] = 0;
        self.savings[from as usize] = 0;
        self.checking[to as usize] += total;
        Ok(())
    }

    pub fn write_check(&mut self, customer: u64, amount: i64) -> i64 {
        let penalty = if self.total(customer) < amount { PENALTY } else { 0 };
        self.checking[customer as usize] -= amount + penalty;
        self.money -= amount + penalty;
        amount + penalty
    }

    pub fn send(&mut self, from: u64, to: &[u64], amount: i64) -> Result<(), Refused> {
        let total = amount * to.len() as i64;
        if self.checking[from as usize] < total {
            return Err(Refused);
        }
        self.checking[from as usize] -= total;
        to.iter().for_each(|to| self.checking[*to as usize] += amount);
        Ok(())
    }
}
