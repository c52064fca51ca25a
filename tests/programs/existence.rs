//! Entities that come to be and end: creation, removal, first use.

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

        /// The last thing it does: nothing looks at the entity afterwards.
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

use creation::{Counter, Item, Shop};
use ghosts::{Digger, Ghost};
use thalweg::prelude::Ref;

fn shop() -> Ref<Shop> {
    Shop::at("shop".to_owned())
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
        ghost(4).open(1) => "Ok…",
        ghost(4).by_itself() => "Ok(true)",
        ghost(4).n() => "Err(Missing…Ghost…4…",
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

mod many {
    use crate::cell::Cell;
    use thalweg::prelude::*;

    /// Touches so many entities in one transaction that nobody looks through them one by one.
    #[entity(auto)]
    pub struct Gardener {
        #[key]
        id: u64,
        seen: i64,
    }

    #[entity]
    impl Gardener {
        pub fn new(id: u64) -> Self {
            Self { id, seen: 0 }
        }

        pub async fn plant(&mut self, cells: Vec<Ref<Cell>>) -> usize {
            for cell in &cells {
                cell.open(1).await;
            }
            cells.len()
        }

        /// Every cell once more, some removed, some of these anew; then what is there.
        pub async fn tend(&mut self, cells: Vec<Ref<Cell>>, fails: bool) -> Result<Vec<i64>, String> {
            for cell in &cells {
                self.seen += cell.add(1).await;
            }
            for cell in cells.iter().step_by(3) {
                cell.remove().await;
            }
            for cell in cells.iter().step_by(6) {
                cell.open(self.seen).await;
            }
            let mut left = Vec::new();
            for cell in &cells {
                if cell.exists().await {
                    left.push(cell.add(1).await);
                }
            }
            if fails { Err(format!("{} left", left.len())) } else { Ok(left) }
        }
    }
}

#[test]
fn many_entities_in_one_transaction() {
    use crate::cell::{Cell, cell};
    use many::Gardener;
    let cells = || (100..140).map(cell).collect::<Vec<_>>();
    // 40 cells of 1 have 2: 80. Of 14 removed, 7 are anew with 80 and have 81; the others have 3.
    let left: Vec<i64> =
        (0..40).filter(|n| n % 3 != 0 || n % 6 == 0).map(|n| if n % 6 == 0 { 81 } else { 3 }).collect();
    let expected = format!("Ok(Ok({left:?}))");
    script!([Gardener, Cell]
        Gardener::at(1).plant(cells()) => "Ok(40)",
        Gardener::at(2).tend(cells(), true) => r#"Ok(Err("33 left"))"#,
        cell(103).get() => "Ok(1)",
        Gardener::at(3).tend(cells(), false) => expected.as_str(),
        cell(103).exists() => "Ok(false)",
        cell(106).get() => "Ok(81)",
    );
}
