//! Calls that come back: cycles, aliases, recursion.

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

use circles::Ring;
use recursion::Node;
use thalweg::prelude::Ref;

fn ring(id: u64) -> Ref<Ring> {
    Ring::at(id)
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
