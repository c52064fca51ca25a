//! The handle and its thread: poison, backpressure, misuse.
use crate::model::{Told, accept, append_and_wait, both_read, epochs, read, settings};
use std::sync::mpsc;
use thalweg_log::testing::{Fault, Faulty, Power};
use thalweg_log::{Epoch, Error, Log, Settings, Witness};

fn is_poisoned<T: std::fmt::Debug>(result: Result<T, Error>) {
    assert!(matches!(result, Err(Error::Poisoned { .. })), "{result:?}");
}

/// For each operation that poisons when it fails: nothing after it is durable, or written.
#[test]
fn poison_is_for_ever() {
    let mut poisoned = 0;
    for n in 12..60 {
        let (power, told) = (Power::new(), Told::default());
        let disk = Faulty::new(power.clone(), n, Fault::Fail);
        let log = accept(disk.clone(), &told).unwrap();
        let failed = (0..6).find(|&n| append_and_wait(&log, &told, vec![n; 9_000]).is_err());
        if failed.is_none() {
            continue;
        }
        assert!(disk.injected());
        poisoned += 1;
        let (durable, operations) = (log.durable(), disk.operations());
        for _ in 0..3 {
            is_poisoned(log.append(log.next(), vec![1]));
            is_poisoned(log.try_append(log.next(), vec![1]));
            is_poisoned(log.outcome(Epoch(0), vec![1]));
        }
        assert_eq!((log.durable(), told.heard().epoch), (durable, durable));
        assert!(!told.wait(Epoch(u64::MAX)) && told.heard().poison.is_some_and(|what| what.contains(".log")));
        // Others stay out as long as the handle lives.
        assert!(matches!(read(&power), Err(Error::Locked { .. })));
        is_poisoned(log.stop());
        assert_eq!(disk.operations(), operations, "nothing touches the disk any more");
        // What the failed sync was for is lost, whatever the page cache shows.
        power.cut(u64::MAX - n);
        assert!(epochs(&both_read(&power)).len() as u64 >= durable.0);
    }
    assert!(poisoned > 5, "{poisoned}");
}

#[test]
fn a_second_sync_makes_nothing_durable() {
    // The disk of the tests itself: a failed sync forgets.
    use thalweg_log::{Disk, File};
    let power = Power::new();
    let faulty = Faulty::new(power.clone(), 3, Fault::Fail);
    let file = faulty.create("f").unwrap();
    faulty.sync_dir().unwrap();
    file.write_at(0, &[1; 512]).unwrap();
    assert!(file.sync().is_err() && faulty.injected());
    file.sync().unwrap();
    assert_eq!(power.get("f"), [1; 512]);
    let lost = (0..100).any(|seed| {
        let (power, faulty) = again();
        drop(faulty);
        power.cut(seed);
        power.get("f").is_empty()
    });
    assert!(lost);
}

fn again() -> (Power, Faulty<Power>) {
    use thalweg_log::{Disk, File};
    let power = Power::new();
    let faulty = Faulty::new(power.clone(), 3, Fault::Fail);
    let file = faulty.create("f").unwrap();
    faulty.sync_dir().unwrap();
    file.write_at(0, &[1; 512]).unwrap();
    assert!(file.sync().is_err());
    file.sync().unwrap();
    (power, faulty)
}

/// A log whose thread stands still in its hook, with epoch 1 durable, until the sender is dropped.
fn standing(power: &Power, settings: Settings) -> (Log, mpsc::Sender<()>) {
    let (go, wait) = mpsc::channel::<()>();
    let opened = thalweg_log::open(power.clone(), settings, Witness::default()).unwrap().finish().unwrap();
    let log = opened.accept(b"", move |_| wait.recv().unwrap_or_default()).unwrap();
    log.append(Epoch(1), vec![1]).unwrap();
    while log.durable() < Epoch(1) {
        std::thread::yield_now();
    }
    (log, go)
}

#[test]
fn so_many_bytes_wait_and_no_more() {
    let power = Power::new();
    let (log, go) = standing(&power, Settings { most_waiting: 1_000, ..settings() });
    log.try_append(Epoch(2), vec![2; 600]).unwrap();
    let busy = log.try_append(Epoch(3), vec![3; 600]);
    assert!(matches!(busy, Err(Error::Busy { waiting: 600, most: 1_000 })), "{busy:?}");
    log.try_append(Epoch(3), vec![3; 400]).unwrap();
    std::thread::scope(|scope| {
        let waits = scope.spawn(|| log.append(Epoch(4), vec![4; 5_000]));
        drop(go);
        waits.join().unwrap().unwrap();
    });
    log.stop().unwrap();
    assert_eq!(epochs(&both_read(&power)).len(), 4);
}

#[test]
fn what_waits_is_one_write() {
    let power = Power::new();
    let (log, go) = standing(&power, settings());
    for n in 2..=20 {
        log.append(Epoch(n), vec![7; 10]).unwrap();
    }
    drop(go);
    log.stop().unwrap();
    let file = power.get("00000000000000000001.log");
    let blocks = file.chunks(4096).filter(|block| block.iter().any(|&byte| byte != 0)).count();
    // Header, start, first epoch, all others, stop, and two witnesses at most.
    assert!(blocks <= 8, "{blocks}");
}

#[test]
fn an_idle_log_leaves_a_witness() {
    let (power, told) = (Power::new(), Told::default());
    let log = accept(power.clone(), &told).unwrap();
    append_and_wait(&log, &told, vec![1; 10]).unwrap();
    let file = "00000000000000000001.log";
    let witness = told.heard().position.0.to_le_bytes();
    let is_there = || power.get(file).chunks(8).any(|word| word == witness);
    let began = std::time::Instant::now();
    while !is_there() {
        assert!(began.elapsed().as_secs() < 10, "no witness");
        std::thread::yield_now();
    }
    drop(log);
}

#[test]
fn a_hook_that_panics_poisons() {
    let power = Power::new();
    let opened = thalweg_log::open(power, settings(), Witness::default()).unwrap().finish().unwrap();
    let log = opened.accept(b"", |_| panic!("this panic is part of the test")).unwrap();
    log.append(Epoch(1), vec![1]).unwrap();
    is_poisoned((0..).try_for_each(|_| log.append(log.next(), vec![1])));
    is_poisoned(log.stop());
}

#[test]
#[should_panic(expected = "epochs are appended in order")]
fn epochs_are_appended_in_order() {
    let log = accept(Power::new(), &Told::default()).unwrap();
    drop(log.append(Epoch(2), vec![]));
}

#[test]
#[should_panic(expected = "epoch 1 has no outcome before it is appended")]
fn an_outcome_has_an_epoch() {
    let log = accept(Power::new(), &Told::default()).unwrap();
    drop(log.outcome(Epoch(1), vec![]));
}
