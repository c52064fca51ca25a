//! Calls: cycles, aliases, recursion, references from everywhere, creation and removal.

mod circles {
    use thalweg::prelude::*;

    #[entity]
    pub struct Ring {
        #[key]
        id: u64,
        n: i64,
        seen: Vec<i64>,
    }

    #[entity]
    impl Ring {
        pub fn open(id: u64, n: i64) -> Self {
            Self { id, n, seen: vec![] }
        }

        pub fn n(&self) -> i64 {
            self.n
        }

        pub fn bump(&mut self, by: i64) -> i64 {
            self.n += by;
            self.seen.push(self.n);
            self.n
        }

        /// A to B to A: both sides of the call read and write `self`.
        pub async fn there_and_back(&mut self, other: Ref<Ring>) -> (i64, i64, Vec<i64>) {
            self.n += 1;
            let before = self.n;
            let answer = other.back(Ring::at(self.id), self.n).await;
            self.n += 1_000;
            (before, answer, self.seen.clone())
        }

        pub async fn back(&mut self, caller: Ref<Ring>, n: i64) -> i64 {
            self.n += n;
            let theirs = caller.bump(10).await;
            self.n += theirs;
            let again = caller.bump(self.n).await;
            again
        }

        /// Goes round `hops` times over the two of them, writing at every step in and out.
        pub async fn round(&mut self, other: Ref<Ring>, hops: i64) -> i64 {
            self.n += 1;
            self.seen.push(hops);
            if hops == 0 {
                return self.n;
            }
            let inner = other.round(Ring::at(self.id), hops - 1).await;
            self.seen.push(-hops);
            self.n += inner;
            self.n
        }

        /// The callee may be the caller itself, without saying so.
        pub async fn give(&mut self, to: Ref<Ring>, amount: i64) -> i64 {
            self.n -= amount;
            to.bump(amount).await;
            self.n
        }

        pub async fn two(&mut self, a: Ref<Ring>, b: Ref<Ring>) -> (i64, i64, i64, bool) {
            let x = a.bump(1).await;
            let y = b.bump(x).await;
            self.n += y;
            let z = a.bump(self.n).await;
            (x, y, z, a == b)
        }

        pub async fn with_myself(&mut self) -> (i64, i64, i64, bool) {
            let me = Ring::at(self.id);
            let same = me == Ring::at(*Ref::key(&me));
            let (x, y, z, _) = self.two(me.clone(), me.clone()).await;
            let w = me.give(me.clone(), 5).await;
            (x + y, z, w, same)
        }

        /// What a local copy saw before the call is not what `self` holds after it.
        pub async fn stale(&mut self) -> (Vec<i64>, Vec<i64>, usize) {
            let copy = self.seen.clone();
            Ring::at(self.id).bump(1).await;
            let len = self.seen.len();
            self.seen.clear();
            Ring::at(self.id).bump(1).await;
            (copy, self.seen.clone(), len)
        }

        /// The whole of `self` is replaced before the call.
        pub async fn replace(&mut self, other: Ref<Ring>) -> i64 {
            *self = Ring { id: self.id, n: 500, seen: vec![1] };
            let Self { n, seen, .. } = self;
            *n += 1;
            seen.push(2);
            other.give(Ring::at(self.id), 7).await;
            self.n * 10 + self.seen.len() as i64
        }
    }
}

mod recursion {
    use thalweg::prelude::*;

    #[entity(auto)]
    pub struct Node {
        #[key]
        id: u64,
        visits: u64,
    }

    #[entity]
    impl Node {
        pub fn new(id: u64) -> Self {
            Self { id, visits: 0 }
        }

        pub fn visits(&self) -> u64 {
            self.visits
        }

        pub async fn own(&mut self, n: u64) -> u64 {
            self.visits += 1;
            if n == 0 { 0 } else { self.own(n - 1).await + 1 }
        }

        pub async fn same(&mut self, n: u64) -> u64 {
            self.visits += 1;
            if n == 0 {
                return self.visits;
            }
            let below = Node::at(self.id).same(n - 1).await;
            self.visits += 1;
            below
        }

        pub async fn along(&mut self, n: u64) -> u64 {
            if n == 0 {
                return 1;
            }
            let below = Node::at(self.id + 1).along(n - 1).await;
            self.visits += below;
            below + 1
        }

        pub async fn tail(&self, n: u64, sum: u64) -> u64 {
            if n == 0 { sum } else { Node::at(n % 5).tail(n - 1, sum + n).await }
        }

        pub async fn even(&self, n: u64) -> bool {
            if n == 0 { true } else { Node::at(self.id ^ 1).odd(n - 1).await }
        }

        pub async fn odd(&self, n: u64) -> bool {
            if n == 0 { false } else { Node::at(self.id ^ 1).even(n - 1).await }
        }

        pub async fn fibonacci(&mut self, n: u64) -> u64 {
            self.visits += 1;
            if n < 2 { n } else { self.fibonacci(n - 1).await + Node::at(self.id).fibonacci(n - 2).await }
        }

        pub async fn ackermann(&self, m: u64, n: u64) -> u64 {
            match (m, n) {
                (0, n) => n + 1,
                (m, 0) => self.ackermann(m - 1, 1).await,
                (m, n) => self.ackermann(m - 1, self.ackermann(m, n - 1).await).await,
            }
        }
    }
}

mod references {
    use crate::cell::{Cell, cell};
    use serde::{Deserialize, Serialize};
    use std::collections::BTreeMap;
    use thalweg::prelude::*;

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    pub enum Target {
        Nowhere,
        One(Ref<Cell>),
        Two { first: Ref<Cell>, second: Ref<Cell>, weight: i64 },
    }

    #[entity]
    pub struct Holder {
        #[key]
        id: u64,
        cell: Ref<Cell>,
        maybe: Option<Ref<Cell>>,
        map: BTreeMap<String, Ref<Cell>>,
        target: Target,
        next: Option<Ref<Holder>>,
    }

    #[entity]
    impl Holder {
        pub fn open(id: u64, cell: Ref<Cell>) -> Self {
            Self { id, cell, maybe: None, map: BTreeMap::new(), target: Target::Nowhere, next: None }
        }

        pub fn hold(&mut self, maybe: Option<Ref<Cell>>, target: Target) {
            self.maybe = maybe;
            self.target = target;
        }

        pub fn name(&mut self, name: String, cell: Ref<Cell>) -> Option<Ref<Cell>> {
            self.map.insert(name, cell)
        }

        pub fn link(&mut self, next: Option<Ref<Holder>>) {
            self.next = next;
        }

        pub fn held(&self) -> Ref<Cell> {
            self.cell.clone()
        }

        pub fn next(&self) -> Option<Ref<Holder>> {
            self.next.clone()
        }

        pub async fn field(&self) -> i64 {
            self.cell.add(1).await
        }

        pub async fn option(&self) -> Option<i64> {
            match self.maybe.clone() {
                Some(cell) => Some(cell.add(1).await),
                None => None,
            }
        }

        pub async fn mapped(&self, name: String) -> Option<i64> {
            let cell = self.map.get(&name)?.clone();
            Some(cell.add(10).await)
        }

        pub async fn target(&mut self) -> i64 {
            let target = self.target.clone();
            match target {
                Target::Nowhere => 0,
                Target::One(cell) => cell.add(100).await,
                Target::Two { first, second, weight } => {
                    let x = first.add(weight).await;
                    self.target = Target::One(second.clone());
                    x * second.get().await
                }
            }
        }

        pub async fn returned(&self, other: Ref<Holder>) -> i64 {
            let cell = other.held().await;
            let direct = other.held().await.add(1).await;
            cell.add(direct).await
        }

        pub async fn computed(&self, base: u64) -> i64 {
            cell(base * 2 - 1).add(1).await + Cell::at(base + base).add(1).await
        }

        /// Follows the links until they end.
        pub async fn last(&self) -> u64 {
            let mut here = Holder::at(self.id);
            while let Some(next) = here.next().await {
                here = next;
            }
            *Ref::key(&here)
        }

        pub async fn chained(&self) -> i64 {
            let other = self.next.clone().expect("linked");
            other.next().await.expect("linked").held().await.add(7).await
        }

        /// References compare and sort by key.
        pub fn sorted(&self, mut cells: Vec<Ref<Cell>>) -> Vec<u64> {
            cells.sort();
            cells.dedup();
            cells.iter().map(|cell| *Ref::key(cell)).collect()
        }
    }
}

mod creation {
    use thalweg::prelude::*;

    #[entity]
    pub struct Item {
        #[key]
        id: u64,
        stock: i64,
    }

    #[entity]
    impl Item {
        pub fn open(id: u64, stock: i64) -> Self {
            Self { id, stock }
        }

        pub fn stock(&self) -> i64 {
            self.stock
        }

        pub fn take(&mut self) -> i64 {
            self.stock -= 1;
            self.stock
        }
    }

    /// The key is a text and the constructor's only parameter.
    #[entity]
    pub struct Shop {
        #[key]
        name: String,
        items: u64,
    }

    #[entity]
    impl Shop {
        pub fn open(name: String) -> Self {
            Self { name, items: 0 }
        }

        pub fn name_of(&self) -> String {
            self.name.clone()
        }

        pub async fn create(&mut self, id: u64) -> i64 {
            self.items += 1;
            let item = Item::at(id);
            item.open(10).await;
            item.take().await
        }

        pub async fn create_and_fail(&mut self, id: u64) -> Result<i64, String> {
            self.items += 1;
            Item::at(id).open(10).await;
            let left = Item::at(id).take().await;
            Err(format!("{left} left of {id}"))
        }

        pub async fn ensure(&mut self, id: u64) -> (bool, i64) {
            let item = Item::at(id);
            let there = item.exists().await;
            if !item.exists().await {
                item.open(5).await;
            }
            (there, item.stock().await)
        }

        pub async fn delete(&mut self, id: u64) -> (bool, bool, bool) {
            let item = Item::at(id);
            let removed = item.remove().await;
            let there = item.exists().await;
            let again = item.remove().await;
            (removed, there, again)
        }

        pub async fn replace(&mut self, id: u64) -> i64 {
            let item = Item::at(id);
            let old = item.stock().await;
            item.remove().await;
            item.open(old * 2).await;
            item.take().await
        }

        pub async fn remove_and_fail(&mut self, id: u64) -> Result<(), bool> {
            Item::at(id).remove().await;
            Err(Item::at(id).exists().await)
        }

        pub async fn remove_and_call(&mut self, id: u64) -> i64 {
            Item::at(id).remove().await;
            Item::at(id).stock().await
        }

        pub async fn create_many(&mut self, n: u64) -> i64 {
            let mut sum = 0;
            for id in 100..100 + n {
                Item::at(id).open(id as i64).await;
            }
            for id in 100..100 + n {
                sum += Item::at(id).take().await;
            }
            sum
        }
    }

    #[entity(auto)]
    pub struct Counter {
        #[key]
        key: (String, u32),
        n: u32,
    }

    #[entity]
    impl Counter {
        pub fn new(key: (String, u32)) -> Self {
            let n = key.1 * 10;
            Self { key, n }
        }

        pub fn next(&mut self) -> u32 {
            self.n += 1;
            self.n
        }

        pub fn next_or(&mut self, fail: bool) -> Result<u32, String> {
            self.n += 1;
            if fail { Err(format!("no {}", self.key.0)) } else { Ok(self.n) }
        }

        pub async fn both(&mut self, other: Ref<Counter>) -> u32 {
            self.next() * 100 + other.next().await
        }
    }
}

/// Entities that end, or are made anew, while one of their own methods waits for a call.
mod ghosts {
    use thalweg::prelude::*;

    #[entity]
    pub struct Ghost {
        #[key]
        id: u64,
        n: i64,
    }

    #[entity]
    impl Ghost {
        pub fn open(id: u64, n: i64) -> Self {
            Self { id, n }
        }

        pub fn n(&self) -> i64 {
            self.n
        }

        pub async fn buried(&mut self, by: Ref<Digger>) -> i64 {
            self.n += 1;
            by.bury(Ghost::at(self.id)).await;
            self.n += 1;
            self.n
        }

        pub async fn reborn(&mut self, by: Ref<Digger>) -> i64 {
            self.n += 1;
            let old = by.replace(Ghost::at(self.id), 100).await;
            self.n += 1;
            old * 1_000 + self.n
        }

        /// Another ghost takes the place; this one must not wake up in its body.
        pub async fn swapped(&mut self, by: Ref<Digger>, other: Ref<Ghost>) -> i64 {
            self.n += 1;
            by.swap(Ghost::at(self.id), other).await;
            self.n += 1;
            self.n
        }

        /// The swap, and then the old one again: its place has moved.
        pub async fn moved(&mut self, by: Ref<Digger>, other: Ref<Ghost>) -> i64 {
            self.n += 1;
            by.swap_back(Ghost::at(self.id), other).await;
            self.n += 1;
            self.n
        }

        pub async fn by_itself(&mut self) -> bool {
            Ghost::at(self.id).remove().await
        }
    }

    #[entity(auto)]
    pub struct Digger {
        #[key]
        id: u64,
        dug: i64,
    }

    #[entity]
    impl Digger {
        pub fn new(id: u64) -> Self {
            Self { id, dug: 0 }
        }

        pub async fn bury(&mut self, ghost: Ref<Ghost>) {
            self.dug += ghost.n().await;
            ghost.remove().await;
        }

        pub async fn replace(&mut self, ghost: Ref<Ghost>, n: i64) -> i64 {
            let old = ghost.n().await;
            ghost.remove().await;
            ghost.open(n).await;
            old
        }

        pub async fn swap(&mut self, ghost: Ref<Ghost>, other: Ref<Ghost>) {
            ghost.remove().await;
            other.open(50).await;
        }

        pub async fn swap_back(&mut self, ghost: Ref<Ghost>, other: Ref<Ghost>) {
            ghost.remove().await;
            other.open(50).await;
            ghost.open(70).await;
        }
    }
}

mod values {
    use crate::cell::Cell;
    use serde::{Serialize, de::DeserializeOwned};
    use std::fmt::Debug;
    use thalweg::prelude::*;

    #[entity]
    pub struct Store {
        #[key]
        id: u64,
        last: String,
    }

    #[entity]
    impl Store {
        pub fn open(id: u64) -> Self {
            Self { id, last: String::new() }
        }

        pub fn show<T: Debug + Serialize + DeserializeOwned + Send + 'static>(&mut self, value: T) -> String {
            self.last = format!("{value:?}");
            self.last.clone()
        }

        pub async fn around<T>(&mut self, value: T, cell: Ref<Cell>) -> (T, i64)
        where
            T: Clone + Serialize + DeserializeOwned + Send + 'static,
        {
            let copy = value.clone();
            let x = cell.add(1).await;
            drop(value);
            (copy, x)
        }

        pub async fn generic_callee(&mut self, cell: Ref<Cell>) -> String {
            let me = Store::at(self.id);
            let a = me.show(vec![1_u8, 2]).await;
            let (b, x) = me.around(("b".to_owned(), 2.5), cell).await;
            let c = me.show(Some(b)).await;
            format!("{a} {c} {x} {}", self.last)
        }

        pub async fn large(&self, text: String, cell: Ref<Cell>) -> String {
            let half = text.len() as i64 / 2;
            let x = cell.add(half).await;
            text + &x.to_string()
        }

        /// The table is dead when the call is made.
        pub async fn dead_before_the_call(&self, n: usize, cell: Ref<Cell>) -> i64 {
            let table: Vec<u64> = (0..n as u64).collect();
            let sum = table.iter().sum::<u64>() as i64;
            let array = [1_u8; 4_096];
            let len = array.len() as i64;
            drop(table);
            cell.add(sum + len).await
        }

        pub async fn alive_after_the_call(&self, n: usize, cell: Ref<Cell>) -> i64 {
            let table: Vec<i64> = (0..n as i64).collect();
            let array = [2_u8; 4_096];
            let x = cell.get().await;
            table[n - 1] + x + array.iter().map(|x| i64::from(*x)).sum::<i64>()
        }
    }
}

use crate::cell::{Cell, cell};
use circles::Ring;
use creation::{Counter, Item, Shop};
use ghosts::{Digger, Ghost};
use recursion::Node;
use references::{Holder, Target};
use thalweg::prelude::Ref;
use values::Store;

fn ring(id: u64) -> Ref<Ring> {
    Ring::at(id)
}

fn holder(id: u64) -> Ref<Holder> {
    Holder::at(id)
}

fn shop() -> Ref<Shop> {
    Shop::at("shop".to_owned())
}

#[test]
fn calls_that_come_back() {
    script!([Ring]
        ring(1).open(1) => "Ok…",
        ring(2).open(100) => "Ok…",
        // 2; ring 2: 102; ring 1: 12; ring 2: 114; ring 1: 126, then + 1000
        ring(1).there_and_back(ring(2)) => "Ok((2, 126, [12, 126]))",
        ring(1).n() => "Ok(1126)",
        ring(2).n() => "Ok(114)",
        ring(1).there_and_back(ring(1)) => "Ok((1127, 9056, [12, 126, 2264, 9056]))",
        ring(1).n() => "Ok(10056)";
        state {"Ring": {
            "1": {"id": 1, "n": 10056, "seen": [12, 126, 2264, 9056]},
            "2": {"id": 2, "n": 114, "seen": []}
        }}
    );
}

#[test]
fn round_and_round() {
    script!([Ring]
        ring(1).open(0) => "Ok…",
        ring(2).open(0) => "Ok…",
        ring(3).open(0) => "Ok…",
        ring(1).round(ring(2), 3) => "Ok(10)", // 1 1 2 2 on the way in; 2 + 2, 2 + 4, 4 + 6 on the way out
        ring(3).round(ring(3), 2) => "Ok(12)"; // 1 2 3; 3 + 3; 6 + 6
        state {"Ring": {
            "1": {"id": 1, "n": 10, "seen": [3, 1, -1, -3]},
            "2": {"id": 2, "n": 6, "seen": [2, 0, -2]},
            "3": {"id": 3, "n": 12, "seen": [2, 1, 0, -1, -2]}
        }}
    );
}

#[test]
fn aliases() {
    script!([Ring]
        ring(1).open(10) => "Ok…",
        ring(2).open(20) => "Ok…",
        ring(1).give(ring(1), 4) => "Ok(10)",
        ring(1).give(ring(2), 4) => "Ok(6)",
        ring(1).two(ring(2), ring(2)) => "Ok((25, 50, 106, true))", // 6 + 50 = 56; 50 + 56
        ring(1).two(ring(2), ring(1)) => "Ok((107, 163, 433, false))", // 56 + 107 = 163; 326; 107 + 326
        ring(1).two(ring(1), ring(1)) => "Ok((327, 654, 2616, true))", // 327; 654; 1308; 2616
        ring(2).with_myself() => "Ok((1302, 3472, 3472, true))", // 433: 434, 868; 1736; 3472
        ring(1).stale() => "Ok(([10, 163, 327, 654, 2616], [2618], 6))",
        ring(1).replace(ring(2)) => "Ok(5083)", // 501 + 7 = 508; [1, 2, 508]
        ring(2).n() => "Ok(3465)",
    );
}

#[test]
fn recursion_of_every_kind() {
    let node = |id| Node::at(id);
    script!([Node]
        node(1).own(10) => "Ok(10)",
        node(1).visits() => "Ok(11)",
        node(2).same(10) => "Ok(11)",
        node(2).visits() => "Ok(21)",
        node(10).along(10) => "Ok(11)",
        node(10).visits() => "Ok(10)",
        node(19).visits() => "Ok(1)",
        node(4).tail(100, 0) => "Ok(5050)",
        node(4).even(11) => "Ok(false)",
        node(4).odd(11) => "Ok(true)",
        node(6).fibonacci(12) => "Ok(144)",
        node(6).visits() => "Ok(465)",
        node(7).ackermann(2, 3) => "Ok(9)",
    );
}

#[test]
fn ten_thousand_deep() {
    let node = |id| Node::at(id);
    script!([Node]
        node(1).own(10_000) => "Ok(10000)",
        node(1).visits() => "Ok(10001)",
        node(2).same(10_000) => "Ok(10001)",
        node(2).visits() => "Ok(20001)",
        node(100_000).along(10_000) => "Ok(10001)",
        node(100_000).visits() => "Ok(10000)",
        node(3).tail(10_000, 0) => "Ok(50005000)",
        node(4).even(10_000) => "Ok(true)",
    );
}

/// Recursion without an end is an error of that request; the program lives on.
#[test]
fn without_an_end() {
    let node = |id| Node::at(id);
    script!([Node]
        node(1).own(5) => "Ok(5)",
        node(1).own(u64::MAX) => "Err(TooDeep…",
        node(2).along(u64::MAX - 1_000_000) => "Err(TooDeep…",
        node(1).visits() => "Ok(6)",
        node(1).own(5) => "Ok(5)",
    );
}

#[test]
fn references_from_everywhere() {
    script!([Holder, Cell]
        cell(1).open(0) => "Ok…",
        cell(2).open(0) => "Ok…",
        holder(1).open(cell(1)) => "Ok…",
        holder(2).open(cell(2)) => "Ok…",
        holder(3).open(cell(1)) => "Ok…",
        holder(1).field() => "Ok(1)",
        holder(1).option() => "Ok(None)",
        holder(1).target() => "Ok(0)",
        holder(1).hold(Some(cell(2)), Target::Two { first: cell(1), second: cell(2), weight: 4 }) => "Ok(())",
        holder(1).option() => "Ok(Some(1))",
        holder(1).target() => "Ok(5)", // 5 * 1
        holder(1).target() => "Ok(101)",
        holder(1).mapped("a".to_owned()) => "Ok(None)",
        holder(1).name("a".to_owned(), cell(2)) => "Ok(None)",
        holder(1).mapped("a".to_owned()) => "Ok(Some(111))",
        holder(1).returned(holder(2)) => "Ok(224)", // 112, then 112 + 112
        holder(1).computed(1) => "Ok(231)", // 6 + 225
        holder(1).link(Some(holder(2))) => "Ok(())",
        holder(2).link(Some(holder(3))) => "Ok(())",
        holder(1).last() => "Ok(3)",
        holder(3).last() => "Ok(3)",
        holder(1).chained() => "Ok(13)",
        holder(1).sorted(vec![cell(3), cell(1), cell(20), cell(3)]) => "Ok([1, 3, 20])",
    );
}

#[test]
fn creation_and_removal() {
    script!([Shop, Item]
        shop().open() => "Ok…",
        shop().name_of() => r#"Ok("shop")"#,
        shop().create(1) => "Ok(9)",
        Item::at(1).stock() => "Ok(9)",
        shop().create_and_fail(2) => r#"Ok(Err("9 left of 2"))"#,
        Item::at(2).stock() => "Err(Missing…",
        shop().ensure(2) => "Ok((false, 5))",
        shop().ensure(2) => "Ok((true, 5))",
        shop().delete(2) => "Ok((true, false, false))",
        Item::at(2).stock() => "Err(Missing…",
        shop().replace(1) => "Ok(17)",
        shop().remove_and_fail(1) => "Ok(Err(false))",
        Item::at(1).stock() => "Ok(17)",
        shop().remove_and_call(1) => "Err(Missing…",
        Item::at(1).stock() => "Ok(17)",
        shop().create(1) => "Err(AlreadyExists…",
        shop().create_many(50) => "Ok(6175)", // 50 * 100 + 1225 - 50
        Item::at(1).exists() => "Ok(true)",
        Item::at(1).remove() => "Ok(true)",
        Item::at(1).exists() => "Ok(false)",
        shop().open() => "Err(AlreadyExists…",
    );
}

#[test]
fn an_entity_that_ends_while_it_waits() {
    let ghost = |id| Ghost::at(id);
    let digger = || Digger::at(1);
    script!([Ghost, Digger]
        ghost(1).open(1) => "Ok…",
        ghost(1).buried(digger()) => "Err(Missing…Ghost…1…",
        ghost(1).swapped(digger(), ghost(2)) => "Err(Missing…Ghost…1…",
        ghost(1).by_itself() => "Err(Missing…Ghost…1…",
        ghost(1).n() => "Ok(1)",
        ghost(1).reborn(digger()) => "Ok(2101)",
        ghost(1).n() => "Ok(101)",
        ghost(1).moved(digger(), ghost(3)) => "Ok(71)",
        ghost(2).n() => "Err(Missing…";
        state {
            "Digger": {"1": {"id": 1, "dug": 0}},
            "Ghost": {"1": {"id": 1, "n": 71}, "3": {"id": 3, "n": 50}}
        }
    );
}

#[test]
fn creation_on_first_use() {
    let counter = |name: &str, n| Counter::at((name.to_owned(), n));
    script!([Counter]
        counter("a", 1).next() => "Ok(11)",
        counter("a", 1).next() => "Ok(12)",
        counter("a", 2).next() => "Ok(21)",
        counter("b", 1).next_or(true) => r#"Ok(Err("no b"))"#,
        counter("b", 1).next_or(false) => "Ok(Ok(11))",
        counter("c", 3).both(counter("c", 4)) => "Ok(3141)",
        counter("c", 3).both(counter("a", 1)) => "Ok(3213)",
        counter("d", 1).exists() => "Ok(false)",
        counter("d", 1).next_or(true) => r#"Ok(Err("no d"))"#,
        counter("d", 1).exists() => "Ok(false)",
        counter("d", 1).remove() => "Ok(false)",
        counter("a", 1).remove() => "Ok(true)",
        counter("a", 1).next() => "Ok(11)",
    );
}

#[test]
fn values_of_every_type() {
    let store = || Store::at(1);
    script!([Store, Cell]
        cell(1).open(0) => "Ok…",
        store().open() => "Ok…",
        store().show(5_u8) => r#"Ok("5")"#,
        store().show("five".to_owned()) => r#"Ok("\"five\"")"#,
        store().around(vec![1.5], cell(1)) => "Ok(([1.5], 1))",
        store().generic_callee(cell(1)) => r#"Ok("[1, 2] Some((\"b\", 2.5)) 2 Some((\"b\", 2.5))")"#,
    );
}

#[test]
fn large_values() {
    let store = || Store::at(1);
    let text = "x".repeat(100_000);
    let expected = format!("Ok(\"{text}50000\")");
    script!([Store, Cell]
        cell(1).open(0) => "Ok…",
        store().open() => "Ok…",
        store().large(text.clone(), cell(1)) => expected.as_str(),
        store().dead_before_the_call(1_000, cell(1)) => "Ok(553596)", // 50000 + 499500 + 4096
        store().alive_after_the_call(100_000, cell(1)) => "Ok(661787)", // 99999 + 553596 + 8192
    );
}
