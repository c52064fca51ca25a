//! Each byte of a small log is changed. It then reads as before, or the error names the place; never other bytes.
use crate::model::{Told, accept, both_read, read};
use std::sync::mpsc;
use thalweg_log::testing::Power;
use thalweg_log::{Error, Kind, Progress, Record, Settings, Witness};

const FILE: &str = "00000000000000000001.log";
const BLOCK: usize = 4096;

/// 40 epochs, 39 of them in one write. Returns where the file is only zeros.
pub(crate) fn small_log() -> (Power, usize) {
    let power = Power::new();
    let settings = Settings { segment_bytes: 64 << 10, ..Settings::new([3; 16]) };
    let (go, wait) = mpsc::channel::<()>();
    let opened = thalweg_log::open(power.clone(), settings, Witness::default()).unwrap().finish().unwrap();
    let hook = move |_: Progress| wait.recv().unwrap_or_default();
    let log = opened.accept(b"app", hook).unwrap();
    for n in 1..=40_u8 {
        // The thread stands still in the hook of the first one.
        log.append(log.next(), vec![n; 1 + usize::from(n) % 12]).unwrap();
        while n == 1 && log.durable().0 == 0 {
            std::thread::yield_now();
        }
    }
    log.outcome(log.durable(), b"outcome".to_vec()).unwrap();
    drop(go);
    log.stop().unwrap();
    let used = power.get(FILE).iter().rposition(|&byte| byte != 0).unwrap() + 1;
    (power, used.next_multiple_of(BLOCK))
}

/// The log with this file is as it was, or its first `least` records are, or the error names the place.
#[track_caller]
fn check(disk: &Power, file: Vec<u8>, at: usize, before: &[Record], least: usize) -> bool {
    disk.put(FILE, file);
    match read(disk) {
        Ok(records) => {
            let same = records.len() <= before.len() && records == before[..records.len()];
            assert!(
                same && records.len() >= least,
                "byte {at}: {} of {} records",
                records.len(),
                before.len()
            );
            true
        }
        Err(Error::Damaged { file, offset, .. }) => {
            let near = offset <= at as u64 && (at as u64) < offset + 2 * BLOCK as u64;
            assert!(file.ends_with(FILE) && near, "byte {at}: {} at {offset}", file.display());
            false
        }
        Err(error) => panic!("byte {at}: {error}"),
    }
}

fn is_among_zeros(file: &[u8], at: usize) -> bool {
    file[at.saturating_sub(32)..file.len().min(at + 32)].iter().all(|&byte| byte == 0)
}

#[test]
fn each_byte_is_changed() {
    let (disk, used) = small_log();
    let (before, file) = (both_read(&disk), disk.get(FILE));
    assert_eq!(before.len(), 43);
    let mut damaged = 0;
    // Behind the end, fewer places will do; and among zeros, one change.
    for at in (0..used + 64).chain((used + 64..file.len()).step_by(61)) {
        for &change in if is_among_zeros(&file, at) { &[0xff][..] } else { &[1, 0x80, 0xff] } {
            let mut file = file.clone();
            file[at] ^= change;
            damaged += usize::from(!check(&disk, file, at, &before, before.len()));
        }
    }
    assert!(damaged > BLOCK + 3 * 43 * 32, "header and frames are {damaged} bytes");
}

#[test]
fn each_sector_is_zeroed() {
    let (disk, used) = small_log();
    let (before, file) = (both_read(&disk), disk.get(FILE));
    for at in (0..used).step_by(512) {
        let mut file = file.clone();
        file[at..at + 512].fill(0);
        check(&disk, file, at, &before, before.len());
    }
}

#[test]
fn without_a_witness_behind_it_the_last_write_may_be_a_torn_one() {
    let (disk, used) = small_log();
    let (before, mut file) = (both_read(&disk), disk.get(FILE));
    // The last block is the witness of the stop, and the one before that is the stop.
    file[used - BLOCK..used].fill(0);
    let least = before.iter().position(|record| record.kind == Kind::Stop).unwrap();
    let (mut sound, mut damaged) = (0, 0);
    let before_change = file.clone();
    for at in (0..used).filter(|&at| !is_among_zeros(&before_change, at)) {
        let mut file = file.clone();
        file[at] ^= 0xff;
        if check(&disk, file, at, &before, least) { sound += 1 } else { damaged += 1 }
    }
    assert!(sound > 0 && damaged > 43 * 32, "{sound} {damaged}");
}

#[test]
fn the_callers_witness_counts() {
    let (power, told) = (Power::new(), Told::default());
    let log = accept(power.clone(), &told).unwrap();
    log.append(log.next(), vec![1; 10]).unwrap();
    log.append(log.next(), vec![2; 10]).unwrap();
    assert!(told.wait(thalweg_log::Epoch(2)));
    let position = told.heard().position;
    drop(log);
    let first = power.get(FILE);
    let end = BLOCK + position.0 as usize;
    // All of the last write, and any witness of it, are gone.
    let mut file = first.clone();
    file[end - BLOCK..].fill(0);
    power.put(FILE, file);
    for name in power.files().iter().filter(|name| *name != FILE) {
        power.take(name);
    }
    assert!(read(&power).is_ok());
    let known = Witness { position, ..Witness::default() };
    let read = crate::model::read_with(power.clone(), known);
    assert!(matches!(read, Err(Error::Damaged { witness, .. }) if witness == Some(position)), "{read:?}");
    let known = Witness { epoch: thalweg_log::Epoch(3), ..Witness::default() };
    assert!(matches!(crate::model::read_with(power, known), Err(Error::Lost { .. })));
}
