//! How much of a core this process uses.

use std::fs;
use std::time::{Duration, Instant};
use thalweg::Result;

/// The share of one core that all threads of this process take while this one sleeps.
pub fn share(time: Duration) -> Result<f64> {
    let (start, used) = (Instant::now(), used()?);
    std::thread::sleep(time);
    Ok((self::used()?.saturating_sub(used)).as_secs_f64() / start.elapsed().as_secs_f64())
}

/// What the threads that are alive have used, by the scheduler's clock: that of `/proc/self/stat` ticks every 10 ms.
fn used() -> Result<Duration> {
    let mut nanoseconds = 0;
    for thread in fs::read_dir("/proc/self/task")? {
        let text = fs::read_to_string(thread?.path().join("schedstat"))?;
        nanoseconds += text.split_whitespace().next().unwrap_or_default().parse::<u64>()?;
    }
    Ok(Duration::from_nanos(nanoseconds))
}
