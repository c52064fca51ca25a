//! Keys that a method computes of its arguments and of the key of its entity: such calls are static.
#![allow(non_snake_case, unused_assignments, reason = "so it may be in valid programs")]
use serde::{Deserialize, Serialize};
use thalweg::graph::AccessPlan;
use thalweg::prelude::*;
use thalweg::simulation::Schedule;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ItemId(u32);

#[entity(auto)]
pub struct Stock {
    #[key]
    at: (u64, ItemId),
    left: i64,
}

#[entity]
impl Stock {
    pub fn new(at: (u64, ItemId)) -> Self {
        Self { at, left: 100 }
    }
    pub fn take(&mut self, n: i64) -> i64 {
        self.left -= n;
        self.left
    }
    pub fn left(&self) -> i64 {
        self.left
    }
}

#[entity(auto)]
pub struct Label {
    #[key]
    text: String,
    seen: u64,
}

#[entity]
impl Label {
    pub fn new(text: String) -> Self {
        Self { text, seen: 0 }
    }
    pub fn see(&mut self) -> u64 {
        self.seen += 1;
        self.seen
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Line {
    item: u32,
    quantity: i64,
}

/// Cannot be copied; what it gives cannot be computed beforehand.
#[derive(Debug, Serialize, Deserialize)]
pub struct Once(u32);

/// No entity, with a function of that name.
pub struct Grid;

impl Grid {
    pub fn at(n: u32) -> Ref<Stock> {
        Stock::at((9, ItemId(n)))
    }
}

#[entity(auto)]
pub struct Shop {
    #[key]
    id: u64,
    sold: i64,
    next: u32,
}

const FIRST: u32 = 1;

#[entity]
impl Shop {
    const LAST: u32 = 3;

    pub fn new(id: u64) -> Self {
        Self { id, sold: 0, next: 1 }
    }
    pub async fn sell(&mut self, item: u32, n: i64) -> i64 {
        self.sold += n;
        Stock::at((self.id, ItemId(item))).take(n).await
    }
    pub async fn order(&mut self, lines: Vec<Line>) -> i64 {
        let mut left = 0;
        for line in &lines {
            left += Stock::at((self.id, ItemId(line.item))).take(line.quantity).await;
        }
        left
    }
    pub async fn order_all(&self, lines: Vec<Line>) -> Vec<i64> {
        join_all(lines.iter().map(|line| Stock::at((self.id, ItemId(line.item))).take(line.quantity))).await
    }
    pub async fn shadowed(&self, item: u32) -> i64 {
        let at = (self.id, ItemId(item));
        let item = 2;
        let n = i64::from(item);
        Stock::at(at).take(n).await
    }
    pub async fn constants(&self) -> i64 {
        Stock::at((self.id, ItemId(FIRST))).left().await
            + Stock::at((self.id, ItemId(Self::LAST))).left().await
    }
    pub async fn named(&self, name: String, more: Option<u64>) -> u64 {
        let label = Label::at(name.to_uppercase()).see().await;
        match more {
            Some(more) => Label::at(more.to_string()).see().await,
            None => label,
        }
    }
    /// The key comes from state.
    pub async fn next(&mut self) -> i64 {
        self.next += 1;
        Stock::at((self.id, ItemId(self.next))).take(1).await
    }
    pub async fn once(&self, item: Once) -> i64 {
        Stock::at((self.id, ItemId(item.0))).take(1).await
    }
    pub async fn grid(&self, n: u32) -> i64 {
        Grid::at(n).take(1).await
    }
    /// Panics where it is computed for nothing, too.
    pub async fn overflow(&self, item: u32) -> i64 {
        if item == u32::MAX {
            return -1;
        }
        Stock::at((self.id, ItemId(item + 1))).take(1).await
    }
    pub async fn first(&self) -> i64 {
        Stock::at((self.id, ItemId(1))).left().await
    }
    /// What another shop computes of its own key.
    pub async fn compare(&self, other: Ref<Shop>) -> i64 {
        let mine = self.first().await;
        mine - other.first().await
    }
    /// What another shop computes of arguments is found out by a scout.
    pub async fn sell_there(&self, other: Ref<Shop>, item: u32) -> i64 {
        other.sell(item, 5).await
    }
}

fn line(item: u32, quantity: i64) -> Line {
    Line { item, quantity }
}

#[test]
fn what_is_computed_is_touched() {
    script!([Shop]
        Shop::at(1).sell(4, 3) => "Ok(97)",
        Shop::at(2).sell(4, 3) => "Ok(97)",
        Shop::at(1).order(vec![line(4, 7), line(5, 1), line(4, 10)]) => "Ok(269)", // 90 + 99 + 80
        Shop::at(1).order(vec![]) => "Ok(0)",
        Shop::at(1).order_all(vec![line(6, 1), line(6, 2), line(7, 3)]) => "Ok([99, 97, 97])",
        Shop::at(1).shadowed(8) => "Ok(98)",
        Shop::at(1).constants() => "Ok(200)",
        Shop::at(1).named("a".to_owned(), None) => "Ok(1)",
        Shop::at(2).named("A".to_owned(), Some(7)) => "Ok(1)",
        Shop::at(3).named("a".to_owned(), Some(7)) => "Ok(2)",
        Shop::at(1).next() => "Ok(99)",
        Shop::at(1).next() => "Ok(99)",
        Shop::at(1).once(Once(4)) => "Ok(79)",
        Shop::at(1).grid(3) => "Ok(99)",
        Shop::at(1).overflow(3) => "Ok(78)",
        Shop::at(1).overflow(u32::MAX) => "Ok(-1)",
        Shop::at(2).sell(1, 30) => "Ok(70)",
        Shop::at(1).compare(Shop::at(2)) => "Ok(30)",
        Shop::at(1).sell_there(Shop::at(2), 4) => "Ok(92)",
    );
}

#[test]
fn what_is_computed_is_static() {
    let app = App::new("shop").entity::<Shop>();
    let graph = app.graph().expect("the shop fits together");
    let plan = |method| graph.plan_of("Shop", method).expect("the method is there");
    for method in
        ["sell", "order", "order_all", "shadowed", "constants", "named", "first", "compare", "overflow"]
    {
        assert!(matches!(plan(method), AccessPlan::Static(_)), "{method}: {:?}", plan(method));
    }
    for method in ["next", "sell_there"] {
        assert!(matches!(plan(method), AccessPlan::Dynamic(_)), "{method}: {:?}", plan(method));
    }
}

/// What is computed is right: no epoch has to be undone for it.
#[test]
fn nothing_is_mispredicted() {
    let app = App::new("shop").entity::<Shop>().workers(3).start().expect("it starts");
    for n in 0..20 {
        app.call_blocking(Shop::at(n).order(vec![line(1, 1), line(n as u32, 2)])).expect("it is sold");
        app.call_blocking(Shop::at(n).compare(Shop::at(n + 1))).expect("it is compared");
        app.call_blocking(Shop::at(n).named(format!("l{n}"), Some(n))).expect("it is seen");
    }
    let counts = app.method_counts();
    assert!(counts.iter().all(|counts| counts.tail == 0 && counts.scouted == 0), "{counts:#?}");
}

#[entity(auto)]
pub struct Purse {
    #[key]
    id: u64,
    coins: i64,
}

/// A type of the user's; what its methods do is the user's business.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Payee {
    to: Ref<Purse>,
}

#[entity]
impl Purse {
    pub fn new(id: u64) -> Self {
        Self { id, coins: 0 }
    }
    pub fn put(&mut self, n: i64) {
        self.coins += n;
    }
    pub async fn pay(&mut self, to: Ref<Purse>, n: i64) {
        self.coins -= n;
        to.put(n).await;
    }
    pub async fn pay_all(&mut self, all: Vec<(Ref<Purse>, i64)>) {
        for (to, n) in &all {
            self.coins -= n;
            to.put(*n).await;
        }
    }
    pub async fn pay_next(&mut self) {
        Purse::at((self.id, 7).0).put(1).await;
    }
    pub async fn pay_by_name(&mut self, to: Payee) {
        to.to.put(1).await;
    }
    pub async fn pay_first(&mut self, all: Vec<Ref<Purse>>) {
        if let Some(to) = all.first() {
            to.put(1).await;
        }
    }
}

/// What relies on nothing of the user's need not be undone: epochs with it are not marked.
#[test]
fn what_is_sure_and_what_is_presumed() {
    let purse = Purse::at;
    let epochs = |calls: &dyn Fn(&Handle)| {
        let app = App::new("purses").entity::<Purse>().workers(2);
        let mut simulation = app.simulate(Schedule { seed: 3, epoch: 1 }).expect("it fits together");
        calls(simulation.handle());
        simulation.run();
        simulation.traffic().undoable
    };
    assert_eq!(epochs(&|app| drop(app.submit(purse(1).pay(purse(2), 5)))), 0);
    assert_eq!(epochs(&|app| drop(app.submit(purse(1).pay_all(vec![(purse(2), 1), (purse(3), 2)])))), 0);
    assert_eq!(epochs(&|app| drop(app.submit(purse(1).pay_next()))), 0);
    assert_eq!(epochs(&|app| drop(app.submit(purse(1).pay_by_name(Payee { to: purse(2) })))), 1);
    assert_eq!(epochs(&|app| drop(app.submit(purse(1).pay_first(vec![purse(2)])))), 1);
}

/// No entity, with functions of that name that give more than a reference.
pub struct Perhaps;

impl Perhaps {
    pub fn at(n: u64) -> Option<Ref<Purse>> {
        (n > 0).then(|| Purse::at(n))
    }
}

mod pair {
    use super::{Purse, Ref};
    pub fn at(n: u64) -> (Ref<Purse>, Ref<Purse>) {
        (Purse::at(n), Purse::at(n + 1))
    }
}

/// Methods of the user's on types of std's, with names of std's and of an entity's.
trait Ring {
    fn next(&self) -> Ref<Odd>;
}

impl Ring for Ref<Odd> {
    fn next(&self) -> Ref<Odd> {
        Odd::at(Ref::key(self) + 1)
    }
}

#[entity(auto)]
pub struct Odd {
    #[key]
    id: u64,
    n: i64,
}

#[entity]
impl Odd {
    pub fn new(id: u64) -> Self {
        Self { id, n: 0 }
    }
    pub fn add(&mut self, n: i64) -> i64 {
        self.n += n;
        self.n
    }
    /// The entity itself is no computed key, whether its key is known or not.
    pub async fn me_and_another(&mut self) -> i64 {
        let me = Self::at(self.id);
        let mine = me.add(1).await;
        mine + Odd::at(self.id + 10).add(1).await
    }
    pub async fn me_and_a_tuple(&mut self) -> i64 {
        let me = Self::at(self.id);
        me.add(1).await;
        Stock::at((self.id, ItemId(7))).take(1).await
    }
    pub async fn perhaps(&self, n: u64) -> i64 {
        if let Some(purse) = Perhaps::at(n) {
            purse.put(1).await;
            return 1;
        }
        0
    }
    pub async fn both(&self, n: u64) {
        let (a, b) = pair::at(n);
        a.put(1).await;
        b.put(2).await;
    }
    pub async fn around(&self) -> i64 {
        Self::at(self.id).next().add(1).await
    }
    /// It stops long before the end.
    pub async fn first(&self, among: std::ops::Range<u64>) -> u64 {
        for n in among {
            if Odd::at(n).add(1).await == 1 {
                return n;
            }
        }
        0
    }
    pub async fn typed(&self, lines: Vec<Line>) -> Vec<i64> {
        join_all(lines.iter().map(|line: &Line| Stock::at((self.id, ItemId(line.item))).take(1))).await
    }
    /// The name is moved once, for the method returns.
    pub async fn moved(&self, name: String, lines: Vec<Line>) -> u64 {
        for line in &lines {
            if line.quantity > 0 {
                return Named::at((name, line.item)).see().await;
            }
        }
        0
    }
    /// The type of the number is known by a use that is not computed.
    pub async fn inferred(&self) -> i64 {
        let n = 1;
        takes(n);
        Odd::at(u64::from(n)).add(1).await
    }
    pub async fn by_macro(&mut self, a: Ref<Odd>, b: Ref<Odd>) -> i64 {
        let mut x = a;
        macro_rules! swap {
            () => {
                x = b.clone()
            };
        }
        swap!();
        x.add(1).await
    }
    pub async fn shouted(&self, N: u64) -> i64 {
        Odd::at(N).add(1).await
    }
}

fn takes(_: u32) {}

#[entity(auto)]
pub struct Named {
    #[key]
    at: (String, u32),
    seen: u64,
}

#[entity]
impl Named {
    pub fn new(at: (String, u32)) -> Self {
        Self { at, seen: 0 }
    }
    pub fn see(&mut self) -> u64 {
        self.seen += 1;
        self.seen
    }
}

#[test]
fn what_is_not_what_it_seems() {
    let odd = Odd::at;
    script!([Odd]
        odd(1).me_and_another() => "Ok(2)",
        odd(1).me_and_a_tuple() => "Ok(99)",
        odd(1).perhaps(2) => "Ok(1)",
        odd(1).perhaps(0) => "Ok(0)",
        odd(1).both(2) => "Ok(())",
        odd(1).around() => "Ok(1)",
        odd(1).first(2..u64::MAX) => "Ok(3)",
        odd(1).typed(vec![line(7, 1), line(8, 1)]) => "Ok([98, 99])",
        odd(1).moved("a".to_owned(), vec![line(1, 0), line(2, 1), line(3, 1)]) => "Ok(1)",
        odd(2).moved("a".to_owned(), vec![line(2, 1)]) => "Ok(2)",
        odd(5).inferred() => "Ok(3)", // two by itself before
        odd(1).by_macro(odd(20), odd(21)) => "Ok(1)",
        odd(1).shouted(21) => "Ok(2)",
        odd(1).shouted(20) => "Ok(1)",
    );
}
