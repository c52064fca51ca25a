//! What the disk does without us, and how latencies are kept.
use hdrhistogram::Histogram;
use std::fs::OpenOptions;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::{Duration, Instant};

const BLOCK: usize = 4096;

/// Latencies in nanoseconds, and the time in which they were taken.
pub struct Latency {
    histogram: Histogram<u64>,
    time: Duration,
}

impl Latency {
    pub fn of(latencies: impl IntoIterator<Item = Duration>, time: Duration) -> thalweg::Result<Self> {
        let mut histogram = Histogram::new(3)?;
        for latency in latencies {
            histogram.record(latency.as_nanos() as u64)?;
        }
        Ok(Self { histogram, time })
    }
    pub fn add(&mut self, other: &Self) -> thalweg::Result {
        self.histogram.add(&other.histogram)?;
        self.time += other.time;
        Ok(())
    }
    pub fn micros(&self, quantile: f64) -> f64 {
        self.histogram.value_at_quantile(quantile) as f64 / 1e3
    }
    /// How many there were in a second.
    pub fn rate(&self) -> f64 {
        self.histogram.len() as f64 / self.time.as_secs_f64()
    }
}

/// Writes blocks one after the other into a file that has them as zeros already, and syncs each.
pub fn syncs(folder: &Path, count: usize) -> thalweg::Result<Latency> {
    let path = folder.join("bare");
    let file = OpenOptions::new().write(true).create_new(true).open(&path)?;
    file.write_all_at(&vec![0; count * BLOCK], 0)?;
    file.sync_all()?;
    let (block, begin) = ([7; BLOCK], Instant::now());
    let mut latencies = Vec::with_capacity(count);
    for n in 0..count {
        let start = Instant::now();
        file.write_all_at(&block, (n * BLOCK) as u64)?;
        file.sync_data()?;
        latencies.push(start.elapsed());
    }
    Latency::of(latencies, begin.elapsed())
}
