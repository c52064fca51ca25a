//! What is sold: the catalogue, and what each warehouse has of it.

use super::{Cents, DistrictKey};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use thalweg::prelude::*;

/// What marks data as original.
const ORIGINAL: &str = "ORIGINAL";

/// What an order must know of an item.
#[derive(Debug, Serialize, Deserialize)]
pub struct Offer {
    pub name: Arc<str>,
    pub price: Cents,
    pub original: bool,
}

/// An item of the catalogue. Every warehouse has its copy, so that a price is read where the order is entered.
#[entity(partition = "key.0")]
pub struct Item {
    /// The warehouse, and the number of the item.
    #[key]
    pub key: (u32, u32),
    pub image: u32,
    pub name: Arc<str>,
    pub price: Cents,
    pub data: String,
}

#[entity]
impl Item {
    pub fn list(key: (u32, u32), image: u32, name: String, price: Cents, data: String) -> Self {
        Self { key, image, name: name.into(), price, data }
    }

    pub fn offer(&self) -> Offer {
        Offer { name: self.name.clone(), price: self.price, original: self.data.contains(ORIGINAL) }
    }
}

/// What never changes of a stock.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StockLabel {
    /// One text for each district (`S_DIST_01` to `S_DIST_10`).
    pub districts: Vec<Arc<str>>,
    pub data: String,
}

/// What an order gets from a stock.
#[derive(Debug, Serialize, Deserialize)]
pub struct Taken {
    pub left: u32,
    pub original: bool,
    pub district: Arc<str>,
}

#[entity(partition = "key.0")]
pub struct Stock {
    /// The warehouse, and the number of the item.
    #[key]
    pub key: (u32, u32),
    pub label: Arc<StockLabel>,
    pub quantity: u32,
    /// All that was ever taken.
    pub ytd: u32,
    pub orders: u32,
    pub remote_orders: u32,
}

#[entity]
impl Stock {
    pub fn fill(key: (u32, u32), label: StockLabel, quantity: u32) -> Self {
        Self { key, label: Arc::new(label), quantity, ytd: 0, orders: 0, remote_orders: 0 }
    }

    /// All of it, for the checks.
    pub fn look(&self) -> Self {
        self.clone()
    }

    pub fn left(&self) -> u32 {
        self.quantity
    }

    /// Takes some for an order; a stock that would fall below ten is filled up (clause 2.4.2.2).
    pub fn take(&mut self, home: DistrictKey, quantity: u32) -> Taken {
        let refill = if self.quantity >= quantity + 10 { 0 } else { 91 };
        self.quantity = (self.quantity + refill).saturating_sub(quantity);
        self.ytd += quantity;
        self.orders += 1;
        self.remote_orders += u32::from(home.0 != self.key.0);
        let district = usize::from(home.1).checked_sub(1).and_then(|at| self.label.districts.get(at));
        Taken {
            left: self.quantity,
            original: self.label.data.contains(ORIGINAL),
            district: district.cloned().unwrap_or_default(),
        }
    }
}
