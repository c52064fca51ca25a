//! The state of all entities after a run, read from an inspection.

use super::entities::{Customer, District, DistrictKey, History, Order, Stock, Warehouse};
use super::scale::Scale;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::BTreeMap;

/// Everything but the catalogue and the index of names, which nothing writes to.
pub struct State {
    pub scale: Scale,
    pub warehouses: Vec<Warehouse>,
    pub districts: Vec<District>,
    pub customers: Vec<Customer>,
    pub orders: Vec<Order>,
    pub stocks: Vec<Stock>,
    pub histories: Vec<History>,
}

impl State {
    pub fn read(mut inspection: Value, scale: Scale) -> Result<Self, String> {
        let from = &mut inspection;
        Ok(Self {
            scale,
            warehouses: class(from, "Warehouse")?,
            districts: class(from, "District")?,
            customers: class(from, "Customer")?,
            orders: class(from, "Order")?,
            stocks: class(from, "Stock")?,
            histories: class(from, "History")?,
        })
    }

    pub fn orders_of(&self) -> BTreeMap<DistrictKey, Vec<&Order>> {
        let mut of: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for order in &self.orders {
            of.entry((order.key.0, order.key.1)).or_default().push(order);
        }
        of
    }
}

/// All entities of a class; one that nobody created has none.
fn class<E: DeserializeOwned>(inspection: &mut Value, name: &str) -> Result<Vec<E>, String> {
    let Some(Value::Object(entities)) = inspection.get_mut(name).map(Value::take) else {
        return Ok(Vec::new());
    };
    let read = |(key, value)| serde_json::from_value(value).map_err(|error| format!("{name} {key}: {error}"));
    entities.into_iter().map(read).collect()
}
