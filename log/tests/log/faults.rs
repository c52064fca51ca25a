//! One script, and each operation of it fails in each way.
use crate::model::{Told, Truth, append_and_wait, body, compare, is_refusal, settings};
use thalweg_log::testing::{Draw, Fault, Faulty, Power};
use thalweg_log::{Disk, Epoch, Log, Record, Result};

#[test]
fn each_operation_fails() {
    each_operation(Fault::Fail);
}
#[test]
fn each_operation_is_short() {
    each_operation(Fault::Short);
}
#[test]
fn each_operation_lacks_space() {
    each_operation(Fault::Full);
}
#[test]
fn the_power_goes_after_each_operation() {
    each_operation(Fault::Off);
}

fn each_operation(fault: Fault) {
    for n in 0.. {
        let (power, mut truth) = (Power::new(), Truth::default());
        let disk = Faulty::new(power.clone(), n, fault);
        let ran = script(&disk, &power, &mut truth);
        if !disk.injected() {
            ran.expect("no fault, no error");
            assert!(n > 100, "the script has only {n} operations");
            return;
        }
        if let Err(error) = ran {
            is_refusal(&error);
        }
        for again in 0..3 {
            if again > 0 || fault == Fault::Off {
                power.cut(n);
            }
            // What a life reads and builds upon is there for good.
            session(&power, &power, &mut truth, 2).unwrap_or_else(|error| panic!("{fault:?} {n}: {error}"));
        }
    }
}

/// A killed process leaves what it wrote in the page cache. What is read from there is on the disk after that.
#[test]
fn what_was_read_stays() {
    for n in 0.. {
        let (power, mut truth) = (Power::new(), Truth::default());
        let disk = Faulty::new(power.clone(), n, Fault::Off);
        let ran = script(&disk, &power, &mut truth);
        if !disk.injected() {
            ran.expect("no fault, no error");
            return;
        }
        let read = || crate::model::read_with(power.clone(), truth.witness()).expect("a sound log");
        let before = read();
        for seed in 0..3 {
            power.cut(seed);
            assert!(read() == before, "operation {n}");
        }
    }
}

fn script(disk: &Faulty<Power>, power: &Power, truth: &mut Truth) -> Result<()> {
    session(disk, power, truth, 8)?.stop()?;
    drop(session(disk, power, truth, 5)?);
    session(disk, power, truth, 3)?.stop()
}

fn session<D: Disk + Clone>(disk: &D, power: &Power, truth: &mut Truth, epochs: usize) -> Result<Log> {
    let mut reading = thalweg_log::open(disk.clone(), settings(), truth.witness())?;
    let records = reading.by_ref().collect::<Result<Vec<Record>>>()?;
    truth.check(&records);
    compare(power, &records);
    let told = Told::default();
    let log = reading.finish()?.accept(b"start", told.hook())?;
    let mut draw = Draw::new(truth.bodies.len() as u64);
    for n in 0..epochs {
        let body = body(&mut draw, [200, 20_000, 9_000][n % 3]);
        truth.bodies.push(body.clone());
        let appended = append_and_wait(&log, &told, body);
        truth.durable = if told.heard().epoch > Epoch(0) { told.heard() } else { truth.durable.clone() };
        appended?;
        log.outcome(log.durable(), vec![1])?;
        if n == 5 {
            truth.released = log.durable().0 - 2;
            log.release(Epoch(truth.released));
        }
    }
    Ok(log)
}
