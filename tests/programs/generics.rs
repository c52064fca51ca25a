//! Generic methods: what a type parameter is decides what is called, and whether the result aborts.

mod parts {
    use serde::de::DeserializeOwned;
    use serde::{Deserialize, Serialize};
    use thalweg::Awaitable;
    use thalweg::prelude::*;

    pub trait Poke: Serialize + DeserializeOwned + Send + Clone + 'static {
        fn poke(&self) -> impl Awaitable<Output = i64>;
    }

    #[derive(Clone, Serialize, Deserialize)]
    pub struct Quiet(pub Ref<Sign>);
    #[derive(Clone, Serialize, Deserialize)]
    pub struct Loud(pub Ref<Log>, pub i64);

    impl Poke for Quiet {
        fn poke(&self) -> impl Awaitable<Output = i64> {
            self.0.read()
        }
    }
    impl Poke for Loud {
        fn poke(&self) -> impl Awaitable<Output = i64> {
            self.0.append(self.1)
        }
    }
    /// The same name in another class.
    #[derive(Clone, Serialize, Deserialize)]
    pub struct Hush(pub Ref<Sign>);
    impl Poke for Hush {
        fn poke(&self) -> impl Awaitable<Output = i64> {
            self.0.append(7)
        }
    }

    #[entity(auto)]
    pub struct Sign {
        #[key]
        id: u64,
        n: i64,
    }
    #[entity]
    impl Sign {
        pub fn new(id: u64) -> Self {
            Self { id, n: id as i64 }
        }
        pub fn read(&self) -> i64 {
            self.n
        }
        pub fn append(&mut self, n: i64) -> i64 {
            self.n += n;
            self.n
        }
    }

    #[entity(auto)]
    pub struct Log {
        #[key]
        id: u64,
        lines: Vec<i64>,
    }
    #[entity]
    impl Log {
        pub fn new(id: u64) -> Self {
            Self { id, lines: vec![] }
        }
        pub fn append(&mut self, line: i64) -> i64 {
            self.lines.push(line);
            self.lines.len() as i64
        }
    }

    #[entity(auto)]
    pub struct Hand {
        #[key]
        id: u64,
    }
    #[entity]
    impl Hand {
        pub fn new(id: u64) -> Self {
            Self { id }
        }
        pub async fn relay<T: Poke>(&self, t: T) -> i64 {
            t.poke().await
        }
        pub async fn quiet(&self, sign: Ref<Sign>) -> i64 {
            self.relay(Quiet(sign)).await
        }
        pub async fn hush(&self, sign: Ref<Sign>) -> i64 {
            self.relay(Hush(sign)).await
        }
        pub async fn loud(&self, log: Ref<Log>, line: i64) -> i64 {
            self.relay(Loud(log, line)).await
        }
        /// Two that take turns at one entity.
        pub async fn two(&self, a: Ref<Hand>, b: Ref<Hand>, log: Ref<Log>) -> (i64, i64) {
            join((a.loud(log.clone(), 1), b.loud(log, 2))).await
        }
        pub async fn pair<A: Poke, B: Poke>(&self, a: A, b: B) -> (i64, i64) {
            join((a.poke(), b.poke())).await
        }
        pub async fn crossed(&self, log: Ref<Log>, sign: Ref<Sign>) -> ((i64, i64), (i64, i64)) {
            let one = self.pair(Loud(log.clone(), 5), Hush(sign.clone())).await;
            (one, self.pair(Hush(sign), Loud(log, 6)).await)
        }
    }
}

mod results {
    use serde::de::DeserializeOwned;
    use serde::{Deserialize, Serialize};
    use thalweg::prelude::*;

    pub trait Any: Serialize + DeserializeOwned + Send + Clone + 'static {}
    impl<T: Serialize + DeserializeOwned + Send + Clone + 'static> Any for T {}

    pub trait Maker: Any {
        type Made: Any;
        fn make(&self) -> Self::Made;
    }
    #[derive(Clone, Serialize, Deserialize)]
    pub struct Fails;
    impl Maker for Fails {
        type Made = Result<u8, String>;
        fn make(&self) -> Self::Made {
            Err("no".into())
        }
    }
    #[derive(Clone, Serialize, Deserialize)]
    pub struct Gives;
    impl Maker for Gives {
        type Made = Option<Result<u8, String>>;
        fn make(&self) -> Self::Made {
            Some(Err("only inside".into()))
        }
    }
    pub type Same<T> = T;
    pub type Made<M> = <M as Maker>::Made;

    /// Not std's.
    pub mod own {
        #[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
        pub enum Result<T> {
            Ok(T),
            Err(T),
        }
    }

    #[entity(auto)]
    pub struct Pot {
        #[key]
        id: u64,
        n: i64,
    }
    #[entity]
    impl Pot {
        pub fn new(id: u64) -> Self {
            Self { id, n: 0 }
        }
        pub fn n(&self) -> i64 {
            self.n
        }
        pub async fn echo<T: Any>(&mut self, t: T, other: Ref<Pot>) -> T {
            self.n += 1000;
            other.n().await;
            t
        }
        pub fn plain<T: Any>(&mut self, t: T) -> Same<T> {
            self.n += 100;
            t
        }
        pub fn made<M: Maker>(&mut self, m: M) -> M::Made {
            self.n += 10;
            m.make()
        }
        pub async fn made_far<M: Maker>(&mut self, m: M, other: Ref<Pot>) -> Made<M> {
            other.plain(1).await;
            self.n += 10;
            m.make()
        }
        pub fn written<T: Any>(&mut self, t: T) -> Result<T, T> {
            self.n += 1;
            Err(t)
        }
        pub async fn of_another(&mut self, other: Ref<Pot>) -> i64 {
            // An `Err` of a callee is a value like any other.
            let inner = other.plain(Err::<(), i64>(4)).await;
            self.n += inner.unwrap_err();
            self.n
        }
    }

    /// The name of the generic parameter is also that of a constructor's error.
    #[entity]
    pub struct Jar {
        #[key]
        id: u64,
    }
    #[entity]
    impl Jar {
        pub fn make<T: Any>(id: u64, t: T) -> Result<Self, T> {
            if id == 1 { Err(t) } else { Ok(Self { id }) }
        }
        pub fn id(&self) -> u64 {
            self.id
        }
    }
}

use parts::{Hand, Hush, Log, Loud, Quiet, Sign};
use results::{Fails, Gives, Jar, Pot, own};
use thalweg::graph::AccessPlan;
use thalweg::prelude::*;

fn hand(id: u64) -> Ref<Hand> {
    Hand::at(id)
}

fn pot(id: u64) -> Ref<Pot> {
    Pot::at(id)
}

#[test]
fn every_instance_is_explored() {
    for n in 0..8 {
        let (log, sign) = (Log::at(n), Sign::at(n + 3));
        script!([Hand]
            hand(1).quiet(sign.clone()) => "Ok(…)",
            hand(n + 2).two(hand(n), hand(n + 1), log.clone()) => "Ok((1, 2))",
            hand(n).hush(sign.clone()) => "Ok(…)",
            hand(n).crossed(log.clone(), sign.clone()) => "Ok(((3, …), (…, 4)))",
            hand(3).two(hand(n + 2), hand(n + 2), log.clone()) => "Ok((5, 6))",
            hand(2).relay(Quiet(sign.clone())) => "Ok(…)",
            hand(2).relay(Loud(log.clone(), 9)) => "Ok(7)",
            hand(2).pair(Quiet(sign.clone()), Hush(sign.clone())) => "Ok((…, …))"
        );
    }
}

#[test]
fn a_site_calls_what_any_instance_calls() {
    let graph = App::new("x").entity::<Hand>().graph().expect("fits together");
    let relay = graph.method("Hand", "relay").expect("it is called");
    let callees: Vec<_> = relay.sites[0].callees.iter().map(ToString::to_string).collect();
    assert_eq!(callees, ["Log::append", "Sign::append", "Sign::read"]);
    let Some(AccessPlan::Dynamic(reasons)) = graph.plan_of("Hand", "relay") else { panic!("two classes") };
    assert_eq!(reasons[0].text, "what is called depends on a type parameter");
}

#[test]
fn an_err_behind_a_type_parameter_aborts() {
    script!([Pot]
        pot(1).echo(Err::<i64, i64>(5), pot(2)) => "Ok(Err(5))",
        pot(1).echo(Ok::<i64, i64>(5), pot(2)) => "Ok(Ok(5))",
        pot(1).echo(Some(Err::<i64, i64>(5)), pot(2)) => "Ok(Some(Err(5)))",
        pot(1).echo(own::Result::Err(3), pot(2)) => "Ok(Err(3))",
        pot(1).n() => "Ok(3000)",
        pot(1).plain(Err::<(), String>("no".into())) => "Ok(Err(\"no\"))",
        pot(1).plain(Err::<Result<u8, u8>, ()>(())) => "Ok(Err(()))",
        pot(1).plain(Ok::<Result<u8, u8>, ()>(Err(7))) => "Ok(Ok(Err(7)))",
        pot(1).n() => "Ok(3100)",
        pot(3).made(Fails) => "Ok(Err(\"no\"))",
        pot(3).made(Gives) => "Ok(Some(Err(\"only inside\")))",
        pot(3).made_far(Fails, pot(4)) => "Ok(Err(\"no\"))",
        pot(3).made_far(Gives, pot(4)) => "Ok(Some(Err(\"only inside\")))",
        pot(3).written(8) => "Ok(Err(8))",
        pot(3).n() => "Ok(20)",
        pot(4).n() => "Ok(100)",
        pot(3).of_another(pot(4)) => "Ok(24)",
        pot(4).n() => "Ok(200)"
    );
    script!([Jar]
        Jar::at(1).make("no".to_owned()) => "Ok(Err(\"no\"))",
        Jar::at(2).make("no".to_owned()) => "Ok(Ok(()))",
        Jar::at(1).exists() => "Ok(false)",
        Jar::at(2).id() => "Ok(2)"
    );
}

/// Parameters that are numbers, attributes inside of bodies, and receivers written out.
#[entity(auto)]
pub struct Step {
    #[key]
    id: u64,
    n: i64,
}

#[entity]
impl Step {
    pub fn new(id: u64) -> Self {
        Self { id, n: id as i64 }
    }
    pub fn plus<const K: i64>(&self) -> i64 {
        #![allow(unused_mut)]
        let mut n = self.n;
        n + K
    }
    pub fn up(self: &mut Self, by: i64) -> i64 {
        self.n += by;
        self.n
    }
    pub async fn far<const K: i64, const UP: bool>(self: &mut Self, other: Ref<Step>) -> i64 {
        #![allow(unused_mut)]
        let mut n = other.plus::<K>().await;
        if UP { self.up(n) + other.up(K).await } else { n }
    }
}

#[test]
fn numbers_as_parameters() {
    let (one, two) = (|| Step::at(1), || Step::at(2));
    script!([Step]
        one().plus::<5>() => "Ok(6)",
        one().far::<10, true>(two()) => "Ok(25)", // 1 + 12, and 2 + 10
        one().far::<-2, false>(two()) => "Ok(10)",
        one().plus::<0>() => "Ok(13)",
    );
}
