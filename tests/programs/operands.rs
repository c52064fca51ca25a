//! Operands with calls beside a place of `self` that the callee changes.
//!
//! Numbers are compared by value: the left one is read before the call. Everything else is compared by reference, and a
//! list is indexed, when the operands have been evaluated.
use serde::{Deserialize, Serialize};
use thalweg::prelude::*;

#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize)]
pub enum Kind {
    Empty,
    Full(i64),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Inner {
    name: String,
    n: i64,
}

#[entity(auto)]
pub struct Shelf {
    #[key]
    id: u64,
    n: i64,
    name: String,
    option: Option<i64>,
    array: [i64; 3],
    list: Vec<i64>,
    names: Vec<String>,
    kind: Kind,
    inner: Inner,
    boxed: Box<Vec<i64>>,
}

#[entity]
impl Shelf {
    pub fn new(id: u64) -> Self {
        let n = id as i64;
        let name = format!("shelf {id}");
        Self {
            id,
            n,
            name: name.clone(),
            option: None,
            array: [1, 2, 3],
            list: vec![1, 2, 3],
            names: vec!["a".into(), "b".into()],
            kind: Kind::Full(n),
            inner: Inner { name, n },
            boxed: Box::new(vec![n]),
        }
    }
    pub fn n(&self) -> i64 {
        self.n
    }
    pub fn name(&self) -> String {
        self.name.clone()
    }
    pub fn is(&self, n: i64) -> bool {
        self.n == n
    }
    /// Makes everything new.
    pub fn set(&mut self, n: i64) {
        self.n = n;
        self.name = format!("set {n}");
        self.option = Some(n);
        self.array = [n; 3];
        self.list = vec![n; 3];
        self.names = vec![format!("set {n}"); 3];
        self.kind = Kind::Full(n);
        self.inner = Inner { name: self.name.clone(), n };
    }
    /// Sets whoever asks, and gives the number.
    pub async fn poke(&mut self, who: Ref<Shelf>, n: i64) -> i64 {
        who.set(n).await;
        n
    }
    pub async fn poke_name(&mut self, who: Ref<Shelf>, n: i64) -> String {
        who.set(n).await;
        format!("set {n}")
    }

    pub async fn numbers(&mut self, r: Ref<Shelf>) -> Vec<bool> {
        let me = Self::at(self.id);
        vec![
            self.n == r.poke(me.clone(), 5).await,        // 1 == 5
            self.n != r.poke(me.clone(), 6).await,        // 5 != 6
            self.n < r.poke(me.clone(), 7).await,         // 6 < 7
            self.list[1] == r.poke(me.clone(), 8).await,  // 7 == 8
            self.array[2] >= r.poke(me.clone(), 9).await, // 8 >= 9
            self.inner.n == r.poke(me.clone(), 10).await, // 9 == 10
            (*self).n + 1 == r.poke(me, 11).await,        // 11 == 11
        ]
    }

    pub async fn others(&mut self, r: Ref<Shelf>) -> Vec<bool> {
        let me = Self::at(self.id);
        vec![
            self.name == r.poke_name(me.clone(), 5).await,
            self.option == Some(r.poke(me.clone(), 6).await),
            self.kind == Kind::Full(r.poke(me.clone(), 7).await),
            self.list != [r.poke(me.clone(), 8).await; 3],
            self.array == [r.poke(me.clone(), 9).await; 3],
            self.names[0] == r.poke_name(me.clone(), 10).await,
            self.inner.name == *r.poke_name(me.clone(), 11).await,
            self.option < Some(r.poke(me.clone(), 12).await),
            self.name.as_str() != "x" && self.name == r.poke_name(me, 13).await,
        ]
    }

    pub async fn indexed(&mut self, r: Ref<Shelf>) -> i64 {
        self.list[r.n().await as usize] = r.n().await * 100;
        self.list[r.n().await as usize] += 7;
        self.array[r.n().await as usize] += 2;
        let name = self.names[r.n().await as usize - 1].clone();
        self.names[r.n().await as usize - 1].push_str(&r.name().await);
        let item = &self.list[r.n().await as usize];
        *item * 10 + name.len() as i64 + self.names[1].len() as i64 + self.array[2]
    }

    /// The right side comes before the index, which comes before the list is looked at.
    pub async fn indexed_in_order(&mut self, r: Ref<Shelf>) -> Vec<i64> {
        let me = Self::at(self.id);
        self.list[r.poke(me.clone(), 1).await as usize] = r.poke(me.clone(), 2).await;
        self.list.clone()
    }

    pub async fn compared_elements(&mut self, r: Ref<Shelf>) -> (bool, bool, bool) {
        (
            self.names[r.n().await as usize - 1] == "b",
            self.list[r.n().await as usize] == r.n().await + 1,
            r.n().await == self.list[r.n().await as usize - 1],
        )
    }

    pub async fn guards(&mut self, r: Ref<Shelf>) -> i64 {
        let first = match self.n {
            n if r.n().await == n => 1,
            1 if r.is(2).await => 2,
            _ => 3,
        };
        let second = match self.kind {
            Kind::Full(n) if r.n().await > n => 10,
            Kind::Empty | Kind::Full(_) => 20,
        };
        let third = match self.option {
            Some(n) if r.n().await > n => 100,
            None => 200,
            _ => 300,
        };
        let fourth = match self.inner.clone() {
            Inner { n, .. } if r.is(n).await => 1_000,
            inner => inner.n * 2_000,
        };
        first + second + third + fourth
    }

    /// A guard's callee changes what is matched: the arms go on with what it was.
    pub async fn guard_that_changes(&mut self, r: Ref<Shelf>) -> (i64, i64) {
        let me = Self::at(self.id);
        let arm = match self.n {
            1 if r.poke(me, 50).await == 0 => 0,
            n => n,
        };
        (arm, self.n)
    }

    /// What is computed is computed before the call, an index too; a place that is referred to is looked up after it.
    pub async fn computed(&mut self, r: Ref<Shelf>) -> (String, bool, bool, String, bool) {
        let me = Self::at(self.id);
        let text = format!("{} {} {}", self.n + 1, r.poke(me.clone(), 5).await, self.n - 1);
        assert_eq!(self.n + 1, r.poke(me.clone(), 6).await, "{}", -self.n);
        let value = self.n * 2 == self.list[r.poke(me.clone(), 12).await as usize - 11]; // 12 == 12
        let number = self.n == self.list[r.poke(me.clone(), 13).await as usize - 12]; // 12 == 13
        let element = format!("{} {}", self.list[self.n as usize - 12], r.poke_name(me.clone(), 20).await);
        let name = self.names[self.n as usize - 19] == r.poke_name(me.clone(), 40).await;
        (text, value, number, element, name)
    }
    pub async fn printed_in_an_arm(&mut self, r: Ref<Shelf>) -> String {
        let me = Self::at(self.id);
        let mut text = String::new();
        match self.kind {
            Kind::Full(n) if r.poke(me.clone(), 7).await > n => {
                use std::fmt::Write;
                let _ = write!(text, "{:?} {n} {}", self.option, r.poke(me.clone(), 8).await);
                println!("{:?} {}", self.option, r.n().await);
                text
            }
            _ => text,
        }
    }
    pub async fn computed_for_a_panic(&mut self, r: Ref<Shelf>) {
        let me = Self::at(self.id);
        assert!(self.n < 0, "{} {} {}", self.n * 7, r.poke(me.clone(), 6).await, self.n);
    }

    pub async fn options_and_arrays(&mut self, r: Ref<Shelf>) -> (Option<i64>, i64, i64, bool, [i64; 3]) {
        let replaced = self.option.replace(r.n().await);
        let inserted = *self.option.insert(r.n().await + 1);
        let got = *self.option.get_or_insert(r.n().await);
        self.array.fill(r.n().await);
        let contains = self.array.contains(&r.n().await);
        self.array[0] = 9;
        self.array.swap(0, r.n().await as usize);
        (replaced, inserted, got, contains, self.array)
    }

    /// A receiver that cannot be copied is looked at after the call, whatever its type.
    pub async fn own_types(&mut self, r: Ref<Shelf>) -> bool {
        let me = Self::at(self.id);
        self.inner.contains(r.poke(me, 4).await)
    }

    /// What is bound to a type and looks like a call, and is none; and calls that are kept.
    pub async fn bound(&mut self, r: Ref<Shelf>) -> String {
        let n: Option<i64> = Grid::at(2).double();
        let shown: Box<dyn std::fmt::Debug + Send> = Grid::at(3).boxed();
        let call: Call<_> = Shelf::at(5).poke(r.clone(), 3);
        let answer: i64 = call.await;
        let (a, b): (i64, i64) = Grid::at(4).pair();
        format!("{n:?} {shown:?} {answer} {a} {b}")
    }
}

/// Has an `at` and is no entity.
struct Grid(i64);

impl Grid {
    fn at(n: i64) -> Self {
        Self(n)
    }
    fn double(&self) -> Option<i64> {
        Some(2 * self.0)
    }
    fn boxed(&self) -> Box<i64> {
        Box::new(self.0)
    }
    fn pair(&self) -> (i64, i64) {
        (self.0, -self.0)
    }
}

impl Inner {
    fn contains(&self, n: i64) -> bool {
        self.n == n
    }
}

#[test]
fn comparisons() {
    let (one, two) = (|| Shelf::at(1), || Shelf::at(2));
    script!([Shelf]
        one().numbers(two()) => "Ok([false, true, true, false, false, false, true])",
        Shelf::at(3).others(two()) => "Ok([true, true, true, false, true, true, true, false, true])",
    );
}

#[test]
fn what_is_computed() {
    let (one, two) = (|| Shelf::at(1), || Shelf::at(2));
    script!([Shelf]
        Shelf::at(3).printed_in_an_arm(two()) => r#"Ok("Some(8) 3 8")"#,
        one().computed_for_a_panic(two()) => r#"Err(Panicked { message: "7 6 6" })"#,
        one().computed(two()) => r#"Ok(("2 5 4", true, false, "20 set 20", true))"#,
    );
}

#[test]
fn indexes() {
    let (one, two) = (|| Shelf::at(1), || Shelf::at(2));
    script!([Shelf]
        one().indexed(two()) => "Ok(2084)", // 207 * 10 + 1 + 8 + 5
        Shelf::at(3).indexed_in_order(two()) => "Ok([1, 2, 1])",
        Shelf::at(4).compared_elements(two()) => "Ok((true, true, true))",
    );
}

#[test]
fn guards() {
    let (one, two) = (|| Shelf::at(1), || Shelf::at(2));
    script!([Shelf]
        one().guards(two()) => "Ok(2212)",
        one().guard_that_changes(two()) => "Ok((1, 50))",
    );
}

#[test]
fn receivers() {
    let (one, two) = (|| Shelf::at(1), || Shelf::at(2));
    script!([Shelf]
        one().options_and_arrays(two()) => "Ok((None, 3, 3, true, [2, 2, 9]))",
        one().own_types(two()) => "Ok(true)",
        one().bound(two()) => r#"Ok("Some(4) 3 3 4 -4")"#,
    );
}
