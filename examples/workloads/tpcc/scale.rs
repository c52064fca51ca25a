//! How much data there is. The full size is the specification's; a smaller one keeps its proportions.

use super::entities::{CustomerKey, DistrictKey, OrderKey};

/// Rows per class of entity (clause 1.2.1).
#[derive(Clone, Copy, Debug)]
pub struct Scale {
    pub warehouses: u32,
    /// Per warehouse.
    pub districts: u8,
    /// Per district, and as many orders.
    pub customers: u32,
    /// In the catalogue; every warehouse stocks all of them.
    pub items: u32,
}

impl Scale {
    pub fn full(warehouses: u32) -> Self {
        Self { warehouses, districts: 10, customers: 3_000, items: 100_000 }
    }

    /// The orders of a district that are delivered when it is loaded: 2,100 of 3,000.
    pub fn delivered(&self) -> u32 {
        self.customers - self.customers * 3 / 10
    }

    /// Different last names: 1,000 for 3,000 customers.
    pub fn names(&self) -> u32 {
        (self.customers / 3).clamp(1, 1_000)
    }

    pub fn warehouse_ids(&self) -> impl Iterator<Item = u32> + use<> {
        1..=self.warehouses
    }

    pub fn district_ids(&self) -> impl Iterator<Item = u8> + use<> {
        1..=self.districts
    }

    pub fn customer_ids(&self) -> impl Iterator<Item = u32> + use<> {
        1..=self.customers
    }

    pub fn item_ids(&self) -> impl Iterator<Item = u32> + use<> {
        1..=self.items
    }

    pub fn district_keys(self) -> impl Iterator<Item = DistrictKey> {
        self.warehouse_ids().flat_map(move |w| self.district_ids().map(move |d| (w, d)))
    }

    pub fn customer_keys(self) -> impl Iterator<Item = CustomerKey> {
        self.district_keys().flat_map(move |(w, d)| self.customer_ids().map(move |c| (w, d, c)))
    }

    pub fn stock_keys(self) -> impl Iterator<Item = (u32, u32)> {
        self.warehouse_ids().flat_map(move |w| self.item_ids().map(move |i| (w, i)))
    }

    /// The tickets of the initial orders are their numbers.
    pub fn loaded_orders(self) -> impl Iterator<Item = OrderKey> {
        self.customer_keys().map(|(w, d, number)| (w, d, number.into()))
    }

    pub fn loaded_histories(self) -> impl Iterator<Item = (u32, u64)> {
        self.customer_keys().map(move |key| (key.0, self.loaded_ticket(key)))
    }

    /// The ticket of a customer's initial payment.
    pub fn loaded_ticket(&self, (_, district, customer): CustomerKey) -> u64 {
        u64::from(district.saturating_sub(1)) * u64::from(self.customers) + u64::from(customer)
    }

    /// The first ticket that the initial data do not use in any warehouse.
    pub fn first_ticket(&self) -> u64 {
        u64::from(self.districts) * u64::from(self.customers) + 1
    }
}
