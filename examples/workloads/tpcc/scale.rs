//! How much data there is. The full size is the specification's; a smaller one keeps its proportions.

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

    /// A hundredth of the customers and a thousandth of the items: for tests.
    pub fn tiny(warehouses: u32) -> Self {
        Self { warehouses, districts: 10, customers: 30, items: 100 }
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
}
