//! Feeds the baskets to the program, a bounded number in flight, and takes the time of each.

use crate::entities::{Household, Product, Store};
use crate::input::Line;
use hdrhistogram::Histogram;
use indicatif::{ProgressBar, ProgressStyle};
use std::num::NonZeroU16;
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

pub fn replay(app: &Handle, baskets: &[&[Line]], pace: Option<NonZeroU16>) -> Result<Timing> {
    let bar = ProgressBar::new(baskets.len() as u64); // hides itself where there is no terminal
    bar.set_style(ProgressStyle::with_template("  {bar:40.cyan} {pos}/{len} baskets")?);
    let mut latency = Histogram::new(3)?;

    let start = Instant::now();
    let (sender, answers) = sync_channel(IN_FLIGHT - 2); // each side holds one, too
    thread::scope(|scope| -> Result<()> {
        let feeder = scope.spawn(move || -> Result<(), Error> {
            for (n, basket) in baskets.iter().enumerate() {
                if let Some(pace) = pace {
                    let due = start + Duration::from_secs(1) * n as u32 / u32::from(pace.get());
                    thread::sleep(due.saturating_duration_since(Instant::now()));
                }
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

/// One basket as one transaction. Its number is the id of the request: one that was sold before the program was killed is not
/// sold again.
fn checkout(app: &Handle, basket: &[Line]) -> Result<Reply<()>, Error> {
    let lines = basket.iter().map(|line| (Product::at(line.product_id), line.quantity, line.cents)).collect();
    let household = Household::at(basket[0].household_id);
    let checkout = household.checkout(basket[0].basket_id, Store::at(basket[0].store_id), lines);
    app.submit_waiting(checkout.with_id(basket[0].basket_id.to_string()))
}
