//! Orders with their lines.

use super::{Cents, Customer, OrderKey};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use thalweg::prelude::*;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Line {
    pub item: u32,
    /// The warehouse that supplies it.
    pub supply: u32,
    pub quantity: u32,
    pub amount: Cents,
    pub delivered: Option<u64>,
    /// What the stock says of the district.
    pub district: Arc<str>,
}

/// What the terminal shows of an order (clause 2.6.3.3).
#[derive(Debug, Serialize, Deserialize)]
pub struct Shown {
    pub number: u32,
    pub entered: u64,
    pub carrier: Option<u8>,
    pub lines: Vec<Line>,
}

#[entity(partition = "key.0")]
pub struct Order {
    #[key]
    pub key: OrderKey,
    /// The one that the district gave (`O_ID`).
    pub number: u32,
    pub customer: Ref<Customer>,
    pub entered: u64,
    pub carrier: Option<u8>,
    /// Kept as the specification has it, although the lines say it, too (`O_OL_CNT`).
    pub count: u32,
    pub all_local: bool,
    pub lines: Vec<Line>,
}

#[entity]
impl Order {
    /// A new order, or with a carrier one that was delivered at once.
    pub fn enter(
        key: OrderKey,
        number: u32,
        customer: Ref<Customer>,
        carrier: Option<u8>,
        mut lines: Vec<Line>,
    ) -> Self {
        let entered = thalweg::now();
        let delivered = carrier.map(|_| entered);
        lines.iter_mut().for_each(|line| line.delivered = delivered);
        let all_local = lines.iter().all(|line| line.supply == key.0);
        Self { key, number, customer, entered, carrier, count: lines.len() as u32, all_local, lines }
    }

    /// All of it, for the checks.
    pub fn look(&self) -> Self {
        self.clone()
    }

    /// Whom it is delivered to, and what is to be paid for.
    pub fn deliver(&mut self, carrier: u8) -> (Ref<Customer>, Cents) {
        self.carrier = Some(carrier);
        let now = thalweg::now();
        self.lines.iter_mut().for_each(|line| line.delivered = Some(now));
        (self.customer.clone(), self.lines.iter().map(|line| line.amount).sum())
    }

    pub fn show(&self) -> Shown {
        let Self { number, entered, carrier, .. } = *self;
        Shown { number, entered, carrier, lines: self.lines.clone() }
    }

    pub fn items(&self) -> Vec<u32> {
        self.lines.iter().map(|line| line.item).collect()
    }
}
