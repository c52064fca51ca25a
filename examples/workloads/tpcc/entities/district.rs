//! Districts: they number orders, queue them for delivery, and know the latest.

use super::{Cents, Customer, DistrictKey, Item, Line, Order, OrderKey, Rate, Site, Stock, WHOLE, Warehouse};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use thalweg::prelude::*;

/// How many of its last orders a district looks at for its stock level (clause 2.8.2.2).
pub const RECENT: usize = 20;

/// A line that a customer asks for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Wanted {
    pub item: Ref<Item>,
    /// Of the same item, at the warehouse that supplies it.
    pub stock: Ref<Stock>,
    pub quantity: u32,
}

/// The last item of an order is not in the catalogue; the order is rolled back (clause 2.4.2.3).
#[derive(Debug, Serialize, Deserialize)]
pub struct UnusedItem;

/// What the terminal shows after an order (clause 2.4.3.3).
#[derive(Debug, Serialize, Deserialize)]
pub struct Receipt {
    pub number: u32,
    pub terms: super::customer::Terms,
    pub warehouse_tax: Rate,
    pub district_tax: Rate,
    pub lines: Vec<ReceiptLine>,
    pub total: Cents,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct ReceiptLine {
    pub name: Arc<str>,
    pub stock: u32,
    /// Both the item and its stock are marked as original: `B`, not `G`.
    pub brand: bool,
    pub price: Cents,
    pub amount: Cents,
}

#[entity(partition = "key.0")]
pub struct District {
    #[key]
    pub key: DistrictKey,
    pub site: Arc<Site>,
    pub tax: Rate,
    pub ytd: Cents,
    /// The number of the next order.
    pub next: u32,
    /// The tickets of the orders that wait for delivery, by their numbers (`NEW-ORDER`). In a mix without deliveries they
    /// grow without end.
    pub waiting: Table<u32, u64>,
    /// The tickets of the last orders, at most [`RECENT`] of them.
    pub recent: VecDeque<u64>,
}

#[entity]
impl District {
    /// With orders from before whose tickets are their numbers; those after `delivered` wait.
    pub fn open(key: DistrictKey, site: Site, tax: Rate, ytd: Cents, orders: u32, delivered: u32) -> Self {
        let waiting = (delivered + 1..=orders).map(|number| (number, number.into())).collect();
        let recent = (1..=u64::from(orders)).skip((orders as usize).saturating_sub(RECENT)).collect();
        Self { key, site: Arc::new(site), tax, ytd, next: orders + 1, waiting, recent }
    }

    /// All of it, for the checks.
    pub fn look(&self) -> Self {
        self.clone()
    }

    pub fn receive(&mut self, amount: Cents) -> Arc<Site> {
        self.ytd += amount;
        self.site.clone()
    }

    /// NewOrder (clause 2.4).
    pub async fn new_order(
        &mut self,
        warehouse: Ref<Warehouse>,
        customer: Ref<Customer>,
        order: Ref<Order>,
        wanted: Vec<Wanted>,
    ) -> Result<Receipt, UnusedItem> {
        let number = self.enter(Ref::key(&order).2);
        let district_tax = self.tax;
        let home = self.key;
        let warehouse_tax = warehouse.tax().await;
        let terms = customer.order(order.clone()).await;

        let (mut lines, mut shown, mut sum) = (Vec::new(), Vec::new(), 0);
        for Wanted { item, stock, quantity } in wanted {
            if !item.exists().await {
                return Err(UnusedItem);
            }
            let offer = item.offer().await;
            let taken = stock.take(home, quantity).await;
            let amount = offer.price * i64::from(quantity);
            sum += amount;
            let (supply, item) = *Ref::key(&stock);
            lines.push(Line { item, supply, quantity, amount, delivered: None, district: taken.district });
            let brand = offer.original && taken.original;
            shown.push(ReceiptLine {
                name: offer.name,
                stock: taken.left,
                brand,
                price: offer.price,
                amount,
            });
        }
        order.enter(number, customer, None, lines).await;
        let total = total(sum, terms.discount, warehouse_tax + district_tax);
        Ok(Receipt { number, terms, warehouse_tax, district_tax, lines: shown, total })
    }

    /// Gives an order its number and its place in the queue.
    fn enter(&mut self, ticket: u64) -> u32 {
        let number = self.next;
        self.next += 1;
        self.waiting.insert(number, ticket);
        self.recent.push_back(ticket);
        if self.recent.len() > RECENT {
            self.recent.pop_front();
        }
        number
    }

    /// Delivers the oldest order that waits; its number, or `None` when none does.
    pub async fn deliver(&mut self, carrier: u8) -> Option<u32> {
        let (number, ticket) = self.waiting.pop_first()?;
        let order = Order::at(self.order_key(ticket));
        let (customer, amount) = order.deliver(carrier).await;
        customer.deliver(amount).await;
        Some(number)
    }

    /// StockLevel (clause 2.8): how many items of the last orders have less than `threshold` in stock.
    pub async fn stock_level(&self, threshold: u32) -> u32 {
        let warehouse = self.key.0;
        let recent: Vec<_> = self.recent.iter().map(|ticket| Order::at(self.order_key(*ticket))).collect();
        let ordered = join_all(recent.iter().map(|order| order.items())).await;
        let items: BTreeSet<u32> = ordered.into_iter().flatten().collect();
        let left = join_all(items.iter().map(|item| Stock::at((warehouse, *item)).left())).await;
        left.into_iter().filter(|left| *left < threshold).count() as u32
    }

    fn order_key(&self, ticket: u64) -> OrderKey {
        (self.key.0, self.key.1, ticket)
    }
}

/// The price of an order after discount and taxes, to the nearest cent.
fn total(sum: Cents, discount: Rate, tax: Rate) -> Cents {
    let exact = i128::from(sum) * i128::from(WHOLE - discount) * i128::from(WHOLE + tax);
    let whole = i128::from(WHOLE * WHOLE);
    ((exact + whole / 2) / whole) as Cents
}
