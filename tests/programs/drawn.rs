//! Drawn programs: an entity that does what it is told, a stream of numbers that tells it, and a third opinion.
//!
//! The oracle shares the compiled bodies with the engine. Here the expected replies and the final state come from
//! `Plain`, an interpreter of the same orders written by hand on one map: calls that come back, joins that meet,
//! sends, errors that are survived or not, panics, entities that end and begin, also under a caller's feet.

mod machines {
    use serde::{Deserialize, Serialize};
    use thalweg::prelude::*;

    #[derive(Clone, Debug, Serialize, Deserialize)]
    pub enum Op {
        Add(i64),
        Call(u64, Vec<Op>),
        Try(u64, Vec<Op>),
        Own(Vec<Op>),
        Both(u64, Vec<Op>, u64, Vec<Op>),
        All(Vec<(u64, Vec<Op>)>),
        Send(u64, Vec<Op>),
        Open(u64),
        Remove(u64),
        Fail,
        Panic,
    }

    #[entity]
    pub struct Machine {
        #[key]
        id: u64,
        n: i64,
    }

    #[entity]
    impl Machine {
        pub fn open(id: u64) -> Self {
            Self { id, n: 7 }
        }

        pub async fn run(&mut self, ops: Vec<Op>) -> Result<i64, i64> {
            for op in ops {
                match op {
                    Op::Add(x) => self.n = self.n.wrapping_mul(3).wrapping_add(x),
                    Op::Call(id, ops) => {
                        self.n = self.n.wrapping_add(Machine::at(id).run(ops).await?);
                    }
                    Op::Try(id, ops) => match Machine::at(id).run(ops).await {
                        Ok(x) => self.n ^= x,
                        Err(x) => self.n = self.n.wrapping_sub(x),
                    },
                    Op::Own(ops) => {
                        let x = self.run(ops).await?;
                        self.n = self.n.wrapping_add(x);
                    }
                    Op::Both(a, left, b, right) => {
                        let (x, y) = join((Machine::at(a).run(left), Machine::at(b).run(right))).await;
                        self.n = self.n.wrapping_mul(5).wrapping_add(x.unwrap_or(-1)).wrapping_sub(y?);
                    }
                    Op::All(list) => {
                        let all = join_all(list.into_iter().map(|(id, ops)| Machine::at(id).run(ops))).await;
                        for x in all {
                            self.n = self.n.wrapping_mul(7).wrapping_add(x.unwrap_or(1));
                        }
                    }
                    Op::Send(id, ops) => {
                        Machine::at(id).run(ops).send();
                    }
                    Op::Open(id) => {
                        if !Machine::at(id).exists().await {
                            Machine::at(id).open().await;
                        }
                    }
                    Op::Remove(id) => {
                        Machine::at(id).remove().await;
                    }
                    Op::Fail => return Err(self.n),
                    Op::Panic => panic!("{}", self.n),
                }
            }
            Ok(self.n)
        }
    }
}

use crate::harness::{Run, WORKERS, show};
use crate::system::Numbers;
use machines::{Machine, Op};
use std::collections::BTreeMap;
use thalweg::oracle::Oracle;
use thalweg::prelude::*;

/// How many machines there may be.
const MACHINES: u64 = 9;
/// How many requests a seed draws.
const REQUESTS: usize = 400;

fn draw(numbers: &mut Numbers, depth: u32) -> Vec<Op> {
    (0..numbers.below(4)).map(|_| draw_op(numbers, depth)).collect()
}

fn draw_op(numbers: &mut Numbers, depth: u32) -> Op {
    let (a, b) = (numbers.below(MACHINES), numbers.below(MACHINES));
    let kind = if depth == 0 { numbers.below(4) } else { numbers.below(40) };
    match kind {
        0..=3 => Op::Add(numbers.below(100) as i64),
        4..=14 => Op::Call(a, draw(numbers, depth - 1)),
        15..=18 => Op::Try(a, draw(numbers, depth - 1)),
        19..=21 => Op::Own(draw(numbers, depth - 1)),
        22..=26 => Op::Both(a, draw(numbers, depth - 1), b, draw(numbers, depth - 1)),
        27..=29 => {
            Op::All((0..numbers.below(4)).map(|n| ((a + n) % MACHINES, draw(numbers, depth - 1))).collect())
        }
        30..=32 => Op::Send(a, draw(numbers, depth - 1)),
        33..=36 => Op::Open(a),
        37 => Op::Remove(a),
        38 => Op::Fail,
        _ if b == 0 => Op::Panic,
        _ => Op::Add(1),
    }
}

/// Why a transaction cannot go on.
enum Doom {
    Missing(u64),
    Panicked(i64),
}

/// The machines on one map, and nothing else.
#[derive(Clone, Default)]
struct Plain(BTreeMap<u64, i64>);

impl Plain {
    fn n(&mut self, id: u64) -> Result<&mut i64, Doom> {
        self.0.get_mut(&id).ok_or(Doom::Missing(id))
    }

    fn run(&mut self, id: u64, ops: &[Op]) -> Result<Result<i64, i64>, Doom> {
        self.n(id)?;
        for op in ops {
            match op {
                Op::Add(x) => *self.n(id)? = self.n(id)?.wrapping_mul(3).wrapping_add(*x),
                Op::Call(other, ops) => {
                    let before = *self.n(id)?;
                    let got = self.run(*other, ops)?;
                    // `self.n.wrapping_add(call)` reads its left side before the call.
                    match got {
                        Ok(x) => *self.n(id)? = before.wrapping_add(x),
                        Err(x) => return self.n(id).map(|_| Err(x)),
                    }
                }
                Op::Try(other, ops) => match self.run(*other, ops)? {
                    Ok(x) => *self.n(id)? ^= x,
                    Err(x) => *self.n(id)? = self.n(id)?.wrapping_sub(x),
                },
                Op::Own(ops) => match self.run(id, ops)? {
                    Ok(x) => *self.n(id)? = self.n(id)?.wrapping_add(x),
                    Err(x) => return self.n(id).map(|_| Err(x)),
                },
                Op::Both(a, left, b, right) => {
                    let x = self.run(*a, left)?;
                    let y = self.run(*b, right)?;
                    let n = self.n(id)?;
                    match y {
                        Ok(y) => *n = n.wrapping_mul(5).wrapping_add(x.unwrap_or(-1)).wrapping_sub(y),
                        Err(y) => return Ok(Err(y)),
                    }
                }
                Op::All(list) => {
                    let mut all = Vec::new();
                    for (other, ops) in list {
                        all.push(self.run(*other, ops)?);
                    }
                    let n = self.n(id)?;
                    for x in all {
                        *n = n.wrapping_mul(7).wrapping_add(x.unwrap_or(1));
                    }
                }
                Op::Send(other, ops) => {
                    // What was sent may return `Err`; nobody asks.
                    let _ = self.run(*other, ops)?;
                    self.n(id)?;
                }
                Op::Open(other) => {
                    self.0.entry(*other).or_insert(7);
                }
                Op::Remove(other) => {
                    self.0.remove(other);
                    self.n(id)?;
                }
                Op::Fail => return self.n(id).map(|n| Err(*n)),
                Op::Panic => return Err(Doom::Panicked(*self.n(id)?)),
            }
        }
        self.n(id).map(|n| Ok(*n))
    }

    /// One transaction and its printed reply.
    fn request(&mut self, id: u64, ops: &[Op]) -> String {
        let before = self.clone();
        let outcome = self.run(id, ops);
        if !matches!(outcome, Ok(Ok(_))) {
            *self = before;
        }
        match outcome {
            Ok(reply) => format!("Ok({reply:?})"),
            Err(Doom::Missing(id)) => format!("Err(Missing {{ entity: \"Machine\", key: \"{id}\" }})"),
            Err(Doom::Panicked(n)) => format!("Err(Panicked {{ message: \"{n}\" }})"),
        }
    }

    fn state(&self) -> serde_json::Value {
        let machines = self.0.iter().map(|(id, n)| (id.to_string(), serde_json::json!({"id": id, "n": n})));
        serde_json::json!({ "Machine": machines.collect::<serde_json::Map<_, _>>() })
    }
}

fn check(seed: u64) {
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(seed));
    let start: Vec<Op> = (0..MACHINES).map(Op::Open).collect();
    let mut requests = vec![(0, start)];
    requests.extend((0..REQUESTS).map(|_| (numbers.below(MACHINES), draw(&mut numbers, 4))));

    let mut plain = Plain([(0, 7)].into());
    let replies: Vec<String> = requests.iter().map(|(id, ops)| plain.request(*id, ops)).collect();
    let plain = Run { side: format!("seed {seed}, by hand"), replies, state: plain.state() };
    let texts: Vec<String> = requests.iter().map(|(id, ops)| format!("{id}: {ops:?}")).collect();
    let calls: Vec<(&str, &str)> = texts.iter().map(|text| (text.as_str(), "")).collect();
    let good = plain.replies.iter().filter(|reply| reply.starts_with("Ok(Ok")).count();
    assert!((REQUESTS / 5..REQUESTS).contains(&good), "{good} of {REQUESTS} drawn requests commit");

    let mut oracle = Oracle::new().seed(7).clock(|| 0);
    oracle.call(Machine::at(0).open()).expect("the first machine");
    let replies =
        requests.iter().map(|(id, ops)| show(oracle.call(Machine::at(*id).run(ops.clone())))).collect();
    Run { side: "oracle".to_owned(), replies, state: oracle.inspect() }.agrees_with(&plain, &calls);

    for workers in WORKERS {
        let app = App::new("drawn").entity::<Machine>().workers(workers).start().expect("the program starts");
        app.call_blocking(Machine::at(0).open()).expect("the first machine");
        let pending: Vec<_> =
            requests.iter().map(|(id, ops)| app.submit_waiting(Machine::at(*id).run(ops.clone()))).collect();
        let replies = pending.into_iter().map(|reply| show(reply.and_then(|reply| reply.wait()))).collect();
        let state = app.inspect().expect("the state can be read");
        app.stop().expect("the program stops");
        Run { side: format!("{workers} workers"), replies, state }.agrees_with(&plain, &calls);
    }
}

#[test]
fn drawn_programs_agree_with_a_third_opinion() {
    (1..=12).for_each(check);
}
