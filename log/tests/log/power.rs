//! Drawn epochs, an end at a drawn operation, and again, up to four times deep.
//!
//! `THALWEG_LOG_SEEDS=100000` draws more; `THALWEG_LOG_FIRST=17` begins at that seed.
use crate::model::{Told, Truth, body, compare, is_refusal, settings};
use thalweg_log::testing::{Draw, Fault, Faulty, Power};
use thalweg_log::{Disk, Epoch, Error, Log, Opened, Record, Result};

/// Seeds that once failed, most of them in one run of two: directories that forget, between segments that are there.
const KEPT: [u64; 8] = [218, 5_147, 31_434, 31_434, 31_434, 35_086, 35_086, 35_086];

fn from_environment(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |number| number.parse().expect("a number"))
}

#[test]
fn what_was_reported_survives_and_nothing_else_appears() {
    let (first, seeds) =
        (from_environment("THALWEG_LOG_FIRST", 0), from_environment("THALWEG_LOG_SEEDS", 1_000));
    let injected: u64 = KEPT
        .into_iter()
        .chain(first..first + seeds)
        .map(|seed| {
            let lives = std::panic::catch_unwind(|| lives(seed));
            lives.unwrap_or_else(|_| panic!("seed {seed} (THALWEG_LOG_FIRST={seed} THALWEG_LOG_SEEDS=1)"))
        })
        .sum();
    assert!(injected > seeds, "only {injected} faults in {seeds} seeds");
}

/// Returns how many faults there were.
fn lives(seed: u64) -> u64 {
    let (power, mut draw, mut truth) = (Power::new(), Draw::new(seed), Truth::default());
    let mut injected = 0;
    for _ in 0..=draw.below(4) {
        let fault =
            [Fault::Off, Fault::Off, Fault::Off, Fault::Fail, Fault::Short, Fault::Full][draw.size_below(6)];
        let disk = Faulty::new(power.clone(), draw.below(80), fault);
        match life(&disk, &power, &mut truth, &mut draw) {
            Ok(()) => {}
            Err(error) => is_refusal(&error),
        }
        injected += u64::from(disk.injected());
        // Without a cut, the next life reads what need not be on the disk.
        if fault == Fault::Off || draw.below(2) == 0 {
            power.cut(draw.any());
        }
    }
    read_all(&power, &power, &mut truth).expect("a disk without faults");
    power.cut(draw.any());
    read_all(&power, &power, &mut truth).expect("what was read once was durable, or nobody has built on it");
    injected
}

fn read_all<D: Disk + Clone>(disk: &D, power: &Power, truth: &mut Truth) -> Result<Opened<D>> {
    let mut reading = thalweg_log::open(disk.clone(), settings(), truth.witness())?;
    let records = reading.by_ref().collect::<Result<Vec<Record>>>()?;
    truth.check(&records);
    compare(power, &records);
    reading.finish()
}

fn life(disk: &Faulty<Power>, power: &Power, truth: &mut Truth, draw: &mut Draw) -> Result<()> {
    let opened = read_all(disk, power, truth)?;
    assert_eq!(opened.last().0, truth.bodies.len() as u64);
    let told = Told::default();
    let log = opened.accept(b"start", told.hook())?;
    let result = (0..draw.below(25)).try_for_each(|_| act(&log, &told, truth, draw));
    let result = match (result, draw.below(4)) {
        (Ok(()), 0) => log.stop(),
        (result, _) => {
            drop(log);
            result
        }
    };
    let heard = told.heard();
    if heard.epoch > Epoch(0) {
        truth.durable = heard;
    }
    result
}

fn act(log: &Log, told: &Told, truth: &mut Truth, draw: &mut Draw) -> Result<()> {
    let last = truth.bodies.len() as u64;
    match draw.below(10) {
        0 if last > 0 => return log.outcome(Epoch(1 + draw.below(last)), body(draw, 16)),
        1 if log.durable() > Epoch(0) => {
            // As a checkpoint does: it holds what is durable.
            truth.released = truth.released.max(draw.below(log.durable().0 + 1));
            log.release(Epoch(truth.released));
            return Ok(());
        }
        _ => {}
    }
    let bytes = [0, 7, 100, 4_000, 4_064, 9_000, 30_000, 90_000][draw.size_below(8)];
    let (epoch, body) = (Epoch(last + 1), body(draw, bytes));
    // Taken or not, it may be found.
    truth.bodies.push(body.clone());
    log.append(epoch, body)?;
    if draw.below(2) == 0 && !told.wait(epoch) {
        return Err(Error::Poisoned { what: "told".to_owned() });
    }
    Ok(())
}
