//! A full disk refuses epochs before it has taken anything, and heals.
use crate::model::{Told, accept, append_and_wait, both_read, epochs};
use std::time::{Duration, Instant};
use thalweg_log::testing::Power;
use thalweg_log::{Epoch, Error, Log};

#[track_caller]
fn until(what: impl Fn() -> bool) {
    let began = Instant::now();
    while !what() {
        assert!(began.elapsed() < Duration::from_secs(10), "this does not come to pass");
        std::thread::sleep(Duration::from_micros(200));
    }
}

fn append_until_full(log: &Log, told: &Told) -> u64 {
    for n in 0..1_000 {
        match append_and_wait(log, told, vec![n as u8; 11_000]) {
            Ok(()) => {}
            Err(Error::Full) => return n,
            Err(error) => panic!("{error}"),
        }
    }
    panic!("the disk is never full");
}

#[test]
fn a_full_disk_refuses_and_heals() {
    let (power, told) = (Power::new(), Told::default());
    power.limit(Some(5 * (64 << 10) + 100));
    let log = accept(power.clone(), &told).unwrap();
    let taken = append_until_full(&log, &told);
    assert!(taken > 12 && !log.has_room(), "{taken}");
    assert_eq!((log.next(), log.durable()), (Epoch(taken + 1), Epoch(taken)));
    assert!(matches!(log.try_append(log.next(), vec![]), Err(Error::Full)));
    // What is only a witness may or may not find room.
    assert!(matches!(log.outcome(log.durable(), vec![5]), Ok(()) | Err(Error::Full)));
    // A checkpoint makes room.
    power.limit(Some(7 * (64 << 10)));
    until(|| log.has_room());
    append_and_wait(&log, &told, vec![1; 100]).unwrap();
    log.stop().unwrap();
    assert_eq!(epochs(&both_read(&power)).len() as u64, taken + 1);
}

#[test]
fn a_full_disk_can_be_stopped_and_opened() {
    let (power, told) = (Power::new(), Told::default());
    power.limit(Some(4 * (64 << 10)));
    let log = accept(power.clone(), &told).unwrap();
    let taken = append_until_full(&log, &told);
    log.stop().unwrap();
    assert_eq!(epochs(&both_read(&power)).len() as u64, taken);
    assert!(matches!(accept(power.clone(), &told), Err(Error::Full)));
    power.limit(None);
    accept(power, &Told::default()).unwrap().stop().unwrap();
}

#[test]
fn one_epoch_may_be_too_large_while_others_are_not() {
    let (power, told) = (Power::new(), Told::default());
    power.limit(Some(5 * (64 << 10)));
    let log = accept(power.clone(), &told).unwrap();
    assert!(matches!(log.append(Epoch(1), vec![1; 1 << 20]), Err(Error::Full)));
    until(|| log.has_room());
    append_and_wait(&log, &told, vec![2; 20_000]).unwrap();
    assert!(matches!(log.append(Epoch(2), vec![1; 1 << 20]), Err(Error::Full)));
    log.stop().unwrap();
    assert_eq!(epochs(&both_read(&power)), [(1, vec![2; 20_000])]);
}
