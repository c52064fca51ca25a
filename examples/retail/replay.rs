//! Feeds the baskets to the program, a bounded number in flight, and takes the time of each.

use crate::entities::{Household, Product, Store};
use crate::input::Line;
use hdrhistogram::Histogram;
use indicatif::{ProgressBar, ProgressStyle};
use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::{Duration, Instant};
use thalweg::{Error, Handle, Reply, Result};

/// Baskets sent but not yet answered, at most.
pub const IN_FLIGHT: usize = 64;

pub struct Timing {
    pub elapsed: Duration,
    /// From sending a basket to its answer, in nanoseconds.
    pub latency: Histogram<u64>,
}

pub fn replay(app: &Handle, baskets: &[&[Line]]) -> Result<Timing> {
    let bar = ProgressBar::new(baskets.len() as u64); // hides itself where there is no terminal
    bar.set_style(ProgressStyle::with_template("  {bar:40.cyan} {pos}/{len} baskets")?);
    let mut latency = Histogram::new(3)?;

    let start = Instant::now();
    let (sender, answers) = sync_channel(IN_FLIGHT - 2); // each side holds one, too
    thread::scope(|scope| -> Result<()> {
        let feeder = scope.spawn(move || -> Result<(), Error> {
            for basket in baskets {
                let sent = Instant::now();
                let answer = checkout(app, basket)?;
                if sender.send((sent, answer)).is_err() {
                    break; // the other side has met an error and tells it
                }
            }
            Ok(())
        });
        for (sent, answer) in answers {
            answer.wait()?;
            latency.record(sent.elapsed().as_nanos() as u64)?;
            bar.inc(1);
        }
        Ok(feeder.join().expect("the feeder does not panic")?)
    })?;
    let elapsed = start.elapsed();
    bar.finish_and_clear();
    Ok(Timing { elapsed, latency })
}

/// One basket as one transaction.
fn checkout(app: &Handle, basket: &[Line]) -> Result<Reply<()>, Error> {
    let lines = basket.iter().map(|line| (Product::at(line.product_id), line.quantity, line.cents)).collect();
    let household = Household::at(basket[0].household_id);
    app.submit_waiting(household.checkout(Store::at(basket[0].store_id), lines))
}
