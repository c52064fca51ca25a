//! TPC-C, revision 5.11: a company that takes, pays for and delivers orders. All five transactions.
//!
//! The terminals' screens, keying times and think times are left out; the rest of a terminal is `requests`.

pub mod entities;
pub mod scale;
pub mod random;
mod window;
mod load;
mod requests;
pub mod state;
pub mod check;

use crate::workload::{Pending, Workload};
use entities::{Customer, CustomersByName, District, History, Item, Order, Stock, Warehouse};
use load::Loader;
use requests::Terminals;
use scale::Scale;
use state::State;
use thalweg::prelude::*;

/// How often each transaction is asked for, in percent.
struct Mix {
    name: &'static str,
    new_order: u32,
    payment: u32,
    order_status: u32,
    delivery: u32,
}

pub struct Tpcc {
    mix: Mix,
    terminals: Terminals,
}

impl Tpcc {
    /// NewOrder, Payment, OrderStatus, Delivery and StockLevel at 45/43/4/4/4 (clause 5.2.3).
    pub fn new(scale: Scale, seed: u64) -> Self {
        let mix = Mix { name: "tpcc", new_order: 45, payment: 43, order_status: 4, delivery: 4 };
        Self { mix, terminals: Terminals::new(scale, seed) }
    }

    /// NewOrder and Payment alone at 51/49, which others have measured.
    pub fn two_kinds(scale: Scale, seed: u64) -> Self {
        let mix = Mix { name: "tpcc-51-49", new_order: 51, payment: 49, order_status: 0, delivery: 0 };
        Self { mix, terminals: Terminals::new(scale, seed) }
    }

    /// The state as the conditions see it; no request may be under way.
    pub fn state(&self, app: &Handle) -> Result<State, thalweg::Error> {
        State::ask(app, &self.terminals)
    }
}

impl Workload for Tpcc {
    fn name(&self) -> &'static str {
        self.mix.name
    }

    fn register(&self, app: App) -> App {
        app.entity::<Warehouse>()
            .entity::<District>()
            .entity::<Customer>()
            .entity::<CustomersByName>()
            .entity::<Order>()
            .entity::<Item>()
            .entity::<Stock>()
            .entity::<History>()
    }

    fn load(&mut self, app: &Handle) -> thalweg::Result<Vec<Pending>> {
        let Terminals { scale, random, constants, .. } = &mut self.terminals;
        Ok(Loader { app, random, constants, scale: *scale, sent: Vec::new() }.load()?)
    }

    fn next(&mut self, app: &Handle) -> Result<Pending, thalweg::Error> {
        let Mix { new_order, payment, order_status, delivery, .. } = self.mix;
        let terminals = &mut self.terminals;
        match terminals.random.between(0, 99) {
            n if n < new_order => terminals.new_order(app),
            n if n < new_order + payment => terminals.payment(app),
            n if n < new_order + payment + order_status => terminals.order_status(app),
            n if n < new_order + payment + order_status + delivery => terminals.delivery(app),
            _ => terminals.stock_level(app),
        }
    }

    fn check(&self, app: &Handle) -> thalweg::Result<()> {
        Ok(check::check(&self.state(app)?)?)
    }
}
