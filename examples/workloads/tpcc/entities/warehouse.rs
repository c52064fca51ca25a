//! Warehouses, where money and deliveries begin, and the history of payments.

use super::{Cents, Customer, CustomerKey, District, DistrictKey, Rate};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use thalweg::prelude::*;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Address {
    pub street: [String; 2],
    pub city: String,
    pub state: String,
    pub zip: String,
}

/// The name and address of a warehouse or a district.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Site {
    pub name: String,
    pub address: Address,
}

/// What the terminal shows after a payment (clause 2.5.3.3).
#[derive(Debug, Serialize, Deserialize)]
pub struct Paid {
    pub warehouse: Arc<Site>,
    pub district: Arc<Site>,
    pub payer: super::customer::Payer,
}

#[entity]
pub struct Warehouse {
    #[key]
    pub id: u32,
    pub site: Arc<Site>,
    pub tax: Rate,
    /// All payments since the beginning.
    pub ytd: Cents,
}

#[entity]
impl Warehouse {
    pub fn open(id: u32, site: Site, tax: Rate, ytd: Cents) -> Self {
        Self { id, site: Arc::new(site), tax, ytd }
    }

    /// All of it, for the checks.
    pub fn look(&self) -> Self {
        self.clone()
    }

    pub fn tax(&self) -> Rate {
        self.tax
    }

    /// Payment (clause 2.5) by a customer who is known by number.
    pub async fn pay(
        &mut self,
        district: Ref<District>,
        customer: Ref<Customer>,
        history: Ref<History>,
        amount: Cents,
    ) -> Paid {
        self.ytd += amount;
        let site = self.site.clone();
        let counter = *Ref::key(&district);

        let district = district.receive(amount).await;
        let payer = customer.pay(counter, amount).await;
        let data = format!("{}    {}", site.name, district.name);
        history.record(*Ref::key(&customer), counter, amount, data).await;
        Paid { warehouse: site, district, payer }
    }

    /// Delivery (clause 2.7) of the oldest order of each district, as one transaction; the numbers of the orders.
    pub async fn deliver(&self, districts: Vec<Ref<District>>, carrier: u8) -> Vec<Option<u32>> {
        join_all(districts.iter().map(|district| district.deliver(carrier))).await
    }
}

/// One payment, kept with the warehouse that took it.
#[entity(partition = "key.0")]
pub struct History {
    /// The warehouse, and the ticket of the terminal.
    #[key]
    pub key: (u32, u64),
    pub customer: CustomerKey,
    pub district: DistrictKey,
    pub date: u64,
    pub amount: Cents,
    pub data: String,
}

#[entity]
impl History {
    pub fn record(
        key: (u32, u64),
        customer: CustomerKey,
        district: DistrictKey,
        amount: Cents,
        data: String,
    ) -> Self {
        Self { key, customer, district, date: thalweg::now(), amount, data }
    }

    /// All of it, for the checks.
    pub fn look(&self) -> Self {
        self.clone()
    }
}
