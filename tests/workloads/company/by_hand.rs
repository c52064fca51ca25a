//! Single requests with answers worked out by hand, and the parts that chance and queues are made of.

use super::{SEED, start, tiny};
use crate::tpcc::Tpcc;
use crate::tpcc::entities::{
    Address, Customer, District, Item, Order, Person, Site, Stock, StockLabel, Wanted, Warehouse,
};
use crate::tpcc::random::{Random, last_name};
use thalweg::prelude::*;

/// One warehouse with one district, one customer and two items; 10 % and 5 % tax, 20 % discount.
fn corner_shop() -> Handle {
    let app = start(&Tpcc::new(tiny(1), SEED), 1);
    let text = || "x".to_owned();
    let address = || Address { street: [text(), text()], city: text(), state: text(), zip: text() };
    let site = |name: &str| Site { name: name.to_owned(), address: address() };
    let [first, middle, last, phone] = ["Ada", "OE", "BARBARBAR", "1"].map(str::to_owned);
    let (good_credit, credit_limit, discount) = (false, 5_000_000, 2_000);
    let person =
        Person { first, middle, last, address: address(), phone, good_credit, credit_limit, discount };
    let put = |reply: Result<(), thalweg::Error>| reply.expect("it is new");

    put(app.call_blocking(Warehouse::at(1).open(site("W"), 1_000, 0)));
    put(app.call_blocking(District::at((1, 1)).open(site("D"), 500, 0, 0, 0)));
    put(app.call_blocking(Customer::at((1, 1, 1)).join(person, Order::at((1, 1, 0)), "old".to_owned())));
    for (item, price, data) in [(1, 1_000, "is ORIGINAL"), (2, 333, "generic")] {
        put(app.call_blocking(Item::at((1, item)).list(1, format!("item {item}"), price, data.to_owned())));
        let label = StockLabel { districts: vec!["first".into()], data: "ORIGINAL, too".to_owned() };
        put(app.call_blocking(Stock::at((1, item)).fill(label, 15)));
    }
    app
}

fn wanted(item: u32, quantity: u32) -> Wanted {
    Wanted { item: Item::at((1, item)), stock: Stock::at((1, item)), quantity }
}

#[test]
fn an_order_its_rollback_its_delivery_and_a_payment() {
    let app = corner_shop();
    let (warehouse, district, customer) = (Warehouse::at(1), District::at((1, 1)), Customer::at((1, 1, 1)));
    let order = |ticket, lines| {
        let call = district.new_order(warehouse.clone(), customer.clone(), Order::at((1, 1, ticket)), lines);
        app.call_blocking(call).expect("an answer")
    };

    let receipt = order(7, vec![wanted(1, 5), wanted(2, 6)]).expect("both items are listed");
    // 5 of 15 leave 10; 6 of 15 would leave less than ten, so 91 come in.
    let lines: Vec<_> = receipt.lines.iter().map(|line| (line.stock, line.brand, line.amount)).collect();
    assert_eq!(lines, [(10, true, 5_000), (100, false, 1_998)]);
    // (5,000 + 1,998) × 0.8 × 1.15 = 6,438.16
    assert_eq!((receipt.number, receipt.total), (1, 6_438));

    assert!(order(8, vec![wanted(1, 5), wanted(3, 1)]).is_err(), "there is no item 3");
    assert_eq!(app.call_blocking(Stock::at((1, 1)).left()), Ok(10), "the rollback gave them back");
    assert_eq!(order(9, vec![wanted(1, 1)]).expect("the item is listed").number, 2, "no number was used");
    assert_eq!(app.call_blocking(district.stock_level(101)), Ok(2));
    assert_eq!(app.call_blocking(district.stock_level(100)), Ok(0));

    let deliver = || app.call_blocking(warehouse.deliver(vec![district.clone()], 4));
    assert_eq!([deliver(), deliver(), deliver()], [Ok(vec![Some(1)]), Ok(vec![Some(2)]), Ok(vec![None])]);
    let status = app.call_blocking(customer.status()).expect("an answer");
    assert_eq!((status.last_order.number, status.last_order.carrier), (2, Some(4)));
    assert_eq!(status.balance, -1_000 + 5_000 + 1_998 + 1_000);

    let history = crate::tpcc::entities::History::at((1, 1));
    let paid = app.call_blocking(warehouse.pay(district, customer, history, 12_345)).expect("an answer");
    assert_eq!(paid.payer.data, "1 1 1 1 1 123.45|old", "bad credit leaves a trace");
    assert_eq!(paid.payer.balance, 6_998 - 12_345);
    app.stop().expect("the program stops");
}

#[test]
fn names_are_made_of_syllables() {
    assert_eq!(last_name(371), "PRICALLYOUGHT");
    assert_eq!(last_name(40), "BARPRESBAR");
}

#[test]
fn chance_keeps_its_bounds() {
    let mut random = Random::new(SEED);
    let draws: Vec<u32> = (0..10_000).map(|_| random.nurand(255, 200, 1, 7)).collect();
    assert_eq!((draws.iter().min(), draws.iter().max()), (Some(&1), Some(&7)));
    let mut numbers = random.permutation(50);
    assert!(!numbers.is_sorted());
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=50).collect::<Vec<_>>());
    let original = (0..10_000).filter(|_| random.data().contains("ORIGINAL")).count();
    assert!((800..1_200).contains(&original), "{original} of 10,000 are original, not a tenth");
}
