//! What survives: answers, identities, chance and time across restarts; and what is said where it cannot.
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use thalweg::prelude::*;
use thalweg::{Error, StorageFault, TransactionId};
use thalweg_log::testing::Power;

mod ledger {
    use super::*;

    #[entity(auto)]
    #[derive(Debug)]
    pub struct Account {
        #[key]
        pub id: u64,
        pub balance: i64,
        pub seen: Vec<(TransactionId, u64, u64)>,
    }

    #[entity]
    impl Account {
        pub fn new(id: u64) -> Self {
            Self { id, balance: 0, seen: Vec::new() }
        }
        pub fn put(&mut self, amount: i64) -> Result<i64, String> {
            if self.balance + amount < 0 {
                return Err(format!("only {} left", self.balance));
            }
            self.balance += amount;
            Ok(self.balance)
        }
        pub async fn transfer(&mut self, to: Ref<Account>, amount: i64) -> Result<i64, String> {
            to.put(amount).await?;
            self.put(-amount)
        }
        pub fn see(&mut self) -> (TransactionId, u64, u64) {
            let seen = (thalweg::transaction(), thalweg::now(), thalweg::random());
            self.seen.push(seen);
            seen
        }
        pub fn balance(&self) -> i64 {
            self.balance
        }
        pub fn panics(&mut self) {
            self.balance += 1;
            panic!("on purpose");
        }
    }
}
use ledger::Account;

fn account(id: u64) -> Ref<Account> {
    Account::at(id)
}

fn app(disk: &Power, workers: usize) -> App {
    App::new("ledger").entity::<Account>().workers(workers).data_on(disk.clone())
}

fn start(disk: &Power, workers: usize) -> Handle {
    app(disk, workers).start().expect("the app starts")
}

/// What a start is refused with.
fn refused(app: App) -> Error {
    app.start().map(drop).expect_err("it cannot start")
}

#[test]
fn identity_chance_and_time_go_on_after_a_restart() {
    let disk = Power::new();
    let mut all: Vec<(TransactionId, u64, u64)> = Vec::new();
    let mut seed = None;
    for run in 0..4_u64 {
        let app = start(&disk, 1 + run as usize % 3);
        assert_eq!(*seed.get_or_insert(app.seed()), app.seed(), "the seed is the directory's");
        let seen: Vec<_> = app.call_blocking(account(1).see()).into_iter().collect();
        let clone = app.clone();
        let seen = seen.into_iter().chain(clone.call_blocking(account(2).see()));
        all.extend(seen.inspect(|(id, ..)| assert_eq!(id.run, run)));
        app.stop().expect("it stops");
        disk.cut(run);
    }
    let ids: std::collections::BTreeSet<_> = all.iter().map(|(id, ..)| *id).collect();
    let drawn: std::collections::BTreeSet<_> = all.iter().map(|(_, _, drawn)| *drawn).collect();
    assert_eq!((ids.len(), drawn.len()), (8, 8), "nothing comes twice");
    assert!(all.windows(2).all(|two| two[0].1 < two[1].1), "every epoch is later: {all:?}");
}

#[test]
fn time_does_not_go_back_over_a_restart() {
    let disk = Power::new();
    let later = app(&disk, 2).clock(|| 1_000).start().expect("the app starts");
    assert_eq!(later.call_blocking(account(1).see()).map(|(_, now, _)| now), Ok(1_000));
    drop(later);
    let earlier = app(&disk, 2).clock(|| 10).start().expect("the app starts");
    assert_eq!(earlier.call_blocking(account(1).see()).map(|(_, now, _)| now), Ok(1_000));
}

/// Contended transfers from several handles; gives the state.
fn work(app: &Handle, rounds: u64) -> serde_json::Value {
    let handles: Vec<Handle> = (0..3).map(|_| app.clone()).collect();
    let mut waiting: Vec<crate::harness::Pending> = Vec::new();
    for round in 0..rounds {
        for (n, handle) in handles.iter().enumerate() {
            let (from, to) = ((round * 7 + n as u64) % 5, (round * 3 + 1) % 5);
            waiting.push(crate::harness::pending(handle.submit_waiting(account(from).put(10))));
            let batch = (0..4).map(|n| account((from + n) % 5).transfer(account(to), n as i64 * 4));
            let batch = handle.submit_all_waiting(batch);
            waiting.push(Box::new(move || format!("{:?}", batch.and_then(thalweg::Replies::wait))));
            waiting.push(crate::harness::pending(handle.submit_waiting(account(to).see())));
            waiting.push(crate::harness::pending(handle.submit_waiting(account(to).panics())));
        }
    }
    waiting.into_iter().for_each(|reply| drop(reply()));
    app.inspect().expect("the state can be read")
}

#[test]
fn the_same_log_gives_the_same_bytes_at_any_number_of_workers() {
    for workers in [1, 2, 4] {
        let disk = Power::new();
        let app = start(&disk, workers);
        let state = work(&app, 12).to_string();
        drop(app);
        for other in 1..=4 {
            let app = start(&disk.copy(), other);
            let again = app.inspect().expect("the state can be read").to_string();
            assert_eq!(state, again, "{workers} workers, then {other}");
        }
    }
}

#[test]
fn what_was_answered_is_there_after_a_power_cut() {
    for seed in 0..40 {
        let disk = Power::new();
        let mut expected = 0;
        for life in 0..3 {
            let app = start(&disk, 1 + (seed as usize + life) % 3);
            assert_eq!(app.call_blocking(account(1).balance()), Ok(expected), "seed {seed}, life {life}");
            for _ in 0..5 {
                expected = app.call_blocking(account(1).put(1)).expect("it is answered").expect("it fits");
            }
            // These may be lost, or not.
            let unanswered: Vec<_> = (0..3).map(|_| app.submit(account(2).put(1))).collect();
            disk.cut(seed * 3 + life as u64);
            drop(unanswered);
            drop(app);
        }
    }
}

#[test]
fn a_directory_is_one_app_s_with_one_seed_and_one_process_s() {
    let disk = Power::new();
    let running = app(&disk, 1).seed(5).start().expect("the app starts");
    assert!(matches!(refused(app(&disk, 1)), Error::Storage { fault: StorageFault::InUse, .. }));
    drop(running);
    let other = App::new("other").entity::<Account>().data_on(disk.clone());
    assert!(
        matches!(refused(other), Error::Storage { fault: StorageFault::Foreign, what } if what.contains("of the app `ledger`"))
    );
    assert!(
        matches!(refused(app(&disk, 1).seed(6)), Error::Storage { fault: StorageFault::Foreign, what } if what.contains("seed"))
    );
    drop(app(&disk, 1).seed(5).start().expect("the app starts"));
}

#[test]
fn a_failed_log_undecides_what_waits_and_ends_the_app() {
    let disk = Power::new();
    let app = start(&disk, 2);
    assert_eq!(app.call_blocking(account(1).put(1)), Ok(Ok(1)));
    disk.cut(3); // whoever writes now is refused
    let undecided = app.call_blocking(account(1).put(1));
    assert!(matches!(undecided, Err(Error::Undecided | Error::Storage { .. })), "{undecided:?}");
    let refused = app.call_blocking(account(1).put(1));
    assert!(matches!(refused, Err(Error::Storage { .. })), "{refused:?}");
    assert!(matches!(app.inspect(), Err(Error::Storage { .. })));
    assert!(matches!(app.stop(), Err(Error::Storage { .. })));
}

#[test]
fn a_full_disk_refuses_before_anything_happens_and_heals() {
    let disk = Power::new();
    let app = start(&disk, 1);
    let mut expected = app.call_blocking(account(1).put(1)).expect("it is answered").expect("it fits");
    disk.limit(Some(disk.files().iter().map(|file| disk.get(file).len()).sum::<usize>()));
    let refused = loop {
        match app.call_blocking(account(1).put(1)) {
            Ok(balance) => expected = balance.expect("it fits"),
            Err(error) => break error,
        }
        assert!(expected < 10_000, "the log never says that the disk is full");
    };
    assert!(matches!(&refused, Error::Storage { fault: StorageFault::Full, .. }), "{refused:?}");
    disk.limit(None);
    let healed = (0..200).find_map(|_| {
        std::thread::sleep(Duration::from_millis(20));
        app.call_blocking(account(1).put(1)).ok()
    });
    assert_eq!(healed, Some(Ok(expected + 1)));
}

mod changing {
    use super::*;

    /// What the program does: it stands for a program that has changed.
    pub static VERSION: AtomicU64 = AtomicU64::new(0);

    #[entity(auto)]
    pub struct Gate {
        #[key]
        pub id: u64,
        pub passed: u64,
    }

    #[entity]
    impl Gate {
        pub fn new(id: u64) -> Self {
            Self { id, passed: 0 }
        }
        pub fn pass(&mut self) -> Result<u64, String> {
            self.passed += 1;
            if self.passed > 3 + VERSION.load(Ordering::SeqCst) {
                Err("full".into())
            } else {
                Ok(self.passed)
            }
        }
    }
}

#[test]
fn a_program_that_comes_to_something_else_is_named_and_nothing_is_changed() {
    use changing::{Gate, VERSION};
    let disk = Power::new();
    let start = |workers| App::new("gates").entity::<Gate>().workers(workers).data_on(disk.clone()).start();
    let app = start(1).expect("the app starts");
    let all: Vec<_> =
        (0..5).map(|_| app.call_blocking(Gate::at(1).pass()).expect("it is answered").ok()).collect();
    assert_eq!(all, [Some(1), Some(2), Some(3), None, None]);
    app.stop().expect("it stops");
    VERSION.store(1, Ordering::SeqCst);
    let files = |disk: &Power| disk.files().into_iter().map(|file| disk.get(&file)).collect::<Vec<_>>();
    let before = files(&disk);
    for workers in [1, 2] {
        let error = start(workers).map(drop).expect_err("the fourth passes now");
        let Error::Diverged { epoch, transaction, method, recorded, replayed, .. } = error else {
            panic!("{error:?}");
        };
        assert_eq!((epoch, transaction, method.as_str()), (4, 0, "Gate::pass"));
        assert!(recorded.contains("own `Err`") && replayed.contains("committed"), "{recorded}, {replayed}");
    }
    assert_eq!(files(&disk), before);
    VERSION.store(0, Ordering::SeqCst);
    let app = start(2).expect("the program that wrote it goes on");
    assert_eq!(app.call_blocking(Gate::at(1).pass()), Ok(Err("full".into())));
}

/// An executor may poll what is woken at once; that a thread of the engine wakes it must not make the engine wait for itself.
#[test]
fn whoever_is_woken_by_the_log_cannot_make_it_wait() {
    struct Calls(Handle, std::sync::mpsc::Sender<Result<i64, Error>>);
    impl std::task::Wake for Calls {
        fn wake(self: std::sync::Arc<Self>) {
            self.1.send(self.0.call_blocking(account(1).balance())).expect("the test waits");
        }
    }
    let app = start(&Power::new(), 1);
    let (told, tells) = std::sync::mpsc::channel();
    let waker = std::sync::Arc::new(Calls(app.clone(), told)).into();
    let mut cx = std::task::Context::from_waker(&waker);
    // An answer may be there at once; then nobody is woken.
    let waits = (0..1_000).find_map(|_| {
        let mut reply = Box::pin(app.submit(account(1).put(1)).expect("there is room"));
        reply.as_mut().poll(&mut cx).is_pending().then_some(reply)
    });
    assert!(waits.is_some(), "no answer ever takes its time");
    let told = tells.recv_timeout(Duration::from_secs(20)).expect("it does not wait");
    assert!(matches!(told, Err(Error::InsideTransaction { .. })), "{told:?}");
}
