//! A grocer: households buy products in stores, and everyone keeps their own totals.

use serde::{Deserialize, Serialize};
use thalweg::prelude::*;

/// What somebody bought or sold so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sales {
    pub lines: u64,
    pub units: u64,
    pub cents: i64,
}

impl Sales {
    pub fn line(units: u64, cents: i64) -> Self {
        Self { lines: 1, units, cents }
    }

    pub fn add(&mut self, other: Self) {
        self.lines += other.lines;
        self.units += other.units;
        self.cents += other.cents;
    }
}

/// What the till prints.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    pub basket: u64,
    pub household: u64,
    pub sales: Sales,
}

#[entity(auto)]
pub struct Household {
    #[key]
    id: u64,
    bought: Sales,
    by_product: Table<Ref<Product>, Sales>,
}

#[entity]
impl Household {
    pub fn new(id: u64) -> Self {
        Self { id, bought: Sales::default(), by_product: Table::new() }
    }

    pub fn bought(&self) -> Sales {
        self.bought
    }

    /// How many products it has bought.
    pub fn variety(&self) -> usize {
        self.by_product.len()
    }

    /// One basket: one transaction over this household, the store and every product in the basket. Each receipt leaves the
    /// program once, whatever happens to it.
    pub async fn checkout(
        &mut self,
        basket_id: u64,
        store: Ref<Store>,
        lines: Vec<(Ref<Product>, u64, i64)>,
    ) {
        let mut basket = Sales::default();
        for (product, units, cents) in lines {
            let line = Sales::line(units, cents);
            self.by_product.entry(product.clone()).or_default().add(line);
            product.sell(line).send(); // nothing here depends on what it does
            basket.add(line);
        }
        store.sell(basket).send();
        self.bought.add(basket);
        thalweg::emit("receipts", &Receipt { basket: basket_id, household: self.id, sales: basket });
    }
}

#[entity(auto)]
pub struct Store {
    #[key]
    id: u64,
    sold: Sales,
}

#[entity]
impl Store {
    pub fn new(id: u64) -> Self {
        Self { id, sold: Sales::default() }
    }

    pub fn sold(&self) -> Sales {
        self.sold
    }

    pub fn sell(&mut self, basket: Sales) {
        self.sold.add(basket);
    }
}

#[entity(auto)]
pub struct Product {
    #[key]
    id: u64,
    sold: Sales,
}

#[entity]
impl Product {
    pub fn new(id: u64) -> Self {
        Self { id, sold: Sales::default() }
    }

    pub fn sold(&self) -> Sales {
        self.sold
    }

    pub fn sell(&mut self, line: Sales) {
        self.sold.add(line);
    }
}
