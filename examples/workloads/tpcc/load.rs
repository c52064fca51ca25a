//! The initial data (clause 4.3.3.1).

use super::entities::{
    Address, Cents, Customer, CustomersByName, District, History, Item, Line, Order, Person, Site, Stock,
    StockLabel, Warehouse,
};
use super::random::{Constants, Random, last_name};
use super::scale::Scale;
use crate::answers::any;
use crate::workload::Pending;
use std::collections::BTreeMap;
use std::sync::Arc;
use thalweg::{Error, Handle, Ref, Reply};

/// What every customer has paid before the beginning.
const PAID: Cents = 1_000;

pub struct Loader<'a> {
    pub app: &'a Handle,
    pub random: &'a mut Random,
    pub constants: &'a Constants,
    pub scale: Scale,
    pub sent: Vec<Pending>,
}

impl Loader<'_> {
    pub fn load(mut self) -> Result<Vec<Pending>, Error> {
        for warehouse in self.scale.warehouse_ids() {
            self.catalogue(warehouse)?;
            self.stocks(warehouse)?;
            let ytd = PAID * i64::from(self.scale.customers) * i64::from(self.scale.districts);
            let (site, tax) = (self.site(), self.random.amount(0, 2_000));
            self.sent(self.app.submit_waiting(Warehouse::at(warehouse).open(site, tax, ytd)))?;
            for district in self.scale.district_ids() {
                self.district(warehouse, district)?;
            }
        }
        Ok(self.sent)
    }

    fn sent(&mut self, reply: Result<Reply<()>, Error>) -> Result<(), Error> {
        self.sent.push(any(reply?));
        Ok(())
    }

    /// The same in every warehouse: it comes from a stream of its own.
    fn catalogue(&mut self, warehouse: u32) -> Result<(), Error> {
        let mut random = Random::new(self.constants.item.into());
        for item in self.scale.item_ids() {
            let (image, name) = (random.between(1, 10_000), random.letters(14, 24));
            let (price, data) = (random.amount(100, 10_000), random.data());
            self.sent(self.app.submit_waiting(Item::at((warehouse, item)).list(image, name, price, data)))?;
        }
        Ok(())
    }

    fn stocks(&mut self, warehouse: u32) -> Result<(), Error> {
        for item in self.scale.item_ids() {
            let districts = self.scale.district_ids().map(|_| self.random.letters(24, 24).into()).collect();
            let label = StockLabel { districts, data: self.random.data() };
            let quantity = self.random.between(10, 100);
            self.sent(self.app.submit_waiting(Stock::at((warehouse, item)).fill(label, quantity)))?;
        }
        Ok(())
    }

    fn district(&mut self, warehouse: u32, district: u8) -> Result<(), Error> {
        let (orders, delivered) = (self.scale.customers, self.scale.delivered());
        let (site, tax) = (self.site(), self.random.amount(0, 2_000));
        let ytd = PAID * i64::from(self.scale.customers);
        let open = District::at((warehouse, district)).open(site, tax, ytd, orders, delivered);
        self.sent(self.app.submit_waiting(open))?;

        // Every customer has one order; its place in the list is the customer's number.
        let numbers = self.random.permutation(orders);
        let mut names: BTreeMap<String, Vec<(String, Ref<Customer>)>> = BTreeMap::new();
        for (customer, number) in self.scale.customer_ids().zip(numbers) {
            let at = Customer::at((warehouse, district, customer));
            let person = self.person(customer);
            names.entry(person.last.clone()).or_default().push((person.first.clone(), at.clone()));
            self.order(Order::at((warehouse, district, number.into())), number, at.clone())?;
            self.history(at.clone())?;
            let order = Order::at((warehouse, district, number.into()));
            let data = self.random.letters(300, 500);
            self.sent(self.app.submit_waiting(at.join(person, order, data)))?;
        }
        for (name, mut customers) in names {
            customers.sort();
            let customers = customers.into_iter().map(|(_, customer)| customer).collect();
            let index = CustomersByName::at((warehouse, district, name)).index(customers);
            self.sent(self.app.submit_waiting(index))?;
        }
        Ok(())
    }

    fn order(&mut self, order: Ref<Order>, number: u32, customer: Ref<Customer>) -> Result<(), Error> {
        let delivered = number <= self.scale.delivered();
        let carrier = delivered.then(|| self.random.small(1, 10));
        let count = self.random.between(5, 15);
        let lines = (0..count).map(|_| self.line(Ref::key(&order).0, delivered)).collect();
        self.sent(self.app.submit_waiting(order.enter(number, customer, carrier, lines)))
    }

    fn line(&mut self, supply: u32, delivered: bool) -> Line {
        Line {
            item: self.random.between(1, self.scale.items),
            supply,
            quantity: 5,
            // Up to 9,999.99; what was delivered before was free.
            amount: if delivered { 0 } else { self.random.amount(1, 999_999) },
            delivered: None,
            district: Arc::from(self.random.letters(24, 24)),
        }
    }

    fn history(&mut self, customer: Ref<Customer>) -> Result<(), Error> {
        let key = *Ref::key(&customer);
        let data = self.random.letters(12, 24);
        let history = History::at((key.0, self.scale.loaded_ticket(key)));
        let record = history.record(key, (key.0, key.1), PAID, data);
        self.sent(self.app.submit_waiting(record))
    }

    /// The first customers have each name once, the others at random.
    fn person(&mut self, customer: u32) -> Person {
        let names = self.scale.names();
        let name = match customer <= names {
            true => customer - 1,
            false => self.random.nurand(255, self.constants.name_at_load, 0, names - 1),
        };
        Person {
            first: self.random.letters(8, 16),
            middle: "OE".to_owned(),
            last: last_name(name),
            address: self.address(),
            phone: self.random.digits(16),
            good_credit: !self.random.percent(10),
            credit_limit: 5_000_000,
            discount: self.random.amount(0, 5_000),
        }
    }

    fn site(&mut self) -> Site {
        Site { name: self.random.letters(6, 10), address: self.address() }
    }

    fn address(&mut self) -> Address {
        Address {
            street: [self.random.letters(10, 20), self.random.letters(10, 20)],
            city: self.random.letters(10, 20),
            state: self.random.letters(2, 2),
            zip: format!("{}11111", self.random.digits(4)),
        }
    }
}
