//! The system around the programs: determinism, order, overload, stop, and the texts of errors.

mod bank {
    use thalweg::prelude::*;

    #[entity]
    pub struct Account {
        #[key]
        id: u64,
        balance: i64,
    }

    #[entity]
    impl Account {
        pub fn open(id: u64, balance: i64) -> Self {
            Self { id, balance }
        }

        pub fn balance(&self) -> i64 {
            self.balance
        }

        pub fn deposit(&mut self, amount: i64) -> i64 {
            assert!(amount < 90, "no bank takes {amount}");
            self.balance += amount;
            self.balance
        }

        pub fn withdraw(&mut self, amount: i64) -> Result<i64, String> {
            self.balance -= amount;
            if self.balance < 0 {
                return Err(format!("{} is {} short", self.id, -self.balance));
            }
            Ok(self.balance)
        }

        pub async fn transfer(&mut self, to: Ref<Account>, amount: i64) -> Result<i64, String> {
            to.deposit(amount).await;
            let rest = self.withdraw(amount)?;
            Ok(rest)
        }

        /// Takes from whom the balance says, which no argument names.
        pub async fn follow(&mut self, accounts: u64) -> Result<i64, String> {
            let from = Account::at(self.balance.unsigned_abs() % accounts);
            let rest = from.withdraw(5).await?;
            self.deposit(5);
            Ok(rest)
        }

        pub async fn round(&self, accounts: Vec<Ref<Account>>) -> Result<Vec<i64>, String> {
            let mut seen = vec![];
            for account in accounts {
                let next = Account::at(self.id);
                seen.push(account.transfer(next, 1).await?);
            }
            Ok(seen)
        }

        /// Time that can be waited for without a clock.
        pub fn slow(&mut self, turns: u64) -> i64 {
            for turn in 0..turns {
                std::hint::black_box(turn);
            }
            self.balance += 1;
            self.balance
        }
    }
}

mod journal {
    use thalweg::prelude::*;

    #[entity]
    pub struct Journal {
        #[key]
        id: u64,
        lines: Vec<(u64, u64)>,
    }

    #[entity]
    impl Journal {
        pub fn open(id: u64) -> Self {
            Self { id, lines: vec![] }
        }

        pub fn write(&mut self, who: u64, n: u64) {
            self.lines.push((who, n));
        }

        pub fn lines(&self) -> Vec<(u64, u64)> {
            self.lines.clone()
        }
    }

    #[entity(auto)]
    pub struct Writer {
        #[key]
        id: u64,
    }

    #[entity]
    impl Writer {
        pub fn new(id: u64) -> Self {
            Self { id }
        }

        pub async fn write(&self, to: Ref<Journal>, who: u64, n: u64) {
            to.write(who, n).await;
        }

        /// The journal is found on the way: nothing says beforehand who is touched.
        pub async fn write_to(&self, journal: u64, who: u64, n: u64) {
            Journal::at(journal + self.id - self.id).write(who, n).await;
        }
    }

    #[entity(auto)]
    pub struct Clock {
        #[key]
        id: u64,
        stamps: Vec<String>,
    }

    #[entity]
    impl Clock {
        pub fn new(id: u64) -> Self {
            Self { id, stamps: vec![] }
        }

        pub fn stamp(&mut self) -> String {
            let stamp = format!("{} {} {}", thalweg::now(), thalweg::random(), thalweg::transaction());
            self.stamps.push(stamp.clone());
            stamp
        }

        pub async fn two(&mut self, other: Ref<Clock>) -> (String, String, String) {
            let before = self.stamp();
            let theirs = other.stamp().await;
            (before, theirs, self.stamp())
        }
    }
}

use crate::harness::{Run, show};
use bank::Account;
use journal::{Clock, Journal, Writer};
use std::collections::BTreeSet;
use thalweg::oracle::Oracle;
use thalweg::prelude::*;
use thalweg::{Bound, Error};

const ACCOUNTS: u64 = 12;

/// A stream of numbers that is the same everywhere.
pub struct Numbers(pub u64);

impl Numbers {
    pub fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % n
    }
}

#[derive(Clone)]
enum Request {
    Open(u64),
    Balance(u64),
    Deposit(u64, i64),
    Transfer(u64, u64, i64),
    Follow(u64),
    Round(u64, Vec<u64>),
    Remove(u64),
    Exists(u64),
}

impl Request {
    fn draw(numbers: &mut Numbers) -> Self {
        let a = numbers.below(ACCOUNTS);
        let b = numbers.below(ACCOUNTS);
        let amount = numbers.below(93) as i64;
        match numbers.below(40) {
            0 => Self::Remove(a),
            1..=4 => Self::Open(a),
            5..=7 => Self::Balance(a),
            8 => Self::Exists(a),
            9..=14 => Self::Deposit(a, amount),
            15..=29 => Self::Transfer(a, b, amount),
            30..=35 => Self::Follow(a),
            _ => Self::Round(a, (0..numbers.below(5)).map(|n| (b + n) % ACCOUNTS).collect()),
        }
    }
}

/// Makes the call of a request and does something with it, whatever its type.
macro_rules! with_call {
    ($request:expr, |$call:ident| $body:expr) => {
        match $request {
            Request::Open(id) => {
                let $call = Account::at(id).open(100);
                $body
            }
            Request::Balance(id) => {
                let $call = Account::at(id).balance();
                $body
            }
            Request::Deposit(id, amount) => {
                let $call = Account::at(id).deposit(amount);
                $body
            }
            Request::Transfer(from, to, amount) => {
                let $call = Account::at(from).transfer(Account::at(to), amount);
                $body
            }
            Request::Follow(id) => {
                let $call = Account::at(id).follow(ACCOUNTS);
                $body
            }
            Request::Round(id, accounts) => {
                let $call = Account::at(id).round(accounts.into_iter().map(Account::at).collect());
                $body
            }
            Request::Remove(id) => {
                let $call = Account::at(id).remove();
                $body
            }
            Request::Exists(id) => {
                let $call = Account::at(id).exists();
                $body
            }
        }
    };
}

fn start(workers: usize) -> Handle {
    let app = App::new("system").entity::<Account>().entity::<Journal>().entity::<Writer>().entity::<Clock>();
    app.workers(workers).seed(7).clock(|| 0).start().expect("the program starts")
}

fn on_the_oracle(requests: &[Request]) -> Run {
    let mut oracle = Oracle::new().seed(7).clock(|| 0);
    let replies = requests.iter().cloned().map(|r| with_call!(r, |call| show(oracle.call(call)))).collect();
    Run { side: "oracle".to_owned(), replies, state: oracle.inspect() }
}

fn on_workers(requests: &[Request], workers: usize) -> Run {
    let app = start(workers);
    let pending: Vec<Box<dyn FnOnce() -> String>> = requests
        .iter()
        .cloned()
        .map(|request| {
            with_call!(request, |call| {
                let reply = app.submit_waiting(call);
                Box::new(move || show(reply.and_then(|reply| reply.wait()))) as Box<dyn FnOnce() -> String>
            })
        })
        .collect();
    let replies = pending.into_iter().map(|reply| reply()).collect();
    let state = app.inspect().expect("the state can be read");
    app.stop().expect("the program stops");
    Run { side: format!("{workers} workers"), replies, state }
}

#[test]
fn two_thousand_requests_give_the_same_bytes() {
    for seed in [1, 2, 3] {
        let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(seed));
        let mut requests: Vec<Request> = (0..ACCOUNTS).map(Request::Open).collect();
        requests.extend((0..2_000).map(|_| Request::draw(&mut numbers)));
        let oracle = on_the_oracle(&requests);
        let count = |what: &str| oracle.replies.iter().filter(|reply| reply.starts_with(what)).count();
        assert!(
            count("Ok(Ok") > 300
                && count("Ok(Err") > 30
                && count("Err(Panicked") > 5
                && count("Err(Missing") > 30,
            "the requests are not a good mixture: {} {} {} {}",
            count("Ok(Ok"),
            count("Ok(Err"),
            count("Err(Panicked"),
            count("Err(Missing")
        );
        let calls: Vec<(&str, &str)> = requests.iter().map(|_| ("a drawn request", "")).collect();
        for workers in [1, 2, 3, 4] {
            on_workers(&requests, workers).agrees_with(&oracle, &calls);
        }
    }
}

#[test]
fn concurrent_handles_keep_the_money() {
    for workers in [1, 2, 4] {
        let app = start(workers);
        for id in 0..ACCOUNTS {
            app.call_blocking(Account::at(id).open(100)).expect("a new account");
        }
        let threads: Vec<_> = (1..=4_u64)
            .map(|thread| {
                let app = app.clone();
                std::thread::spawn(move || {
                    let mut numbers = Numbers(thread * 77);
                    for _ in 0..300 {
                        let (from, to) = (numbers.below(ACCOUNTS), numbers.below(ACCOUNTS));
                        let amount = numbers.below(60) as i64;
                        if numbers.below(3) == 0 {
                            drop(app.call_blocking(Account::at(from).follow(ACCOUNTS)).expect("an answer"));
                        } else {
                            let call = Account::at(from).transfer(Account::at(to), amount);
                            drop(app.call_blocking(call).expect("an answer"));
                        }
                    }
                })
            })
            .collect();
        for thread in threads {
            thread.join().expect("the thread ends well");
        }
        let balances: Vec<i64> = (0..ACCOUNTS)
            .map(|id| app.call_blocking(Account::at(id).balance()).expect("an answer"))
            .collect();
        assert_eq!(balances.iter().sum::<i64>(), 100 * ACCOUNTS as i64, "{workers} workers: {balances:?}");
        assert!(balances.iter().all(|balance| *balance >= 0), "{workers} workers: {balances:?}");
        app.stop().expect("the program stops");
    }
}

#[test]
fn a_full_queue_says_so_and_loses_nothing() {
    for workers in [1, 2] {
        let app = App::new("system").entity::<Account>().workers(workers).queue(8).start().expect("starts");
        app.call_blocking(Account::at(1).open(0)).expect("a new account");
        let slow = app.submit(Account::at(1).slow(30_000_000)).expect("there is room");
        let replies: Vec<_> = (0..200).map(|_| app.submit(Account::at(1).deposit(1))).collect();
        assert_eq!(slow.wait(), Ok(1));
        let mut taken = 0;
        for reply in replies {
            match reply {
                Ok(reply) => {
                    taken += 1;
                    assert_eq!(reply.wait(), Ok(1 + taken));
                }
                Err(Error::Overloaded { capacity: 8, full: Bound::Requests, .. }) => {}
                Err(error) => panic!("{error}"),
            }
        }
        assert!((1..200).contains(&taken), "{taken} of 200 were taken");
        assert_eq!(
            app.call_blocking(Account::at(1).balance()),
            Ok(1 + taken),
            "room again, and nothing lost"
        );
        app.stop().expect("the program stops");
    }
}

#[test]
fn who_waits_is_never_overloaded() {
    let app = App::new("system").entity::<Account>().workers(2).queue(2).start().expect("starts");
    app.call_blocking(Account::at(1).open(0)).expect("a new account");
    let replies: Vec<_> =
        (0..300).map(|_| app.submit_waiting(Account::at(1).deposit(1)).expect("a place")).collect();
    for (n, reply) in replies.into_iter().enumerate() {
        assert_eq!(reply.wait(), Ok(n as i64 + 1));
    }
    app.stop().expect("the program stops");
}

#[test]
fn stop_answers_what_it_took() {
    for workers in [1, 2, 4] {
        let app = start(workers);
        for id in 0..ACCOUNTS {
            app.call_blocking(Account::at(id).open(100)).expect("a new account");
        }
        let replies: Vec<_> = (0..500)
            .map(|n| app.submit_waiting(Account::at(n % 12).transfer(Account::at((n + 5) % 12), 1)))
            .collect();
        app.stop().expect("the program stops");
        for reply in replies {
            match reply.and_then(|reply| reply.wait()) {
                Ok(_) | Err(Error::Stopped) => {}
                other => panic!("{workers} workers: {other:?}"),
            }
        }
    }
}

#[test]
fn after_stop_every_call_says_stopped() {
    let app = start(2);
    let other = app.clone();
    app.call_blocking(Account::at(1).open(1)).expect("a new account");
    app.stop().expect("the program stops");
    assert_eq!(app.call_blocking(Account::at(1).balance()), Err(Error::Stopped));
    assert_eq!(other.call_blocking(Account::at(1).balance()), Err(Error::Stopped));
    assert_eq!(other.submit(Account::at(1).balance()).and_then(|reply| reply.wait()), Err(Error::Stopped));
    assert!(other.inspect().is_err());
}

#[test]
fn errors_name_the_entity_and_the_key() {
    let app = start(2);
    let missing = app.call_blocking(Account::at(4711).balance()).expect_err("nobody there").to_string();
    assert!(missing.contains("Account") && missing.contains("4711"), "{missing}");
    app.call_blocking(Account::at(12).open(1)).expect("a new account");
    let twice = app.call_blocking(Account::at(12).open(1)).expect_err("there already").to_string();
    assert!(twice.contains("Account") && twice.contains("12"), "{twice}");
    let panicked = app.call_blocking(Account::at(12).deposit(90)).expect_err("a panic").to_string();
    assert!(panicked.contains("no bank takes 90"), "{panicked}");
    let below =
        app.call_blocking(Account::at(12).transfer(Account::at(815), 1)).expect_err("nobody").to_string();
    assert!(below.contains("Account") && below.contains("815"), "{below}");
    app.stop().expect("the program stops");
}

#[test]
fn time_chance_and_identity_do_not_depend_on_workers() {
    let stamps = |workers: usize| -> Vec<(String, String, String)> {
        let app = start(workers);
        let replies: Vec<_> = (0..60)
            .map(|n| app.submit_waiting(Clock::at(n % 7).two(Clock::at(n % 5))).expect("a place"))
            .collect();
        let stamps = replies.into_iter().map(|reply| reply.wait().expect("an answer")).collect();
        app.stop().expect("the program stops");
        stamps
    };
    let one = stamps(1);
    assert_eq!(one, stamps(2));
    assert_eq!(one, stamps(4));
    let different: BTreeSet<&String> = one.iter().flat_map(|(a, b, c)| [a, b, c]).collect();
    assert_eq!(different.len(), 180, "every draw is another number");
    for (a, b, c) in &one {
        let id = |stamp: &String| stamp.rsplit(' ').next().map(str::to_owned);
        assert!(a.starts_with("0 ") && id(a) == id(b) && id(b) == id(c), "one transaction: {a}, {b}, {c}");
    }
    let mut oracle = Oracle::new().seed(7).clock(|| 0);
    for (n, stamp) in (0..60).zip(&one) {
        assert_eq!(oracle.call(Clock::at(n % 7).two(Clock::at(n % 5))).as_ref(), Ok(stamp));
    }
}

#[test]
fn a_handle_keeps_the_order_of_its_requests() {
    for workers in [1, 2, 4] {
        let app = start(workers);
        app.call_blocking(Journal::at(1).open()).expect("a new journal");
        let threads: Vec<_> = (0..3)
            .map(|who| {
                let app = app.clone();
                std::thread::spawn(move || {
                    let journal = || Journal::at(1);
                    for n in 0..200 {
                        match n % 3 {
                            0 => drop(
                                app.submit_waiting(Writer::at(n).write(journal(), who, n)).expect("a place"),
                            ),
                            1 => {
                                drop(app.submit_waiting(Writer::at(n).write_to(1, who, n)).expect("a place"))
                            }
                            _ => drop(app.submit_waiting(journal().write(who, n)).expect("a place")),
                        }
                    }
                    // Behind all of its own.
                    app.call_blocking(journal().lines()).expect("an answer")
                })
            })
            .collect();
        for (who, thread) in (0..).zip(threads) {
            let lines = thread.join().expect("the thread ends well");
            let own: Vec<u64> = lines.iter().filter(|line| line.0 == who).map(|line| line.1).collect();
            assert_eq!(own, (0..200).collect::<Vec<_>>(), "{workers} workers, handle {who}");
        }
        app.stop().expect("the program stops");
    }
}

#[test]
fn replies_can_be_awaited() {
    let runtime = tokio::runtime::Builder::new_multi_thread().build().expect("a runtime");
    runtime.block_on(async {
        let app = start(2);
        app.call(Account::at(1).open(10)).await.expect("a new account");
        app.call(Account::at(2).open(10)).await.expect("a new account");
        assert_eq!(app.call(Account::at(1).transfer(Account::at(2), 4)).await, Ok(Ok(6)));
        let late = app.submit(Account::at(2).balance()).expect("a place");
        assert_eq!(app.call(Account::at(1).balance()).await, Ok(6));
        assert_eq!(late.await, Ok(14));
        app.stop().expect("the program stops");
    });
}
