//! The company of TPC-C as entities, each on the worker of its warehouse.
//!
//! | Transaction | Root | Calls | Plan | Why |
//! |---|---|---|---|---|
//! | NewOrder | [`District::new_order`] | 19 to 49 | static | the terminal names customer, items, stocks and the new order |
//! | Payment, by number | [`Warehouse::pay`] | 4 | static | the terminal names the customer and the history entry |
//! | Payment, by name | [`CustomersByName::pay`] | 5 | dynamic | which customer it is says the list of that name |
//! | OrderStatus | [`Customer::status`], [`CustomersByName::status`] | 2, 3 | dynamic | the customer knows the last order |
//! | Delivery | [`Warehouse::deliver`] | 31 | dynamic | a district knows its oldest order, this its customer |
//! | StockLevel | [`District::stock_level`] | about 200 | dynamic | the district knows its last orders, these their items |
//!
//! NewOrder is static because an order has two names. The terminal that enters it names the entity, by a *ticket* that
//! is used once; the district gives it the *number* that people see (`O_ID`), the next one of the district.
//!
//! What never changes (names, addresses) stands behind an `Arc`: the system keeps a copy of an entity before its first
//! write in a transaction, and copies share it.

mod warehouse;
mod district;
mod customer;
mod order;
mod stock;

pub use customer::{Customer, CustomersByName, Person};
pub use district::{District, Wanted};
pub use order::{Line, Order};
pub use stock::{Item, Stock, StockLabel};
pub use warehouse::{Address, History, Site, Warehouse};

/// Money in cents.
pub type Cents = i64;

/// A tax or a discount, in ten-thousandths.
pub type Rate = i64;

/// 100 %.
pub const WHOLE: Rate = 10_000;

/// A district: its warehouse, and its number there.
pub type DistrictKey = (u32, u8);

/// A customer: the district, and the number there.
pub type CustomerKey = (u32, u8, u32);

/// An order: the district, and the ticket.
pub type OrderKey = (u32, u8, u64);
