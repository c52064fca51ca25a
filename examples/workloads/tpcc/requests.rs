//! What the terminals ask for (clauses 2.4.1, 2.5.1, 2.6.1, 2.7.1 and 2.8.1).

use super::entities::{
    Customer, CustomersByName, District, DistrictKey, History, Item, Order, OrderKey, Stock, Wanted,
    Warehouse,
};
use super::random::{Constants, Random, last_name};
use super::scale::Scale;
use crate::answers::any;
use crate::workload::{Outcome, Pending};
use thalweg::{Error, Handle, Ref, Reply};

/// The terminals of all warehouses.
pub struct Terminals {
    pub scale: Scale,
    pub random: Random,
    pub constants: Constants,
    /// The next ticket; those of the initial data are smaller.
    pub ticket: u64,
    /// The orders and payments asked for, so that the checks find them.
    pub orders: Vec<OrderKey>,
    pub payments: Vec<(u32, u64)>,
    /// Orders asked for that name an unused item and so must be refused.
    pub unused: u64,
}

impl Terminals {
    pub fn new(scale: Scale, seed: u64) -> Self {
        let mut random = Random::new(seed);
        let constants = Constants::draw(&mut random);
        let ticket = scale.first_ticket();
        Self { scale, random, constants, ticket, orders: Vec::new(), payments: Vec::new(), unused: 0 }
    }

    pub fn new_order(&mut self, app: &Handle) -> Result<Pending, Error> {
        let (warehouse, district) = self.home();
        let customer = Customer::at((warehouse, district, self.customer()));
        let order = (warehouse, district, self.ticket());
        self.orders.push(order);
        let count = self.random.between(5, 15);
        let mut wanted: Vec<_> = (0..count).map(|_| self.wanted(warehouse)).collect();
        if self.random.percent(1)
            && let Some(last) = wanted.last_mut()
        {
            last.item = Item::at((warehouse, self.scale.items + 1));
            self.unused += 1;
        }
        let district = District::at((warehouse, district));
        let call = district.new_order(Warehouse::at(warehouse), customer, Order::at(order), wanted);
        app.submit_waiting(call).map(answer_or_refusal)
    }

    fn wanted(&mut self, warehouse: u32) -> Wanted {
        let item = self.random.nurand(8_191, self.constants.item, 1, self.scale.items);
        let supply = if self.random.percent(1) { self.other_warehouse(warehouse) } else { warehouse };
        let quantity = self.random.between(1, 10);
        Wanted { item: Item::at((warehouse, item)), stock: Stock::at((supply, item)), quantity }
    }

    pub fn payment(&mut self, app: &Handle) -> Result<Pending, Error> {
        let home = self.home();
        let (warehouse, district) = (Warehouse::at(home.0), District::at(home));
        let history = (home.0, self.ticket());
        self.payments.push(history);
        let history = History::at(history);
        let amount = self.random.amount(100, 500_000);
        let payer = match self.random.percent(85) {
            true => home,
            false => (self.other_warehouse(home.0), self.random.small(1, self.scale.districts)),
        };
        if self.random.percent(60) {
            let call = self.named(payer).pay(warehouse, district, history, amount);
            return app.submit_waiting(call).map(answer_or_refusal);
        }
        let customer = Customer::at((payer.0, payer.1, self.customer()));
        app.submit_waiting(warehouse.pay(district, customer, history, amount)).map(any)
    }

    pub fn order_status(&mut self, app: &Handle) -> Result<Pending, Error> {
        let home = self.home();
        if self.random.percent(60) {
            return app.submit_waiting(self.named(home).status()).map(answer_or_refusal);
        }
        let customer = Customer::at((home.0, home.1, self.customer()));
        app.submit_waiting(customer.status()).map(any)
    }

    pub fn delivery(&mut self, app: &Handle) -> Result<Pending, Error> {
        let (warehouse, _) = self.home();
        let districts =
            self.scale.district_ids().map(|district| District::at((warehouse, district))).collect();
        let carrier = self.random.small(1, 10);
        app.submit_waiting(Warehouse::at(warehouse).deliver(districts, carrier)).map(any)
    }

    pub fn stock_level(&mut self, app: &Handle) -> Result<Pending, Error> {
        let district = District::at(self.home());
        let threshold = self.random.between(10, 20);
        app.submit_waiting(district.stock_level(threshold)).map(any)
    }

    fn home(&mut self) -> DistrictKey {
        (self.random.between(1, self.scale.warehouses), self.random.small(1, self.scale.districts))
    }

    /// Any but this one, unless it is the only one.
    fn other_warehouse(&mut self, home: u32) -> u32 {
        if self.scale.warehouses < 2 {
            return home;
        }
        let other = self.random.between(1, self.scale.warehouses - 1);
        other + u32::from(other >= home)
    }

    fn customer(&mut self) -> u32 {
        self.random.nurand(1_023, self.constants.customer, 1, self.scale.customers)
    }

    fn named(&mut self, (warehouse, district): DistrictKey) -> Ref<CustomersByName> {
        let name = self.random.nurand(255, self.constants.name, 0, self.scale.names() - 1);
        CustomersByName::at((warehouse, district, last_name(name)))
    }

    fn ticket(&mut self) -> u64 {
        self.ticket += 1;
        self.ticket - 1
    }
}

fn answer_or_refusal<T: Send + 'static, E: Send + 'static>(reply: Reply<Result<T, E>>) -> Pending {
    Box::new(move || Ok(reply.wait()?.map_or(Outcome::Refused, |_| Outcome::Committed)))
}
