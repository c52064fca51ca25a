//! The shop: users buy items, and every checkout that succeeds leaves an order.

use serde::{Deserialize, Serialize};
use thalweg::prelude::*;

/// Why a purchase did not happen. Nothing of it has happened then, at any entity.
#[derive(Debug, Serialize, Deserialize)]
pub enum Refused {
    SoldOut { item: String, left: u32 },
    TooExpensive { total: i64, balance: i64 },
}

#[entity]
pub struct Item {
    #[key]
    name: String,
    price: i64,
    stock: u32,
}

#[entity]
impl Item {
    pub fn list(name: String, price: i64, stock: u32) -> Self {
        Self { name, price, stock }
    }

    pub fn price(&self) -> i64 {
        self.price
    }

    pub fn stock(&self) -> u32 {
        self.stock
    }

    pub fn take(&mut self, amount: u32) -> Result<(), Refused> {
        if self.stock < amount {
            return Err(Refused::SoldOut { item: self.name.clone(), left: self.stock });
        }
        self.stock -= amount;
        Ok(())
    }
}

#[entity]
pub struct Order {
    #[key]
    number: (u64, u32),
    lines: Vec<(Ref<Item>, u32)>,
    total: i64,
}

#[entity]
impl Order {
    pub fn place(number: (u64, u32), lines: Vec<(Ref<Item>, u32)>, total: i64) -> Self {
        Self { number, lines, total }
    }

    pub fn total(&self) -> i64 {
        self.total
    }

    pub fn lines(&self) -> Vec<(Ref<Item>, u32)> {
        self.lines.clone()
    }
}

#[entity]
pub struct User {
    #[key]
    id: u64,
    balance: i64,
    orders: u32,
}

#[entity]
impl User {
    pub fn sign_up(id: u64, balance: i64) -> Self {
        Self { id, balance, orders: 0 }
    }

    pub fn balance(&self) -> i64 {
        self.balance
    }

    /// Buys one kind of item, without an order.
    pub async fn buy(&mut self, item: Ref<Item>, amount: u32) -> Result<i64, Refused> {
        let total = item.price().await * i64::from(amount);
        item.take(amount).await?;
        self.pay(total)?;
        Ok(total)
    }

    /// Buys a whole basket, or nothing of it.
    pub async fn checkout(&mut self, basket: Vec<(Ref<Item>, u32)>) -> Result<Ref<Order>, Refused> {
        let prices = join_all(basket.iter().map(|(item, _)| item.price())).await;

        let mut total = 0;
        for ((item, amount), price) in basket.clone().into_iter().zip(prices) {
            item.take(amount).await?;
            total += price * i64::from(amount);
        }
        self.pay(total)?;

        self.orders += 1;
        let order = Order::at((self.id, self.orders));
        order.place(basket, total).await;
        Ok(order)
    }

    fn pay(&mut self, total: i64) -> Result<(), Refused> {
        if self.balance < total {
            return Err(Refused::TooExpensive { total, balance: self.balance });
        }
        self.balance -= total;
        Ok(())
    }
}

pub fn app() -> App {
    App::new("shop").entity::<User>().entity::<Item>().entity::<Order>()
}
