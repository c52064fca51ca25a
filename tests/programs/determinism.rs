//! What differs from run to run is found by running it again, wherever it is hidden.
//!
//! The lints see names; here everything hides behind a function or a type, as in a library that somebody uses.

/// What a program must not ask.
pub mod world {
    use std::cell::Cell;
    use std::collections::HashMap;
    use std::hash::{BuildHasher, RandomState};
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::sync::{Arc, Mutex};
    use std::time::{Instant, SystemTime, UNIX_EPOCH};

    static COUNTER: AtomicU64 = AtomicU64::new(0);
    static LOG: Mutex<Vec<u64>> = Mutex::new(Vec::new());
    thread_local! {
        static HERE: Cell<u64> = const { Cell::new(0) };
    }

    /// A clock moves on while it is looked at.
    pub fn clock() -> u128 {
        let first = SystemTime::now();
        while SystemTime::now() == first {}
        UNIX_EPOCH.elapsed().map_or(0, |since| since.as_nanos())
    }
    pub fn since() -> u128 {
        let start = Instant::now();
        let address = &raw const start as usize;
        while start.elapsed().as_nanos() == 0 {}
        start.elapsed().as_nanos() + (address as u128) * 0 + clock()
    }
    pub fn counter() -> u64 {
        COUNTER.fetch_add(1, Ordering::SeqCst)
    }
    pub fn logged(n: u64) -> usize {
        let mut log = LOG.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        log.push(n);
        log.len()
    }
    pub fn of_this_thread() -> u64 {
        HERE.set(HERE.get() + 1);
        HERE.get()
    }
    pub fn thread() -> String {
        format!("{:?}", std::thread::current().id())
    }
    pub fn hasher() -> u64 {
        RandomState::new().hash_one(1)
    }
    pub fn address() -> usize {
        let boxes: Vec<Box<u64>> = (0..64 + counter()).map(Box::new).collect();
        let at = &raw const **boxes.last().expect("there are some") as usize;
        std::mem::forget(boxes); // or the next one would get its place
        at
    }
    pub fn file(path: &str) -> usize {
        let before = std::fs::read(path).unwrap_or_default();
        std::fs::write(path, [&before[..], b"x"].concat()).expect("it can be written");
        before.len()
    }
    /// The numbers below 12 in no order.
    pub fn any_order() -> Vec<u64> {
        (0..12).map(|n| (n, ())).collect::<HashMap<u64, ()>>().into_keys().collect()
    }

    /// State that others own, too.
    #[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
    pub struct Shared(Arc<Mutex<i64>>);
    impl Shared {
        pub fn add(&self, n: i64) -> i64 {
            let mut value = self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            *value += n;
            *value
        }
    }
    /// A map in no order, where no lint looks.
    #[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
    pub struct Index(HashMap<u64, u64>);
    impl Index {
        pub fn put(&mut self, n: u64) {
            self.0.insert(n, n);
        }
        pub fn keys(&self) -> Vec<u64> {
            self.0.keys().copied().collect()
        }
        pub fn len(&self) -> usize {
            self.0.len()
        }
    }
    /// Not all of it is serialised.
    #[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
    pub struct Forgetful {
        #[serde(skip)]
        pub n: i64,
    }
    /// What it reads is not what it wrote.
    #[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
    #[serde(from = "i64", into = "i64")]
    pub struct Doubled {
        pub n: i64,
    }
    impl From<Doubled> for i64 {
        fn from(doubled: Doubled) -> Self {
            doubled.n
        }
    }
    impl From<i64> for Doubled {
        fn from(n: i64) -> Self {
            Self { n: 2 * n }
        }
    }
    /// Cannot be copied but by way of bytes.
    #[derive(Debug, serde::Serialize, serde::Deserialize)]
    pub struct Once(pub i64);
}

mod tricky {
    use super::world;
    use thalweg::prelude::*;

    #[entity(auto)]
    pub struct Trick {
        #[key]
        id: u64,
        n: u128,
        shared: world::Shared,
        index: world::Index,
        forgetful: world::Forgetful,
        doubled: world::Doubled,
    }

    #[entity]
    impl Trick {
        pub fn new(id: u64) -> Self {
            Self {
                id,
                n: 0,
                shared: Default::default(),
                index: Default::default(),
                forgetful: Default::default(),
                doubled: Default::default(),
            }
        }
        pub fn n(&self) -> u128 {
            self.n
        }
        pub fn clock(&self) -> u128 {
            world::clock()
        }
        pub fn since(&self) -> u128 {
            world::since()
        }
        pub fn counter(&self) -> u64 {
            world::counter()
        }
        pub fn logged(&self) -> usize {
            world::logged(self.id)
        }
        pub fn of_this_thread(&self) -> u64 {
            world::of_this_thread()
        }
        pub fn thread(&self) -> String {
            world::thread()
        }
        pub fn hasher(&self) -> u64 {
            world::hasher()
        }
        pub fn address(&self) -> usize {
            world::address()
        }
        pub fn own_address(&self) -> usize {
            self.index.keys().len() + &raw const self.n as usize
        }
        pub fn file(&self, path: String) -> usize {
            world::file(&path)
        }
        /// The answer is always the same, but not what is left.
        pub fn left(&mut self) {
            self.n = world::clock();
        }
        pub fn add(&mut self, n: u64) -> u128 {
            self.n += u128::from(n);
            self.n
        }
        /// Nor here: the numbers come to the same sum.
        pub async fn calls(&mut self, other: Ref<Trick>) -> u128 {
            let mut last = 0;
            for n in world::any_order() {
                last = other.add(n).await;
            }
            last
        }
        pub async fn callees(&mut self) {
            for n in world::any_order() {
                Trick::at(100 + n).add(1).await;
            }
        }
        pub async fn deeper(&mut self, other: Ref<Trick>) -> bool {
            other.counter().await;
            true
        }
        pub async fn joined(&mut self, a: Ref<Trick>, b: Ref<Trick>) -> bool {
            let (a, b) = join((a.add(1), b.thread())).await;
            a > 0 && !b.is_empty()
        }
        pub async fn sent(&mut self, other: Ref<Trick>) {
            other.add(world::counter()).send();
        }
        pub fn sometimes(&mut self) -> Result<u64, u64> {
            if world::counter().is_multiple_of(2) { Ok(1) } else { Err(1) }
        }
        pub fn panics(&self) {
            panic!("at {}", world::clock());
        }
        pub fn behind_self(&self) -> i64 {
            self.shared.add(1)
        }
        pub async fn behind_self_and_a_call(&self, other: Ref<Trick>) -> u128 {
            self.shared.add(1);
            other.n().await
        }
        pub fn shared(&mut self, fail: bool) -> Result<i64, i64> {
            let value = self.shared.add(1);
            if fail { Err(value) } else { Ok(value) }
        }
        pub fn one_in_the_index(&mut self) -> usize {
            self.index.put(1);
            self.index.len()
        }
        pub fn fill_the_index(&mut self) -> usize {
            (0..12).for_each(|n| self.index.put(n));
            self.index.len()
        }
        pub fn forget(&mut self, n: i64) -> i64 {
            self.forgetful.n += n;
            self.forgetful.n
        }
        pub fn double(&mut self, n: i64) -> i64 {
            self.doubled.n += n;
            self.doubled.n
        }
        pub fn once(&mut self, once: world::Once) -> i64 {
            once.0 + 1
        }
    }

    #[entity(auto, allow(nondeterminism))]
    pub struct Allowed {
        #[key]
        id: u64,
        index: world::Index,
        at: u128,
    }

    #[entity(allow(nondeterminism))]
    impl Allowed {
        pub fn new(id: u64) -> Self {
            Self { id, index: Default::default(), at: 0 }
        }
        pub fn fill(&mut self) -> u128 {
            (0..12).for_each(|n| self.index.put(n + self.id));
            self.at = world::clock();
            self.at
        }
        pub fn seen(&self) -> (u128, usize) {
            (self.at, self.index.keys().len())
        }
    }
}

use thalweg::prelude::*;
use thalweg::{Error, testing};
use tricky::{Allowed, Trick};
use world::Once;

fn checked() -> Handle {
    testing::app("checked").entity::<Trick>().entity::<Allowed>().start().expect("the program starts")
}

/// The method and the difference.
fn found<T: std::fmt::Debug>(answer: Result<T, Error>) -> (String, String) {
    match answer {
        Err(Error::Nondeterministic { method, what }) => (method, what),
        other => panic!("it was not found: {other:?}"),
    }
}

/// Runs calls that differ in nothing but what they ask, and looks where it is found. Nothing of them stands.
macro_rules! finds {
    ($($call:expr => $method:literal, $what:literal;)+) => {{
        let app = checked();
        app.call_blocking(trick(1).add(3)).expect("nothing is wrong with it");
        let before = app.inspect().expect("runs");
        $(
            let (method, what) = found(app.call_blocking($call));
            assert_eq!(method, concat!("Trick::", $method), "{what}");
            assert!(what.starts_with($what), "{}: {what}", stringify!($call));
            assert_eq!(app.inspect().expect("runs"), before, "{} is undone", stringify!($call));
        )+
        assert_eq!(app.call_blocking(trick(1).n()), Ok(3), "the app goes on");
    }};
}

fn trick(id: u64) -> Ref<Trick> {
    Trick::at(id)
}

#[test]
fn clocks_statics_threads_hashers_and_addresses_are_found() {
    let path = std::env::temp_dir().join(format!("thalweg-determinism-{}", std::process::id()));
    let path = path.to_string_lossy().into_owned();
    finds! {
        trick(1).clock() => "clock", "it answered ";
        trick(1).since() => "since", "it answered ";
        trick(1).counter() => "counter", "it answered ";
        trick(1).logged() => "logged", "it answered ";
        trick(1).of_this_thread() => "of_this_thread", "it answered ";
        trick(1).thread() => "thread", "it answered \"ThreadId(";
        trick(1).hasher() => "hasher", "it answered ";
        trick(1).address() => "address", "it answered ";
        trick(1).file(path.clone()) => "file", "it answered ";
        trick(1).panics() => "panics", "it failed (a method panicked: at ";
    }
    std::fs::remove_file(path).expect("it was written");
}

#[test]
fn the_address_of_a_state_is_found() {
    let app = checked();
    // An entity may stand at the same place by chance, but not again and again.
    let all: Vec<_> = (0..8).map(|id| app.call_blocking(trick(id).own_address())).collect();
    assert!(all.iter().any(|answer| matches!(answer, Err(Error::Nondeterministic { .. }))), "{all:?}");
}

#[test]
fn states_and_calls_are_compared_too() {
    finds! {
        trick(1).left() => "left", "it left Trick 1 as {";
        trick(1).calls(trick(2)) => "calls", "it called `Trick::add` on 2 with (";
        trick(1).callees() => "callees", "it called `Trick::add` on 1";
        trick(1).deeper(trick(2)) => "counter", "it answered ";
        trick(1).joined(trick(2), trick(3)) => "thread", "it answered ";
        trick(1).sent(trick(2)) => "sent", "it called `Trick::add` on 2 with (";
        trick(1).sometimes() => "sometimes", "it answered {";
    }
}

#[test]
fn what_undo_cannot_take_back_is_found() {
    finds! {
        trick(1).behind_self() => "behind_self", "it takes `&self` and changed Trick 1 from {";
        trick(1).behind_self_and_a_call(trick(2)) => "behind_self_and_a_call", "it takes `&self` and changed Trick 1";
    }
    let app = checked();
    assert_eq!(app.call_blocking(trick(1).shared(false)), Ok(Ok(1)));
    let (method, what) = found(app.call_blocking(trick(1).shared(true)));
    assert_eq!(method, "Trick::shared");
    assert!(what.starts_with("undo did not bring Trick 1 back: it is {"), "{what}");
    assert_eq!(app.call_blocking(trick(1).shared(false)), Ok(Ok(3)), "the shadow knows what stands");
}

#[test]
fn a_state_that_is_another_when_it_is_read_back_is_found() {
    finds! {
        trick(1).fill_the_index() => "fill_the_index", "it left Trick 1 as {";
        trick(1).double(3) => "double", "Trick 1 is another when it is read back from its bytes: {";
    }
    let app = checked();
    assert_eq!(app.call_blocking(trick(1).one_in_the_index()), Ok(1), "one has an order");
    assert_eq!(app.call_blocking(trick(1).forget(3)), Ok(3));
    let (method, what) = found(app.call_blocking(trick(1).forget(3)));
    assert_eq!((method.as_str(), what.as_str()), ("Trick::forget", "it answered 3, and then answered 6"));
}

#[test]
fn what_is_allowed_may_differ() {
    let app = checked();
    let at = app.call_blocking(Allowed::at(1).fill()).expect("it is allowed");
    assert_eq!(app.call_blocking(Allowed::at(1).seen()), Ok((at, 12)));
    assert_eq!(app.call_blocking(trick(1).once(Once(4))), Ok(5));
}

#[test]
fn nothing_is_checked_unless_it_is_asked_for() {
    let app = App::new("x").entity::<Trick>().workers(4).start().expect("the program starts");
    app.call_blocking(trick(1).clock()).expect("nobody looks");
    let checked = App::new("x").entity::<Trick>().workers(4).check_determinism().start().expect("starts");
    found(checked.call_blocking(trick(1).clock()));
    let batch =
        checked.submit_all((0..3).map(|id| trick(id).counter())).expect("room").wait().expect("answers");
    batch.into_iter().for_each(|answer| drop(found(answer)));
    let error =
        Error::Nondeterministic { method: "A::f".into(), what: "it answered 1, and then answered 2".into() };
    assert_eq!(
        error.to_string(),
        "`A::f` differs from run to run: it answered 1, and then answered 2; take time, chance and identity from \
         `thalweg::now()`, `random()` and `transaction()`, keep what has an order in a `BTreeMap`, and everything else \
         in arguments or plain fields"
    );
}
