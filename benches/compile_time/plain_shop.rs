// The shop of examples/shop as plain structs and synchronous methods over one map per struct: what a user would
// write without `#[entity]`, and without its transactions.
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Debug, Serialize, Deserialize)]
pub enum Refused {
    SoldOut { item: String, left: u32 },
    TooExpensive { total: i64, balance: i64 },
}
#[derive(Clone, Serialize, Deserialize)]
pub struct Item { name: String, price: i64, stock: u32 }
#[derive(Clone, Serialize, Deserialize)]
pub struct Order { number: (u64, u32), lines: Vec<(String, u32)>, total: i64 }
#[derive(Clone, Serialize, Deserialize)]
pub struct User { id: u64, balance: i64, orders: u32 }
#[derive(Default, Serialize, Deserialize)]
pub struct World { items: BTreeMap<String, Item>, orders: BTreeMap<(u64, u32), Order>, users: BTreeMap<u64, User> }

impl Item {
    pub fn list(name: String, price: i64, stock: u32) -> Self { Self { name, price, stock } }
    pub fn price(&self) -> i64 { self.price }
    pub fn stock(&self) -> u32 { self.stock }
    pub fn take(&mut self, amount: u32) -> Result<(), Refused> {
        if self.stock < amount {
            return Err(Refused::SoldOut { item: self.name.clone(), left: self.stock });
        }
        self.stock -= amount;
        Ok(())
    }
}
impl Order {
    pub fn place(number: (u64, u32), lines: Vec<(String, u32)>, total: i64) -> Self { Self { number, lines, total } }
    pub fn total(&self) -> i64 { self.total }
    pub fn lines(&self) -> Vec<(String, u32)> { self.lines.clone() }
}
impl User {
    pub fn sign_up(id: u64, balance: i64) -> Self { Self { id, balance, orders: 0 } }
    pub fn balance(&self) -> i64 { self.balance }
    fn pay(&mut self, total: i64) -> Result<(), Refused> {
        if self.balance < total {
            return Err(Refused::TooExpensive { total, balance: self.balance });
        }
        self.balance -= total;
        Ok(())
    }
}
impl World {
    pub fn buy(&mut self, user: u64, item: &str, amount: u32) -> Option<Result<i64, Refused>> {
        let item = self.items.get_mut(item)?;
        let total = item.price() * i64::from(amount);
        if let Err(refused) = item.take(amount) {
            return Some(Err(refused));
        }
        Some(self.users.get_mut(&user)?.pay(total).map(|()| total))
    }
    pub fn checkout(&mut self, user: u64, basket: Vec<(String, u32)>) -> Option<Result<(u64, u32), Refused>> {
        let prices: Option<Vec<_>> = basket.iter().map(|(item, _)| Some(self.items.get(item)?.price())).collect();
        let mut total = 0;
        for ((item, amount), price) in basket.iter().zip(prices?) {
            if let Err(refused) = self.items.get_mut(item)?.take(*amount) {
                return Some(Err(refused));
            }
            total += price * i64::from(*amount);
        }
        let user = self.users.get_mut(&user)?;
        if let Err(refused) = user.pay(total) {
            return Some(Err(refused));
        }
        user.orders += 1;
        let number = (user.id, user.orders);
        self.orders.insert(number, Order::place(number, basket, total));
        Some(Ok(number))
    }
}
