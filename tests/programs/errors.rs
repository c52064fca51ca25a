//! Errors: `?` through frames, an `Err` a caller survives, and everything that undoes a request.

mod faults {
    use crate::cell::{Cell, cell};
    use serde::{Deserialize, Serialize};
    use thalweg::prelude::*;

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    pub struct Short {
        pub missing: i64,
    }

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    pub enum Trouble {
        Short(Short),
        Text(String),
        Outer(Box<Trouble>, u8),
    }

    impl From<Short> for Trouble {
        fn from(short: Short) -> Self {
            Self::Short(short)
        }
    }

    impl From<String> for Trouble {
        fn from(text: String) -> Self {
            Self::Text(text)
        }
    }

    /// A `Result` under another name is a `Result`.
    pub type Outcome<T> = Result<T, String>;

    #[entity]
    pub struct Purse {
        #[key]
        id: u64,
        money: i64,
        notes: Vec<String>,
    }

    #[entity]
    impl Purse {
        pub fn open(id: u64, money: i64) -> Self {
            Self { id, money, notes: vec![] }
        }

        pub fn money(&self) -> i64 {
            self.money
        }

        pub fn pay(&mut self, amount: i64) -> Result<i64, Short> {
            self.notes.push(format!("asked for {amount}"));
            if amount > self.money {
                return Err(Short { missing: amount - self.money });
            }
            self.money -= amount;
            Ok(self.money)
        }

        pub async fn convert(&mut self, other: Ref<Purse>, amount: i64) -> Result<i64, Trouble> {
            self.money += 1;
            let rest = other.pay(amount).await?;
            self.money += amount;
            let text = cell(1).take(amount).await?;
            Ok(rest * 100 + text)
        }

        /// Three frames, three error types.
        pub async fn through(
            &mut self,
            middle: Ref<Purse>,
            last: Ref<Purse>,
            amount: i64,
        ) -> Result<i64, Trouble> {
            self.notes.push("through".to_owned());
            let got = middle.middle(last, amount).await.map_err(|e| Trouble::Outer(Box::new(e), 1))?;
            self.money += got;
            Ok(self.money)
        }

        pub async fn middle(&mut self, last: Ref<Purse>, amount: i64) -> Result<i64, Trouble> {
            self.money += 10;
            Ok(last.pay(amount).await? + last.pay(amount).await?)
        }

        pub async fn survive(&mut self, other: Ref<Purse>, amount: i64) -> i64 {
            match other.pay(amount).await {
                Ok(rest) => rest,
                Err(Short { missing }) => {
                    self.money -= 1;
                    other.pay(amount - missing).await.map_or(-2, |rest| rest - 1)
                }
            }
        }

        pub async fn either(
            &mut self,
            first: Ref<Purse>,
            second: Ref<Purse>,
            amount: i64,
        ) -> Result<i64, Short> {
            if let Ok(rest) = first.pay(amount).await {
                return Ok(rest);
            }
            second.pay(amount).await
        }

        pub async fn retry(&mut self, other: Ref<Purse>) -> Option<i64> {
            let mut amount = 64;
            let rest = loop {
                if let Ok(rest) = other.pay(amount).await {
                    break rest;
                }
                amount /= 2;
                if amount == 0 {
                    return None;
                }
            };
            Some(rest * 1_000 + amount)
        }

        /// Writes everywhere, then fails at the root.
        pub async fn scatter_and_fail(&mut self, others: Vec<Ref<Purse>>) -> Result<(), String> {
            self.money = 0;
            self.notes.clear();
            for other in others {
                other.scatter(cell(1)).await;
            }
            Purse::at(77).open(7).await;
            self.money = -1;
            Err("all for nothing".to_owned())
        }

        pub async fn scatter(&mut self, cell: Ref<Cell>) {
            self.money = -5;
            cell.set(-5).await;
            self.notes.push("scattered".to_owned());
        }

        pub async fn panic_before(&mut self, cell: Ref<Cell>) -> i64 {
            self.money = 0;
            if self.money == 0 {
                panic!("before the cut of {}", self.id);
            }
            cell.add(1).await
        }

        pub async fn panic_after(&mut self, cell: Ref<Cell>) -> i64 {
            self.money = 0;
            let x = cell.add(1).await;
            self.notes.push("after".to_owned());
            if x != i64::MAX {
                panic!("after the cut");
            }
            x
        }

        pub async fn panic_below(&mut self, cell: Ref<Cell>, now: bool) -> i64 {
            self.money += 1;
            let x = cell.burn(now).await;
            self.money += 1;
            x
        }

        /// A panic below cannot be caught: the callee's is the root's.
        pub async fn panic_two_below(&mut self, other: Ref<Purse>, cell: Ref<Cell>) -> Result<i64, String> {
            self.money += 1;
            Ok(other.panic_below(cell, true).await)
        }

        pub async fn overflow(&mut self, cell: Ref<Cell>, by: i8) -> i8 {
            self.money += 1;
            cell.add(1).await;
            let x: i8 = 120;
            x + by
        }

        pub async fn index(&mut self, cell: Ref<Cell>, n: usize) -> i64 {
            let list = [1, 2, 3];
            cell.add(1).await;
            list[n]
        }

        pub async fn unwrap(&mut self, cell: Ref<Cell>) -> i64 {
            self.money += 1;
            cell.maybe().await.unwrap() + cell.take(1_000_000).await.unwrap()
        }

        pub fn divide(&mut self, by: i64) -> i64 {
            self.money += 1;
            self.money / by
        }

        pub async fn option(&self, cell: Ref<Cell>) -> Option<i64> {
            let x = cell.maybe().await?;
            cell.set(-1).await;
            let y = cell.maybe().await?;
            Some(x + y)
        }

        pub async fn missing(&mut self) -> i64 {
            self.money += 1;
            cell(1).add(1).await;
            cell(404).add(1).await
        }

        pub async fn twice(&mut self) -> i64 {
            self.money += 1;
            cell(1).open(5).await;
            0
        }

        /// `?` in the middle of an expression, with calls on both sides.
        pub async fn in_the_middle(&mut self, a: Ref<Cell>, b: Ref<Cell>, n: i64) -> Result<i64, String> {
            Ok(a.add(1).await * b.take(n).await? + a.add(1).await)
        }

        /// Err inside a value, not at the root: nothing is undone.
        pub async fn inside_a_value(&mut self, a: Ref<Cell>) -> (i64, Result<i64, String>) {
            self.money += 1;
            (self.money, a.take(1_000_000).await)
        }

        pub async fn aliased(&mut self, a: Ref<Cell>) -> Outcome<i64> {
            self.money += 1;
            a.add(1).await;
            a.take(1_000_000).await
        }

        pub async fn nested_result(&mut self, a: Ref<Cell>) -> Option<Result<i64, String>> {
            self.money += 1;
            Some(a.take(1_000_000).await)
        }
    }
}

use crate::cell::{Cell, cell};
use faults::Purse;
use thalweg::prelude::Ref;

fn purse(id: u64) -> Ref<Purse> {
    Purse::at(id)
}

#[test]
fn question_mark() {
    script!([Purse, Cell]
        cell(1).open(50) => "Ok…",
        purse(1).open(10) => "Ok…",
        purse(2).open(100) => "Ok…",
        purse(3).open(100) => "Ok…",
        purse(1).convert(purse(2), 30) => "Ok(Ok(7020))",
        purse(1).convert(purse(2), 71) => "Ok(Err(Short(Short { missing: 1 })))",
        purse(1).convert(purse(2), 30) => r#"Ok(Err(Text("cell 1 has 20, not 30")))"#,
        purse(1).money() => "Ok(41)",
        purse(2).money() => "Ok(70)",
        cell(1).get() => "Ok(20)",
        purse(1).through(purse(2), purse(3), 40) => "Ok(Ok(121))", // 60 + 20 + 41
        purse(1).through(purse(2), purse(3), 15) => "Ok(Err(Outer(Short(Short { missing: 10 }), 1)))",
        purse(1).money() => "Ok(121)",
        purse(2).money() => "Ok(80)",
        purse(3).money() => "Ok(20)",
        purse(1).in_the_middle(cell(1), cell(1), 1) => "Ok(Ok(441))", // 21 * 20 + 21
        purse(1).in_the_middle(cell(1), cell(1), 100) => r#"Ok(Err("cell 1 has 22, not 100"))"#,
        cell(1).get() => "Ok(21)",
        purse(1).option(cell(1)) => "Ok(None)",
        cell(1).get() => "Ok(-1)", // None is no error
    );
}

#[test]
fn an_err_that_the_caller_survives() {
    script!([Purse, Cell]
        cell(1).open(0) => "Ok…",
        purse(1).open(10) => "Ok…",
        purse(2).open(20) => "Ok…",
        purse(3).open(100) => "Ok…",
        purse(1).survive(purse(2), 25) => "Ok(-1)", // the 20 there were
        purse(1).survive(purse(1), 25) => "Ok(-2)", // 9 there were, 16 missing; 8 are left when asked for 9
        purse(1).either(purse(2), purse(3), 30) => "Ok(Ok(70))",
        purse(1).either(purse(2), purse(3), 71) => "Ok(Err(Short { missing: 1 }))",
        purse(1).retry(purse(3)) => "Ok(Some(6064))",
        purse(1).retry(purse(3)) => "Ok(Some(2004))",
        purse(1).retry(purse(2)) => "Ok(None)",
        purse(1).inside_a_value(cell(1)) => r#"Ok((9, Err("cell 1 has 0, not 1000000")))"#,
        purse(1).nested_result(cell(1)) => r#"Ok(Some(Err("cell 1 has 0, not 1000000")))"#;
        state {
            "Cell": {"1": {"id": 1, "value": 0, "log": []}},
            "Purse": {
                "1": {"id": 1, "money": 10, "notes": ["asked for 25", "asked for 9"]},
                "2": {"id": 2, "money": 0, "notes": [
                    "asked for 25", "asked for 20", "asked for 30",
                    "asked for 64", "asked for 32", "asked for 16", "asked for 8", "asked for 4",
                    "asked for 2", "asked for 1"
                ]},
                "3": {"id": 3, "money": 2, "notes": [
                    "asked for 30", "asked for 64", "asked for 64", "asked for 32", "asked for 16",
                    "asked for 8", "asked for 4"
                ]}
            }
        }
    );
}

#[test]
fn an_err_at_the_root_undoes_everything() {
    script!([Purse, Cell]
        cell(1).open(3) => "Ok…",
        purse(1).open(10) => "Ok…",
        purse(2).open(20) => "Ok…",
        purse(2).pay(5) => "Ok(Ok(15))",
        purse(1).scatter_and_fail(vec![purse(1), purse(2), purse(2)]) => r#"Ok(Err("all for nothing"))"#,
        purse(2).pay(50) => "Ok(Err(Short { missing: 35 }))",
        purse(1).aliased(cell(1)) => r#"Ok(Err("cell 1 has 4, not 1000000"))"#,
        purse(77).money() => "Err(Missing…";
        state {
            "Cell": {"1": {"id": 1, "value": 3, "log": []}},
            "Purse": {
                "1": {"id": 1, "money": 10, "notes": []},
                "2": {"id": 2, "money": 15, "notes": ["asked for 5"]}
            }
        }
    );
}

#[test]
fn panics() {
    script!([Purse, Cell]
        cell(1).open(3) => "Ok…",
        purse(1).open(10) => "Ok…",
        purse(2).open(20) => "Ok…",
        purse(1).panic_before(cell(1)) => "Err(Panicked…before the cut of 1…",
        purse(1).panic_after(cell(1)) => "Err(Panicked…after the cut…",
        purse(1).panic_below(cell(1), true) => "Err(Panicked…cell 1 burned…",
        purse(1).panic_two_below(purse(2), cell(1)) => "Err(Panicked…cell 1 burned…",
        purse(1).panic_two_below(purse(1), cell(1)) => "Err(Panicked…cell 1 burned…",
        purse(1).panic_below(cell(1), false) => "Ok(1003)";
        state {
            "Cell": {"1": {"id": 1, "value": 1003, "log": []}},
            "Purse": {"1": {"id": 1, "money": 12, "notes": []}, "2": {"id": 2, "money": 20, "notes": []}}
        }
    );
}

#[test]
fn what_rust_panics_on() {
    script!([Purse, Cell]
        cell(1).open(3) => "Ok…",
        purse(1).open(10) => "Ok…",
        purse(1).index(cell(1), 2) => "Ok(3)",
        purse(1).index(cell(1), 3) => "Err(Panicked…index out of bounds…",
        purse(1).unwrap(cell(1)) => "Err(Panicked…cell 1 has 4, not 1000000…",
        purse(1).divide(3) => "Ok(3)",
        purse(1).divide(0) => "Err(Panicked…attempt to divide by zero…",
        cell(1).set(-1) => "Ok(4)",
        purse(1).unwrap(cell(1)) => "Err(Panicked…on a `None` value…";
        state {
            "Cell": {"1": {"id": 1, "value": -1, "log": []}},
            "Purse": {"1": {"id": 1, "money": 11, "notes": []}}
        }
    );
}

#[test]
#[cfg_attr(not(debug_assertions), ignore = "arithmetic wraps without overflow checks")]
fn overflow() {
    script!([Purse, Cell]
        cell(1).open(3) => "Ok…",
        purse(1).open(10) => "Ok…",
        purse(1).overflow(cell(1), 7) => "Ok(127)",
        purse(1).overflow(cell(1), 8) => "Err(Panicked…attempt to add with overflow…",
        cell(1).get() => "Ok(4)",
        purse(1).money() => "Ok(11)",
    );
}

#[test]
fn missing_and_there_already() {
    script!([Purse, Cell]
        cell(1).open(3) => "Ok…",
        purse(1).missing() => "Err(Missing…",
        purse(1).open(10) => "Ok…",
        purse(1).missing() => "Err(Missing…404…",
        purse(1).twice() => "Err(AlreadyExists…",
        cell(1).open(4) => "Err(AlreadyExists…",
        purse(1).money() => "Ok(10)",
        cell(1).get() => "Ok(3)",
    );
}
