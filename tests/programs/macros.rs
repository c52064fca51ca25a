//! Calls among the arguments of the standard library's macros.
use thalweg::prelude::*;

#[entity(auto)]
pub struct Clerk {
    #[key]
    id: u64,
    n: i64,
    name: String,
}

#[entity]
impl Clerk {
    pub fn new(id: u64) -> Self {
        Self { id, n: id as i64, name: format!("clerk {id}") }
    }
    pub fn n(&self) -> i64 {
        self.n
    }
    pub fn name(&self) -> String {
        self.name.clone()
    }
    pub fn add(&mut self, by: i64) -> i64 {
        self.n += by;
        self.n
    }
    pub fn fallible(&self, fails: bool) -> Result<i64, String> {
        if fails { Err(self.name.clone()) } else { Ok(self.n) }
    }
    /// Changes whoever asks, and says what it has itself.
    pub async fn poke(&mut self, who: Ref<Clerk>, by: i64) -> i64 {
        who.add(by).await;
        self.n
    }

    /// `self.n` is a place: what is shown is what it is when the text is made.
    pub async fn formatted(&mut self, r: Ref<Clerk>) -> String {
        let local = 5;
        let me = Self::at(self.id);
        let text = format!(
            "{} {local} {width:>3} {} {0} {1:?}",
            self.n,
            r.poke(me, 40).await,
            width = r.add(1).await
        );
        text + &format!("{{self}} {}", r.name().await)
    }

    pub async fn in_order(&mut self, r: Ref<Clerk>) -> String {
        format!("{} {} {}", r.add(1).await, r.add(1).await, r.add(1).await)
    }

    /// What is evaluated before a call is evaluated before it, also in the middle.
    pub async fn values_before_calls(&mut self, r: Ref<Clerk>) -> String {
        let mut n = 0;
        let mut next = || {
            n += 1;
            n
        };
        format!("{} {} {} {}", next(), self.name.len() as i64 + r.add(1).await, next(), next())
    }

    pub async fn written(&mut self, r: Ref<Clerk>) -> String {
        use std::fmt::Write;
        let mut out = String::new();
        let _ = write!(out, "{} ", r.n().await);
        let _ = writeln!(&mut out, "{} {}", self.n, r.name().await);
        println!("{}", r.n().await);
        eprintln!("{}", r.n().await);
        out
    }

    pub async fn lists(&mut self, r: Ref<Clerk>) -> Vec<i64> {
        let mut list = vec![r.add(1).await, self.n, r.add(1).await];
        list.extend(vec![r.add(1).await; 2]);
        list.append(&mut vec![r.n().await; r.n().await as usize - 3]);
        list
    }

    pub async fn own_calls_in_a_list(&mut self) -> Vec<i64> {
        join_all(vec![self.child(1), self.child(2)]).await
    }
    pub async fn child(&mut self, by: i64) -> i64 {
        self.n += by;
        Clerk::at(9).n().await + self.n
    }
    pub async fn other_ways_to_itself(&mut self) -> (i64, i64, i64) {
        ((*self).child(1).await, Self::child(self, 1).await, (self).child(1).await)
    }

    /// Nothing fails, so no message is made.
    pub async fn holds(&mut self, r: Ref<Clerk>) -> i64 {
        assert!(r.n().await > 0 && self.n > 0, "never {}", r.add(100).await);
        assert_eq!(self.n, r.n().await - 1);
        assert_ne!(r.n().await, self.n, "never {}", r.add(100).await);
        debug_assert_eq!(r.n().await, 2);
        r.n().await
    }
    pub async fn fails_with_its_text(&mut self, r: Ref<Clerk>) {
        let n = r.n().await;
        assert!(self.n > 5 && n == 2 && self.name.len() < 3);
    }
    pub async fn fails_with_operators(&mut self, r: Ref<Clerk>) {
        let n = r.n().await;
        assert!(self.n % 11 != 1 && !(n == 2) || -self.n > n * 2);
    }
    pub async fn fails_with_a_call(&mut self, r: Ref<Clerk>) {
        assert!(r.n().await == self.n);
    }
    pub async fn fails_with_a_message(&mut self, r: Ref<Clerk>) {
        assert!(self.n == 2, "{} of {}", self.n, r.add(1).await);
    }
    pub async fn differs(&mut self, r: Ref<Clerk>) {
        assert_eq!(self.n, r.n().await);
    }
    pub async fn differs_with_a_message(&mut self, r: Ref<Clerk>) {
        assert_eq!(r.n().await, self.n, "after {}", r.add(1).await);
    }
    pub async fn panics(&mut self, r: Ref<Clerk>) -> i64 {
        self.n = 50;
        panic!("{} is lost", r.name().await)
    }

    pub async fn matched(&mut self, r: Ref<Clerk>) -> (bool, bool, bool) {
        (
            matches!(r.n().await, 1 | 2),
            matches!(r.n().await, n if n == r.n().await && n > self.n),
            matches!(r.fallible(true).await, Ok(_)),
        )
    }
    pub async fn shown(&mut self, r: Ref<Clerk>) -> (i64, String) {
        dbg!(self.n + r.n().await, self.name.clone())
    }
    pub async fn with_a_question(&mut self, r: Ref<Clerk>, fails: bool) -> Result<String, String> {
        Ok(format!("{} {}", r.add(1).await, r.fallible(fails).await?))
    }
    /// What a macro prints of its tokens is what the user has written.
    pub async fn printed(&mut self, r: Ref<Clerk>) -> String {
        r.add(1).await;
        format!("{} {}", stringify!(self.n), concat!("a", 1))
    }
    pub async fn macros_of_its_own(&mut self, r: Ref<Clerk>) -> i64 {
        macro_rules! twice {
            () => {
                self.n * 2
            };
        }
        macro_rules! make {
            ($name:ident) => {
                struct $name;
                impl $name {
                    fn three(&self) -> i64 {
                        let _ = self;
                        3
                    }
                }
            };
        }
        make!(Three);
        r.n().await * 100 + twice!() + Three.three()
    }
    /// Calls in calls in a macro in a call.
    pub async fn nested(&mut self, r: Ref<Clerk>) -> i64 {
        let text =
            format!("{}", format!("{}{}", r.add(r.n().await).await, r.n().await).len() as i64 + r.n().await);
        r.add(text.parse().expect("a number")).await
    }
}

#[test]
fn texts() {
    let (one, two) = (|| Clerk::at(1), || Clerk::at(2));
    script!([Clerk]
        one().formatted(two()) => r#"Ok("41 5   3 2 41 2{self} clerk 2")"#,
        one().in_order(two()) => r#"Ok("4 5 6")"#,
        one().values_before_calls(two()) => r#"Ok("1 14 2 3")"#, // "clerk 1" has 7, and 7
        one().written(two()) => r#"Ok("7 41 clerk 2\n")"#,
        one().printed(two()) => r#"Ok("self.n a1")"#,
        one().with_a_question(two(), false) => r#"Ok(Ok("9 9"))"#,
        one().with_a_question(two(), true) => r#"Ok(Err("clerk 2"))"#,
        two().n() => "Ok(9)",
    );
}

#[test]
fn lists() {
    let (one, two) = (|| Clerk::at(1), || Clerk::at(2));
    script!([Clerk]
        one().lists(two()) => "Ok([3, 1, 4, 5, 5, 5, 5])",
        one().own_calls_in_a_list() => "Ok([11, 13])",
        one().other_ways_to_itself() => "Ok((14, 15, 16))",
        one().macros_of_its_own(two()) => "Ok(517)", // 5 * 100 + 7 * 2 + 3
        one().shown(two()) => r#"Ok((12, "clerk 1"))"#,
        one().matched(Clerk::at(2)) => "Ok((false, false, false))",
        Clerk::at(3).matched(Clerk::at(4)) => "Ok((false, true, false))",
        one().nested(two()) => "Ok(24)", // 10, then "1010" and 10, then 10 + 14
    );
}

#[test]
fn assertions() {
    let (one, two) = (|| Clerk::at(1), || Clerk::at(2));
    script!([Clerk]
        one().holds(two()) => "Ok(2)",
        one().fails_with_its_text(two()) =>
            r#"Err(Panicked { message: "assertion failed: self.n > 5 && n == 2 && self.name.len() < 3" })"#,
        one().fails_with_operators(two()) =>
            r#"Err(Panicked { message: "assertion failed: self.n % 11 != 1 && !(n == 2) || -self.n > n * 2" })"#,
        one().fails_with_a_call(two()) =>
            r#"Err(Panicked { message: "assertion failed: r.n().await == self.n" })"#,
        one().fails_with_a_message(two()) => r#"Err(Panicked { message: "1 of 3" })"#,
        one().differs(two()) =>
            r#"Err(Panicked { message: "assertion `left == right` failed\n  left: 1\n right: 2" })"#,
        one().differs_with_a_message(two()) =>
            r#"Err(Panicked { message: "assertion `left == right` failed: after 3\n  left: 2\n right: 1" })"#,
        one().panics(two()) => r#"Err(Panicked { message: "clerk 2 is lost" })"#,
        one().n() => "Ok(1)",
        two().n() => "Ok(2)",
    );
}
