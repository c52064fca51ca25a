//! Searches the rate at which the 99th percentile crosses a limit.

use crate::load::{self, Pace};
use crate::options::Options;
use crate::report::Report;
use crate::workload::Workload;
use thalweg::{Handle, Result};

pub const LIMIT_MS: f64 = 100.0;
/// In flight in the closed loop that gives the first guess: enough to keep all workers busy.
const MANY: usize = 1_024;
const STEPS: u32 = 6;
/// A rate is not held if less of it than this was answered in time.
const HELD: f64 = 0.95;

/// Halves the range between nothing and a little more than a closed loop answers; returns the highest rate held.
pub fn search(
    workload: &mut dyn Workload,
    app: &Handle,
    options: &Options,
    show: impl Fn(&Report) -> Result<()>,
) -> Result<f64> {
    let mut step = |pace: Pace| -> Result<Report> {
        let measured = load::run(workload, app, &options.plan(pace))?;
        let report = Report::new(workload.name(), options, pace, &measured, None);
        show(&report)?;
        Ok(report)
    };
    let guess = step(Pace::Closed { in_flight: MANY })?.rate;
    let (mut held, mut too_high) = (0.0, 1.25 * guess);
    for _ in 0..STEPS {
        let rate = f64::midpoint(held, too_high);
        let report = step(Pace::Open { rate })?;
        if report.p99_ms < LIMIT_MS && report.rate > HELD * rate {
            held = rate;
        } else {
            too_high = rate;
        }
    }
    Ok(held)
}
