//! Searches the rate at which the 99th percentile crosses a limit.

use crate::load::{self, Pace};
use crate::options::Options;
use crate::report::Report;
use crate::workload::Workload;
use thalweg::{Handle, Result};

pub const LIMIT_MS: f64 = 100.0;
/// In flight in the closed loop that gives the first guess: enough to keep all workers busy.
const MANY: usize = 1_024;
const STEPS: u32 = 7;
const GROWTH: f64 = 1.25;
/// A rate is not held if less of it than this was answered in time.
const HELD: f64 = 0.95;

/// Begins with what a closed loop answers, goes up until a rate is too high, and halves the range from there on. Returns
/// the highest rate held, 0 if there is none.
pub fn search(
    workload: &mut dyn Workload,
    app: &Handle,
    options: &Options,
    show: impl Fn(&Report) -> Result<()>,
) -> Result<f64> {
    let mut step = |pace: Pace| -> Result<Report<'_>> {
        let measured = load::run(workload, app, &options.plan(pace))?;
        let report = Report::new(workload.name(), options, pace, &measured, None);
        show(&report)?;
        Ok(report)
    };
    let mut rate = step(Pace::Closed { in_flight: MANY })?.rate;
    let (mut held, mut too_high) = (0.0, None);
    for _ in 0..STEPS {
        let report = step(Pace::Open { rate })?;
        if report.p99_ms < LIMIT_MS && report.rate > HELD * rate {
            held = rate;
        } else {
            too_high = Some(rate);
        }
        rate = too_high.map_or(GROWTH * rate, |too_high| f64::midpoint(held, too_high));
    }
    Ok(held)
}
