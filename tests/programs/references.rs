//! References from everywhere, and values of every type.

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
use references::{Holder, Target};
use thalweg::prelude::*;
use values::Store;

fn holder(id: u64) -> Ref<Holder> {
    Holder::at(id)
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

/// References to itself, by its own key and by another field.
#[entity]
pub struct Leaf {
    #[key]
    name: String,
    parent: String,
    n: i64,
}

#[entity]
impl Leaf {
    pub fn grow(name: String, parent: String) -> Self {
        Self { name, parent, n: 1 }
    }
    pub fn add(&mut self, n: i64) -> i64 {
        self.n += n;
        self.n
    }
    pub async fn by_its_key(&mut self, other: Ref<Leaf>) -> i64 {
        let me = Self::at(self.name.clone());
        me.add(1).await + other.add(2).await + Leaf::at(self.name.clone()).add(3).await
    }
    pub async fn told_to_another(&mut self, other: Ref<Leaf>) -> i64 {
        other.comes_back(Self::at(self.name.clone())).await + self.n
    }
    pub async fn comes_back(&mut self, to: Ref<Leaf>) -> i64 {
        to.add(5).await + self.n
    }
    pub async fn by_another_field(&mut self) -> i64 {
        Self::at(self.parent.clone()).add(7).await
    }
}

#[test]
fn a_reference_by_its_own_key_is_the_entity_itself() {
    let leaf = |name: &str| Leaf::at(name.into());
    script!([Leaf]
        leaf("a").grow("b".into()) => "Ok(())",
        leaf("b").grow("a".into()) => "Ok(())",
        leaf("a").by_its_key(leaf("b")) => "Ok(10)", // 2 + 3 + 5
        leaf("a").told_to_another(leaf("b")) => "Ok(23)", // 10 + 3, and 10
        leaf("a").by_another_field() => "Ok(10)",
    );
    let app = App::new("leaves").entity::<Leaf>().start().unwrap();
    let dynamic = |plan: &_| matches!(plan, thalweg::graph::AccessPlan::Dynamic(_));
    let dynamic: Vec<_> =
        app.methods().into_iter().filter(|it| dynamic(&it.plan)).map(|it| it.method).collect();
    assert_eq!(dynamic, ["by_another_field"]);
}
