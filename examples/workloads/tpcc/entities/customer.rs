//! Customers, by number and by name.

use super::warehouse::Paid;
use super::{Address, Cents, CustomerKey, District, DistrictKey, History, Order, Rate, Warehouse};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use thalweg::prelude::*;

/// The most characters of a customer's data (`C_DATA`).
const DATA: usize = 500;

/// What never changes of a customer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Person {
    pub first: String,
    pub middle: String,
    pub last: String,
    pub address: Address,
    pub phone: String,
    pub good_credit: bool,
    pub credit_limit: Cents,
    pub discount: Rate,
}

/// What an order must know of its customer.
#[derive(Debug, Serialize, Deserialize)]
pub struct Terms {
    pub last: String,
    pub good_credit: bool,
    pub discount: Rate,
}

/// What the terminal shows of a customer who paid.
#[derive(Debug, Serialize, Deserialize)]
pub struct Payer {
    pub customer: CustomerKey,
    pub person: Arc<Person>,
    pub balance: Cents,
    /// The beginning of the data, where the credit is bad.
    pub data: String,
}

/// What the terminal shows of a customer and the last order (clause 2.6.3.3).
#[derive(Debug, Serialize, Deserialize)]
pub struct Status {
    pub customer: CustomerKey,
    pub person: Arc<Person>,
    pub balance: Cents,
    pub last_order: super::order::Shown,
}

/// Nobody in the district has this name.
#[derive(Debug, Serialize, Deserialize)]
pub struct Unknown;

#[entity(partition = "key.0")]
pub struct Customer {
    #[key]
    pub key: CustomerKey,
    pub person: Arc<Person>,
    pub since: u64,
    pub balance: Cents,
    pub paid: Cents,
    pub payments: u32,
    pub deliveries: u32,
    pub last_order: Ref<Order>,
    pub data: String,
}

#[entity]
impl Customer {
    /// A customer with one payment of ten and one order behind (clause 4.3.3.1).
    pub fn join(key: CustomerKey, person: Person, last_order: Ref<Order>, data: String) -> Self {
        let (person, since) = (Arc::new(person), thalweg::now());
        let (balance, paid, payments, deliveries) = (-1_000, 1_000, 1, 0);
        Self { key, person, since, balance, paid, payments, deliveries, last_order, data }
    }

    /// All of it, for the checks.
    pub fn look(&self) -> Self {
        self.clone()
    }

    pub fn order(&mut self, order: Ref<Order>) -> Terms {
        self.last_order = order;
        let Person { last, good_credit, discount, .. } = &*self.person;
        Terms { last: last.clone(), good_credit: *good_credit, discount: *discount }
    }

    /// The customer's part of a payment at a district, which need not be the customer's own.
    pub fn pay(&mut self, counter: DistrictKey, amount: Cents) -> Payer {
        self.balance -= amount;
        self.paid += amount;
        self.payments += 1;
        let mut data = String::new();
        if !self.person.good_credit {
            self.note(counter, amount);
            data = self.data.chars().take(200).collect();
        }
        Payer { customer: self.key, person: self.person.clone(), balance: self.balance, data }
    }

    /// Bad credit leaves a trace of every payment (clause 2.5.2.2).
    fn note(&mut self, (warehouse, district): DistrictKey, amount: Cents) {
        let (home, home_district, number) = self.key;
        let (whole, cents) = (amount / 100, amount % 100);
        let note = format!("{number} {home_district} {home} {district} {warehouse} {whole}.{cents:02}|");
        self.data = note.chars().chain(self.data.chars()).take(DATA).collect();
    }

    pub fn deliver(&mut self, amount: Cents) {
        self.balance += amount;
        self.deliveries += 1;
    }

    /// OrderStatus (clause 2.6) of a customer who is known by number.
    pub async fn status(&self) -> Status {
        let (customer, person, balance) = (self.key, self.person.clone(), self.balance);
        let last_order = self.last_order.clone().show().await;
        Status { customer, person, balance, last_order }
    }
}

/// The customers of a district who share a last name, ordered by their first names.
#[entity(partition = "key.0")]
pub struct CustomersByName {
    #[key]
    pub key: (u32, u8, String),
    pub customers: Vec<Ref<Customer>>,
}

#[entity]
impl CustomersByName {
    pub fn index(key: (u32, u8, String), customers: Vec<Ref<Customer>>) -> Self {
        Self { key, customers }
    }

    /// The one in the middle, rounded up, is meant (clauses 2.5.2.2 and 2.6.2.2).
    fn middle(&self) -> Result<Ref<Customer>, Unknown> {
        let at = self.customers.len().div_ceil(2).checked_sub(1).ok_or(Unknown)?;
        self.customers.get(at).cloned().ok_or(Unknown)
    }

    /// Payment by a customer who is known by name.
    pub async fn pay(
        &self,
        warehouse: Ref<Warehouse>,
        district: Ref<District>,
        history: Ref<History>,
        amount: Cents,
    ) -> Result<Paid, Unknown> {
        let customer = self.middle()?;
        Ok(warehouse.pay(district, customer, history, amount).await)
    }

    /// OrderStatus of a customer who is known by name.
    pub async fn status(&self) -> Result<Status, Unknown> {
        let customer = self.middle()?;
        Ok(customer.status().await)
    }
}
