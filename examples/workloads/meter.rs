//! Takes the times of answers, and shows how far the run is.

use crate::load::Length;
use crate::workload::Outcome;
use hdrhistogram::Histogram;
use indicatif::{ProgressBar, ProgressStyle};
use std::time::{Duration, Instant};
use thalweg::Result;

pub struct Measured {
    /// From sending a request (closed loop) or from when it was due (open loop) to its answer, in nanoseconds.
    pub latency: Histogram<u64>,
    pub committed: u64,
    pub refused: u64,
    /// From the end of the warm-up to the last answer.
    pub elapsed: Duration,
    /// Open loop: from when a request was due to when it was sent, in nanoseconds; part of the latency.
    pub lateness: Histogram<u64>,
    /// Open loop: requests that were due and could not even be sent in time.
    pub unsent: u64,
}

/// Takes the times of answers, and shows how far things are.
pub struct Meter {
    begin: Instant,
    length: Length,
    pub measured: Measured,
    pub bar: ProgressBar,
    drawn: Instant,
}

const BETWEEN_DRAWS: Duration = Duration::from_millis(100);

impl Meter {
    pub fn new(begin: Instant, length: Length) -> Result<Self> {
        let (steps, template) = match length {
            Length::Time(time) => (time.as_millis() as u64, "  {bar:40.cyan} {percent} %  {msg}"),
            Length::Requests(requests) => (requests, "  {bar:40.cyan} {pos}/{len} requests  {msg}"),
        };
        let bar = ProgressBar::new(steps); // hides itself where there is no terminal
        bar.set_style(ProgressStyle::with_template(template)?);
        bar.set_message("warming up");
        let measured = Measured {
            latency: Histogram::new(3)?,
            lateness: Histogram::new(3)?,
            committed: 0,
            refused: 0,
            elapsed: Duration::ZERO,
            unsent: 0,
        };
        Ok(Self { begin, length, measured, bar, drawn: begin })
    }

    pub fn record(&mut self, sent: Instant, outcome: Outcome) -> Result<()> {
        let now = Instant::now();
        if !self.counts(sent, now) {
            return Ok(());
        }
        let measured = &mut self.measured;
        measured.latency.record(now.saturating_duration_since(sent).as_nanos() as u64)?;
        match outcome {
            Outcome::Committed => measured.committed += 1,
            Outcome::Refused => measured.refused += 1,
        }
        measured.elapsed = now.saturating_duration_since(self.begin);
        if now.saturating_duration_since(self.drawn) > BETWEEN_DRAWS {
            self.drawn = now;
            self.draw();
        }
        Ok(())
    }

    pub fn record_lateness(&mut self, due: Instant, late: Duration) -> Result<()> {
        if due >= self.begin {
            self.measured.lateness.record(late.as_nanos() as u64)?;
        }
        Ok(())
    }

    /// A span of time has the answers that came in it, even to requests that have been waiting since the warm-up: an
    /// overload must not hide there. A number of requests is just these.
    fn counts(&self, sent: Instant, answered: Instant) -> bool {
        match self.length {
            Length::Time(_) => answered >= self.begin,
            Length::Requests(_) => sent >= self.begin,
        }
    }

    fn draw(&self) {
        let Measured { committed, refused, elapsed, .. } = &self.measured;
        self.bar.set_position(match self.length {
            Length::Time(_) => elapsed.as_millis() as u64,
            Length::Requests(_) => committed + refused,
        });
        self.bar.set_message(format!("{:.0}/s", (committed + refused) as f64 / elapsed.as_secs_f64()));
    }
}
