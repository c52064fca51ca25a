//! Checkpoints: the state at a place in the order, whatever goes on meanwhile, for any number of workers.
use std::time::Duration;
use thalweg::prelude::*;
use thalweg::{Error, Reply};
use thalweg_checkpoint::Location;
use thalweg_log::testing::{Draw, Power};

mod classes;
mod failing;
mod rows;

mod town {
    use super::*;

    #[entity]
    pub struct House {
        #[key]
        pub at: (String, u32),
        pub guests: Vec<u64>,
        pub coins: i64,
    }

    #[entity]
    impl House {
        pub fn build(at: (String, u32), coins: i64) -> Self {
            Self { at, guests: Vec::new(), coins }
        }
        pub fn enter(&mut self, guest: u64) -> Result<usize, String> {
            if self.guests.len() > 20 {
                return Err("full".into());
            }
            self.guests.push(guest);
            Ok(self.guests.len())
        }
        pub fn give(&mut self, coins: i64) -> Result<i64, String> {
            self.coins += coins;
            if self.coins < 0 { Err("poor".into()) } else { Ok(self.coins) }
        }
        /// What comes last decides.
        pub async fn pay(&mut self, to: Ref<House>, coins: i64) -> Result<i64, String> {
            self.coins -= coins;
            to.give(coins).await?;
            if self.coins < 0 { Err("too poor".into()) } else { Ok(self.coins) }
        }
        /// Whom it meets is known by its state alone.
        pub async fn visit(&mut self) -> bool {
            let next = House::at((self.at.0.clone(), self.coins.unsigned_abs() as u32 % 9));
            if next.exists().await { next.enter(self.coins.unsigned_abs()).await.is_ok() } else { false }
        }
    }
}
use town::House;

fn house(n: u64) -> Ref<House> {
    House::at((format!("street {}", n % 3), (n % 9) as u32))
}

fn app(disk: &Power, store: &Location, workers: usize) -> App {
    App::new("town")
        .entity::<House>()
        .workers(workers)
        .seed(3)
        .data_on(disk.clone())
        .checkpoints_on(store.clone())
        .checkpoint_every(Duration::from_secs(3600))
}

fn start(disk: &Power, store: &Location, workers: usize) -> Handle {
    app(disk, store, workers).start().expect("the app starts")
}

/// Drawn requests; waits for all answers.
fn work(handle: &Handle, draw: &mut Draw, requests: usize) {
    fn wait<T>(reply: Result<Reply<T>, Error>) -> Box<dyn FnOnce()>
    where
        T: 'static,
    {
        Box::new(move || drop(reply.expect("there is room").wait()))
    }
    let handles = [handle.clone(), handle.clone()];
    let mut waiting: Vec<Box<dyn FnOnce()>> = Vec::new();
    for n in 0..requests {
        let (a, b) = (house(draw.below(27)), house(draw.below(27)));
        let handle = &handles[n % 2];
        waiting.push(match draw.below(7) {
            0 | 1 => wait(handle.submit(a.build(draw.below(50) as i64))),
            2 => wait(handle.submit(a.remove())),
            3 => wait(handle.submit(a.enter(draw.below(100)))),
            4 | 5 => wait(handle.submit(a.pay(b, draw.below(30) as i64))),
            _ => wait(handle.submit(a.visit())),
        });
    }
    waiting.into_iter().for_each(|wait| wait());
}

fn state(handle: &Handle) -> String {
    handle.inspect().expect("the state can be read").to_string()
}

#[test]
fn a_restart_begins_with_the_checkpoint_and_ends_with_the_same_bytes() {
    let seeds = std::env::var("THALWEG_CHECKPOINT_SEEDS").ok().and_then(|n| n.parse().ok()).unwrap_or(24);
    let mut behind = 0;
    for seed in 0..seeds {
        let (disk, store, mut draw) = (Power::new(), Location::memory(), Draw::new(seed));
        let mut before = None;
        for life in 0..4 {
            let workers = 1 + draw.size_below(4);
            // Where transactions execute is drawn, too, so that what is created and removed is lent.
            let app = app(&disk, &store, workers);
            let app = if draw.below(2) == 0 { app.draw_homes(seed) } else { app };
            let handle = app.start().expect("the app starts");
            if let Some(before) = before.take() {
                assert_eq!(state(&handle), before, "seed {seed}, life {life}, {workers} workers");
            }
            for _ in 0..draw.below(4) {
                let requests = 1 + draw.size_below(40);
                // A checkpoint is taken while requests go on.
                std::thread::scope(|scope| {
                    let asks = draw.below(2) == 0;
                    let asked = asks.then(|| scope.spawn(|| handle.checkpoint().expect("it can be written")));
                    work(&handle, &mut draw, requests);
                    behind += u64::from(asked.is_some_and(|asked| asked.join().expect("it is taken") > 0));
                });
            }
            before = Some(state(&handle));
            if draw.below(3) == 0 {
                handle.stop().expect("it stops");
            }
            disk.cut(seed * 100 + life);
            drop(handle);
        }
    }
    assert!(behind > seeds, "only {behind} checkpoints were taken");
}

#[test]
fn a_clean_stop_leaves_nothing_to_replay() {
    for workers in [1, 3] {
        let (disk, store) = (Power::new(), Location::memory());
        let handle = start(&disk, &store, workers);
        work(&handle, &mut Draw::new(5), 60);
        let before = state(&handle);
        handle.stop().expect("it stops");
        drop(handle);
        let handle = start(&disk, &store, 2);
        assert_eq!(handle.counts().epochs, 0, "everything is in the checkpoint");
        assert_eq!(state(&handle), before);
    }
}

#[test]
fn the_log_is_let_go_of_behind_old_checkpoints() {
    let (disk, store) = (Power::new(), Location::memory());
    let handle = start(&disk, &store, 2);
    let mut most = 0;
    for _ in 0..30 {
        (0..20).for_each(|n| work(&handle, &mut Draw::new(n), 10));
        handle.checkpoint().expect("it can be written");
        most = most.max(disk.files().len());
    }
    // Some 400 without it; how far behind the thread of the log is differs.
    assert!(most < 60, "{most} files");
    let before = state(&handle);
    drop(handle);
    disk.cut(1);
    assert_eq!(state(&start(&disk, &store, 3)), before);
}

mod many {
    use super::*;

    #[entity(auto)]
    pub struct Count {
        #[key]
        pub id: u64,
        pub n: u64,
    }

    #[entity]
    impl Count {
        pub fn new(id: u64) -> Self {
            Self { id, n: 0 }
        }
        pub fn add(&mut self, n: u64) -> u64 {
            self.n += n;
            self.n
        }
        pub async fn pass(&mut self, to: Ref<Count>) {
            self.n -= 1;
            to.add(1).await;
        }
    }
}

/// So many that the workers are long not done with them when those behind the cut are written.
#[test]
fn what_is_written_behind_the_cut_is_saved_as_it_was_before() {
    use many::Count;
    const ALL: u64 = 20_000;
    for (seed, workers) in [(1, 1), (2, 2), (3, 3)] {
        let (disk, store, mut draw) = (Power::new(), Location::memory(), Draw::new(seed));
        let start = |workers| {
            let app = App::new("many").entity::<Count>().workers(workers).seed(1).data_on(disk.clone());
            app.checkpoints_on(store.clone())
                .checkpoint_every(Duration::from_secs(3600))
                .start()
                .expect("it starts")
        };
        let handle = start(workers);
        let all =
            handle.submit_all((0..ALL).map(|id| Count::at(id).add(1_000))).and_then(thalweg::Replies::wait);
        assert!(all.expect("it is answered").iter().all(Result::is_ok));
        // The first is whole, and the second has what has changed.
        for _ in 0..2 {
            let mut passes = || {
                let mut id = || Count::at(draw.below(ALL));
                let all: Vec<_> = (0..500).map(|_| id().pass(id())).collect();
                handle.submit_all(all).expect("there is room")
            };
            std::thread::scope(|scope| {
                let taken = scope.spawn(|| handle.checkpoint().expect("it can be written"));
                while !taken.is_finished() {
                    passes()
                        .wait()
                        .expect("it is answered")
                        .into_iter()
                        .for_each(|pass| pass.expect("it passes"));
                }
            });
        }
        let before = state(&handle);
        disk.cut(seed);
        drop(handle);
        assert_eq!(state(&start(4 - workers)), before, "{workers} workers");
    }
}

#[test]
fn a_replay_at_many_workers_leaves_nothing_out() {
    for seed in 0..20 {
        let (disk, store) = (Power::new(), Location::memory());
        let handle = start(&disk, &store, 4);
        work(&handle, &mut Draw::new(seed), 60);
        let before = state(&handle);
        disk.cut(seed);
        drop(handle);
        assert_eq!(state(&start(&disk, &store, 4)), before, "seed {seed}");
    }
}

#[test]
fn determinism_is_checked_in_an_app_that_keeps_its_state() {
    let (disk, store) = (Power::new(), Location::memory());
    let start = || {
        let app = thalweg::testing::app("town").entity::<House>().seed(3).data_on(disk.clone());
        app.checkpoints_on(store.clone()).start().expect("the app starts")
    };
    let handle = start();
    work(&handle, &mut Draw::new(1), 40);
    handle.checkpoint().expect("it can be written");
    work(&handle, &mut Draw::new(2), 40);
    let before = state(&handle);
    disk.cut(2);
    drop(handle);
    assert_eq!(state(&start()), before);
}

#[test]
fn a_simulation_keeps_nothing() {
    let schedule = thalweg::simulation::Schedule { seed: 1, epoch: 3 };
    let refused = app(&Power::new(), &Location::memory(), 2).simulate(schedule).map(drop);
    assert!(matches!(refused, Err(Error::Start(what)) if what.contains("data_dir")));
}

#[test]
fn a_checkpoint_is_taken_when_the_log_has_grown() {
    let (disk, store) = (Power::new(), Location::memory());
    let app = app(&disk, &store, 2).checkpoint_after(20_000).start().expect("the app starts");
    let manifests = thalweg_checkpoint::Store::open(&store, Default::default()).expect("it is there");
    let mut draw = Draw::new(1);
    while manifests.manifests().expect("they can be read").is_empty() {
        work(&app, &mut draw, 50);
    }
    app.stop().expect("it stops");
}
