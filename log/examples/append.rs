//! How long an epoch takes from `append` until it is durable, and how many become durable in a second.
//!
//! `cargo run --release --example append -- /var/tmp/append`; the directory is removed afterwards.
use std::error::Error;
use std::path::Path;
use std::sync::mpsc;
use std::time::{Duration, Instant};
use thalweg_log::{Epoch, Log, Progress, RealDisk, Settings, Witness, open};

const WARM: usize = 1_000;
const ALONE: usize = 2_000;
const FLOOD: usize = 20_000;

fn main() -> Result<(), Box<dyn Error>> {
    let default = std::env::temp_dir().join(format!("thalweg-log-append-{}", std::process::id()));
    let path = std::env::args_os().nth(1).map_or(default, Into::into);
    if path.exists() {
        return Err(format!("{} exists; name a directory that does not", path.display()).into());
    }
    println!(
        "{:>8} {:>10} {:>10} {:>10} {:>12} {:>10}",
        "bytes", "p50 us", "p99 us", "max us", "epochs/s", "MB/s"
    );
    for bytes in [4 << 10, 64 << 10] {
        let result = measure(&path, bytes);
        std::fs::remove_dir_all(&path)?;
        result?;
    }
    Ok(())
}

fn measure(path: &Path, bytes: usize) -> Result<(), Box<dyn Error>> {
    let (tell, told) = mpsc::channel();
    let opened = open(RealDisk::at(path)?, Settings::new([1; 16]), Witness::default())?.finish()?;
    let log = opened.accept(b"append", move |progress| {
        // The receiver is gone at the end only.
        tell.send(progress).unwrap_or_default();
    })?;
    // The second segment is made first.
    (0..WARM).try_for_each(|_| alone(&log, &told, bytes).map(drop))?;
    let mut times = (0..ALONE).map(|_| alone(&log, &told, bytes)).collect::<Result<Vec<_>, _>>()?;
    times.sort_unstable();
    let began = Instant::now();
    for n in 0..FLOOD {
        log.append(log.next(), vec![7; bytes])?;
        if n % 1_000 == 0 {
            log.release(log.durable());
        }
    }
    wait(&told, Epoch(log.next().0 - 1))?;
    let second = began.elapsed().as_secs_f64();
    log.stop()?;
    let us = |time: Duration| time.as_secs_f64() * 1e6;
    println!(
        "{bytes:>8} {:>10.0} {:>10.0} {:>10.0} {:>12.0} {:>10.0}",
        us(times[ALONE / 2]),
        us(times[ALONE * 99 / 100]),
        us(times[ALONE - 1]),
        FLOOD as f64 / second,
        (FLOOD * bytes) as f64 / second / 1e6
    );
    Ok(())
}

/// One epoch with nothing else on its way.
fn alone(log: &Log, told: &mpsc::Receiver<Progress>, bytes: usize) -> Result<Duration, Box<dyn Error>> {
    let (epoch, body) = (log.next(), vec![7; bytes]);
    let began = Instant::now();
    log.append(epoch, body)?;
    wait(told, epoch)?;
    Ok(began.elapsed())
}

fn wait(told: &mpsc::Receiver<Progress>, until: Epoch) -> Result<(), Box<dyn Error>> {
    loop {
        match told.recv()? {
            Progress::Durable { epoch, .. } if epoch >= until => return Ok(()),
            Progress::Durable { .. } => {}
            Progress::Poisoned { what } => return Err(what.into()),
        }
    }
}
