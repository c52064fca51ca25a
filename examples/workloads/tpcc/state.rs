//! The state of all entities after a run, asked of each of them.
//!
//! An inspection would give it, too, but as text: for one warehouse it takes gigabytes.

use super::entities::{Customer, District, DistrictKey, History, Order, Stock, Warehouse};
use super::requests::Terminals;
use super::scale::Scale;
use super::window::Window;
use std::collections::BTreeMap;
use thalweg::{Error, Handle, Reply};

/// Everything but the catalogue and the index of names, which nothing writes to.
#[derive(Clone)]
pub struct State {
    pub scale: Scale,
    /// How many orders and payments the terminals asked for.
    pub asked: (u64, u64),
    /// How many of the orders named an unused item.
    pub unused: u64,
    pub warehouses: Vec<Warehouse>,
    pub districts: Vec<District>,
    pub customers: Vec<Customer>,
    pub orders: Vec<Order>,
    pub stocks: Vec<Stock>,
    pub histories: Vec<History>,
}

impl State {
    pub fn ask(app: &Handle, terminals: &Terminals) -> Result<Self, Error> {
        let scale = terminals.scale;
        let orders = scale.loaded_orders().chain(terminals.orders.iter().copied());
        let histories = scale.loaded_histories().chain(terminals.payments.iter().copied());
        Ok(Self {
            scale,
            asked: (terminals.orders.len() as u64, terminals.payments.len() as u64),
            unused: terminals.unused,
            warehouses: all(scale.warehouse_ids(), |key| app.submit_waiting(Warehouse::at(key).look()))?,
            districts: all(scale.district_keys(), |key| app.submit_waiting(District::at(key).look()))?,
            customers: all(scale.customer_keys(), |key| app.submit_waiting(Customer::at(key).look()))?,
            orders: all(orders, |key| app.submit_waiting(Order::at(key).look()))?,
            stocks: all(scale.stock_keys(), |key| app.submit_waiting(Stock::at(key).look()))?,
            histories: all(histories, |key| app.submit_waiting(History::at(key).look()))?,
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

/// The entities with these keys, as far as they exist: an order that was refused does not.
fn all<E, K>(
    keys: impl Iterator<Item = K>,
    ask: impl Fn(K) -> Result<Reply<E>, Error>,
) -> Result<Vec<E>, Error> {
    let (mut found, mut window) = (Vec::new(), Window::new());
    let mut keep = |answer| match answer {
        Ok(entity) => {
            found.push(entity);
            Ok(())
        }
        Err(Error::Missing { .. }) => Ok(()),
        Err(error) => Err(error),
    };
    for key in keys {
        window.sent(ask(key)?).map_or(Ok(()), &mut keep)?;
    }
    window.rest().try_for_each(keep)?;
    Ok(found)
}
