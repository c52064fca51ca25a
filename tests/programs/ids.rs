//! Requests with an id: executed once, answered as often as somebody asks.
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use thalweg::prelude::*;
use thalweg::{CallWithId, Error, Reply};
use thalweg_checkpoint::Location;
use thalweg_log::testing::{Draw, Power};

mod purse {
    use super::*;
    use thalweg::serde::{Deserialize, Deserializer, Serialize};

    #[derive(Debug, PartialEq, Serialize)]
    pub struct Odd(pub u64);
    impl<'de> Deserialize<'de> for Odd {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            String::deserialize(deserializer).map(|_| Self(0))
        }
    }

    #[entity(auto)]
    #[derive(Debug)]
    pub struct Purse {
        #[key]
        pub id: u64,
        pub coins: i64,
    }

    #[entity]
    impl Purse {
        pub fn new(id: u64) -> Self {
            Self { id, coins: 0 }
        }
        pub fn put(&mut self, coins: i64) -> Result<i64, String> {
            self.coins += coins;
            if self.coins < 0 { Err(format!("{} short", -self.coins)) } else { Ok(self.coins) }
        }
        pub async fn pay(&mut self, to: Ref<Purse>, coins: i64) -> Result<(i64, u64), String> {
            to.put(coins).await?;
            self.coins -= coins;
            if self.coins < -100 { Err("poor".into()) } else { Ok((self.coins, thalweg::random())) }
        }
        pub fn breaks(&mut self, coins: i64) -> i64 {
            self.coins += coins;
            panic!("on purpose: {coins}");
        }
        pub fn waits(&mut self, _ms: u64) -> u64 {
            self.coins += 1;
            #[allow(clippy::disallowed_methods)]
            std::thread::sleep(Duration::from_millis(_ms));
            thalweg::random()
        }
        /// Its answer has bytes that cannot be read.
        pub fn odd(&mut self) -> Odd {
            self.coins += 1000;
            Odd(3)
        }
        pub fn coins(&self) -> i64 {
            self.coins
        }
    }
}
use purse::Purse;

fn purse(id: u64) -> Ref<Purse> {
    Purse::at(id)
}

fn app(workers: usize) -> App {
    App::new("purses").expose::<Purse>().workers(workers).seed(5)
}

#[test]
fn who_asks_again_gets_the_first_answer() {
    for workers in [1, 3] {
        let app = app(workers).start().expect("the app starts");
        for _ in 0..3 {
            assert_eq!(app.call_blocking(purse(1).put(30).with_id("a")), Ok(Ok(30)));
            assert_eq!(app.call_blocking(purse(2).put(-30).with_id("a")), Ok(Err("30 short".into())));
            let broken = app.call_blocking(purse(3).breaks(1).with_id("a"));
            assert_eq!(broken, Err(Error::Panicked { message: "on purpose: 1".into() }));
        }
        let paid: Vec<_> =
            (0..3).map(|_| app.call_blocking(purse(1).pay(purse(4), 7).with_id("a"))).collect();
        assert!(
            paid[0].as_ref().is_ok_and(|paid| paid.as_ref().is_ok_and(|(left, _)| *left == 23)),
            "{paid:?}"
        );
        assert!(paid.iter().all(|again| *again == paid[0]), "the same random number, too: {paid:?}");
        assert_eq!(app.call_blocking(purse(1).put(31).with_id("a")), Err(Error::IdReused));
        assert_eq!(app.call_blocking(purse(1).pay(purse(5), 7).with_id("a")), Err(Error::IdReused));
        assert_eq!(app.call_blocking(purse(1).put(1).with_id("b")), Ok(Ok(24)), "another id");
        let left: Vec<_> = (1..6).map(|id| app.call_blocking(purse(id).coins())).collect();
        assert_eq!(left, [Ok(24), Ok(0), Ok(0), Ok(7), Ok(0)]);
    }
}

#[test]
fn by_name_it_is_the_same_request() {
    let app = app(2).start().expect("the app starts");
    assert_eq!(app.call_blocking(purse(1).put(30).with_id("a")), Ok(Ok(30)));
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let put = |key: u64, coins: i64, id: &'static str| {
        let (key, args) = (json!(key), json!({ "coins": coins }));
        runtime.block_on(app.invoke_with_id("Purse", &key, "put", &args, id))
    };
    assert_eq!(put(1, 30, "a"), Ok(Ok(json!(30))));
    assert_eq!(put(1, 31, "a"), Err(Error::IdReused));
    assert_eq!(put(2, -4, "a"), Ok(Err(json!("4 short"))));
    assert_eq!(app.call_blocking(purse(2).put(-4).with_id("a")), Ok(Err("4 short".into())));
}

#[test]
fn many_who_ask_at_once_get_one_answer() {
    for workers in [1, 2] {
        let app = app(workers).start().expect("the app starts");
        let ask = |_| app.submit(purse(1).waits(2).with_id("a")).expect("there is room");
        let answers: Vec<u64> = (0..20)
            .map(ask)
            .collect::<Vec<_>>()
            .into_iter()
            .map(|reply| reply.wait().expect("an answer"))
            .collect();
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
        assert_eq!(app.call_blocking(purse(1).coins()), Ok(1));
    }
}

#[test]
fn ids_are_forgotten_by_the_clock_of_epochs_and_never_too_early() {
    let time = Arc::new(AtomicU64::new(1_000));
    let clock = time.clone();
    let app = app(2)
        .clock(move || clock.load(Ordering::SeqCst))
        .remember_ids(Duration::from_micros(500))
        .most_ids(2);
    let app = app.start().expect("the app starts");
    let put = |id: &str| app.call_blocking(purse(1).put(1).with_id(id));
    assert_eq!([put("a"), put("b"), put("a")], [Ok(Ok(1)), Ok(Ok(2)), Ok(Ok(1))]);
    assert_eq!(put("c"), Err(Error::TooManyIds { most: 2 }));
    time.store(1_499, Ordering::SeqCst);
    assert_eq!(app.call_blocking(purse(1).coins()), Ok(2));
    assert_eq!(put("a"), Ok(Ok(1)), "it is remembered for one microsecond more");
    time.store(1_500, Ordering::SeqCst);
    assert_eq!(app.call_blocking(purse(1).coins()), Ok(2));
    assert_eq!(put("a"), Ok(Ok(3)), "it is forgotten, so it is new");
}

#[test]
fn what_is_refused_is_not_remembered() {
    let app = app(1).queue(1).start().expect("the app starts");
    let slow = app.submit(purse(1).waits(50)).expect("there is room");
    assert!(matches!(app.submit(purse(1).put(5).with_id("a")).map(drop), Err(Error::Overloaded { .. })));
    slow.wait().expect("an answer");
    assert_eq!(app.call_blocking(purse(1).put(5).with_id("a")), Ok(Ok(6)));
    app.stop().expect("it stops");
    assert_eq!(app.call_blocking(purse(1).put(5).with_id("b")), Err(Error::Stopped));
}

fn durable(disk: &Power, store: &Location, workers: usize) -> Handle {
    let app = app(workers).data_on(disk.clone()).checkpoints_on(store.clone());
    app.checkpoint_every(Duration::from_secs(3600)).start().expect("the app starts")
}

#[test]
fn an_id_is_remembered_across_restarts_and_checkpoints() {
    let (disk, store) = (Power::new(), Location::memory());
    let ask = |app: &Handle| {
        let pay = app.call_blocking(purse(1).pay(purse(2), 7).with_id("a")).expect("it is paid");
        let broken = app.call_blocking(purse(3).breaks(2).with_id("a"));
        (pay, broken, app.call_blocking(purse(2).put(-100).with_id("a")))
    };
    let first = ask(&durable(&disk, &store, 1));
    for life in 0..6 {
        let app = durable(&disk, &store, 1 + life % 3);
        assert_eq!(ask(&app), first, "life {life}");
        assert_eq!(app.call_blocking(purse(1).put(9).with_id("z")).map(drop), Ok(()));
        assert_eq!(app.call_blocking(purse(1).pay(purse(2), 8).with_id("a")), Err(Error::IdReused));
        match life % 3 {
            0 => drop(app.checkpoint().expect("a checkpoint")),
            1 => app.stop().expect("it stops"),
            // What is replayed is told, though nothing new comes.
            _ => disk.cut(9),
        }
        disk.cut(life as u64);
    }
    let app = durable(&disk, &store, 2);
    assert_eq!((app.call_blocking(purse(1).coins()), app.call_blocking(purse(2).coins())), (Ok(2), Ok(7)));
}

/// What is asked for with an id until there is an answer happens once, whatever fails meanwhile.
#[test]
fn who_repeats_until_there_is_an_answer_pays_once() {
    let mut undecided = 0;
    for seed in 0..24_u64 {
        let (disk, store, mut draw) = (Power::new(), Location::memory(), Draw::new(seed));
        let mut open: BTreeMap<u64, (u64, i64)> =
            (0..60).map(|id| (id, (draw.below(5), 1 << draw.below(5)))).collect();
        let all: i64 = open.values().map(|(_, coins)| coins).sum();
        let mut answers: BTreeMap<u64, Result<i64, String>> = BTreeMap::new();
        while !open.is_empty() {
            let app = durable(&disk, &store, 1 + draw.below(3) as usize);
            let mut asked: Vec<(u64, Result<Reply<Result<i64, String>>, Error>)> = Vec::new();
            for (id, (to, coins)) in &open {
                let put = || -> CallWithId<_> { purse(*to).put(*coins).with_id(format!("{id}")) };
                for _ in 0..=draw.below(2) {
                    asked.push((*id, app.submit_waiting(put())));
                }
                if draw.below(20) == 0 {
                    let _ = app.checkpoint();
                }
            }
            // Some that have been answered are asked for again.
            if draw.below(3) > 0 {
                disk.cut(draw.any());
            }
            for (id, reply) in asked {
                match reply.and_then(Reply::wait) {
                    Ok(answer) => {
                        open.remove(&id);
                        let known = answers.entry(id).or_insert_with(|| answer.clone());
                        assert_eq!(*known, answer, "seed {seed}: one answer");
                    }
                    Err(Error::Undecided) => undecided += 1,
                    Err(Error::Storage { .. } | Error::Stopped) => {}
                    Err(other) => panic!("{other}"),
                }
            }
            drop(app);
            disk.cut(draw.any());
        }
        let app = durable(&disk, &store, 2);
        let coins: i64 = (0..5).map(|id| app.call_blocking(purse(id).coins()).expect("an answer")).sum();
        assert_eq!(coins, all, "seed {seed}: each once");
    }
    assert!(undecided > 20, "{undecided} were undecided");
}

#[test]
fn an_answer_that_cannot_be_kept_is_undone() {
    for workers in [1, 2] {
        let app = app(workers).start().expect("the app starts");
        assert_eq!(
            app.call_blocking(purse(1).odd()).map(|odd| odd.0),
            Ok(3),
            "without an id nothing is kept"
        );
        for _ in 0..2 {
            let odd = app.call_blocking(purse(1).odd().with_id("a")).expect_err("it cannot be read");
            assert!(matches!(odd, Error::NotPortable { .. }), "{odd}");
        }
        assert_eq!(app.call_blocking(purse(1).coins()), Ok(1000));
    }
}

#[test]
fn ids_that_are_forgotten_at_once_leave_room() {
    let (disk, store) = (Power::new(), Location::memory());
    let app = app(2).data_on(disk).checkpoints_on(store).remember_ids(Duration::ZERO).most_ids(8);
    let app = app.start().expect("the app starts");
    for n in 0..200 {
        app.call_blocking(purse(1).put(1).with_id(format!("{n}")))
            .expect("there is room")
            .expect("it is put");
        if n % 50 == 0 {
            app.checkpoint().expect("a checkpoint");
        }
    }
    assert_eq!(app.call_blocking(purse(1).coins()), Ok(200));
}
