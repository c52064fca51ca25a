//! Sends requests and takes their times: a closed loop, or arrivals at a constant rate.
//!
//! Answers are awaited in the order of the requests. One that overtakes an earlier one is counted when the earlier one
//! is there, so latencies are never too small.
//!
//! With arrivals at a constant rate latency counts from when a request was due, so a sender that wakes late would measure
//! its own sleep. Linux wakes threads up to 50 µs late to spare itself work; it is asked not to. A sender that spins
//! would be more precise still, but takes a core from the workers where there is none to spare. How late requests were
//! sent all the same is measured, too.

use crate::meter::{Measured, Meter};
use crate::workload::{Pending, Workload};
use std::collections::VecDeque;
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::{Duration, Instant};
use thalweg::{Error, Handle, Result};

#[derive(Clone, Copy, Debug)]
pub enum Pace {
    Closed {
        in_flight: usize,
    },
    /// Arrivals a second.
    Open {
        rate: f64,
    },
}

#[derive(Clone, Copy, Debug)]
pub enum Length {
    Time(Duration),
    Requests(u64),
}

pub struct Plan {
    pub pace: Pace,
    /// Of the measured part, which begins after the warm-up.
    pub length: Length,
    pub warmup: Duration,
}

pub fn run(workload: &mut dyn Workload, app: &Handle, plan: &Plan) -> Result<Measured> {
    let schedule = Schedule::starting_now(plan);
    let mut meter = Meter::new(schedule.begin, plan.length)?;
    let unsent = match plan.pace {
        Pace::Closed { in_flight } => closed(workload, app, schedule, in_flight, &mut meter).map(|()| 0),
        Pace::Open { rate } => open(workload, app, schedule, rate, &mut meter),
    }?;
    meter.bar.finish_and_clear();
    Ok(Measured { unsent, ..meter.measured })
}

fn closed(
    workload: &mut dyn Workload,
    app: &Handle,
    mut schedule: Schedule,
    in_flight: usize,
    meter: &mut Meter,
) -> Result<()> {
    let mut waiting = VecDeque::with_capacity(in_flight);
    loop {
        while waiting.len() < in_flight {
            let now = Instant::now();
            if !schedule.admits(now) {
                break;
            }
            waiting.push_back((now, workload.next(app)?));
        }
        let Some((sent, pending)) = waiting.pop_front() else {
            return Ok(());
        };
        meter.record(sent, pending()?)?;
    }
}

/// Returns how many requests were due and not sent.
fn open(
    workload: &mut dyn Workload,
    app: &Handle,
    schedule: Schedule,
    rate: f64,
    meter: &mut Meter,
) -> Result<u64> {
    wake_in_time();
    let (sender, answers) = channel();
    thread::scope(|scope| {
        let arrivals = scope.spawn(move || arrive(workload, app, schedule, rate, &sender));
        for Sent { due, late, pending } in answers {
            meter.record_lateness(due, late)?;
            meter.record(due, pending()?)?;
        }
        Ok(arrivals.join().map_err(|_| "the workload panicked while it drew a request")??)
    })
}

/// Threads that the main thread starts from now on wake from sleep when they want to; elsewhere than on Linux, when they
/// do.
fn wake_in_time() {
    let _ = std::fs::write("/proc/self/timerslack_ns", "1");
}

/// A request that has arrived.
struct Sent {
    due: Instant,
    /// How long after it was due its submission began.
    late: Duration,
    pending: Pending,
}

fn arrive(
    workload: &mut dyn Workload,
    app: &Handle,
    mut schedule: Schedule,
    rate: f64,
    sender: &Sender<Sent>,
) -> Result<u64, Error> {
    let start = Instant::now();
    for number in 0_u64.. {
        let due = start + Duration::from_secs_f64(number as f64 / rate);
        if !schedule.admits(due) {
            break;
        }
        if let Some(end) = schedule.end.filter(|end| Instant::now() > *end) {
            return Ok(1 + (end.saturating_duration_since(due).as_secs_f64() * rate) as u64);
        }
        thread::sleep(due.saturating_duration_since(Instant::now()));
        let late = due.elapsed();
        if sender.send(Sent { due, late, pending: workload.next(app)? }).is_err() {
            break; // the other side has met an error and tells it
        }
    }
    Ok(0)
}

/// Which requests there are, by the times they are sent at or due.
struct Schedule {
    begin: Instant,
    end: Option<Instant>,
    measured_left: u64,
}

impl Schedule {
    fn starting_now(plan: &Plan) -> Self {
        let begin = Instant::now() + plan.warmup;
        let (end, measured_left) = match plan.length {
            Length::Time(time) => (Some(begin + time), u64::MAX),
            Length::Requests(requests) => (None, requests),
        };
        Self { begin, end, measured_left }
    }

    fn admits(&mut self, at: Instant) -> bool {
        if at < self.begin {
            return true;
        }
        if self.measured_left == 0 || self.end.is_some_and(|end| at >= end) {
            return false;
        }
        self.measured_left -= 1;
        true
    }
}
