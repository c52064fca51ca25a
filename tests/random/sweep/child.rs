//! Runs a process to its end and measures its memory.
use std::io;
use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant};

/// How often a running process is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// How a process ended.
pub(super) struct Ended {
    /// Nothing when it did not end in time.
    pub status: Option<ExitStatus>,
    /// The most memory it was seen to use, in KiB; 0 where `/proc` does not tell.
    pub peak: u64,
}

impl Ended {
    pub fn is_good(&self) -> bool {
        self.status.is_some_and(|status| status.success())
    }
}

/// A process that does not end in time is killed; `limit` is far beyond what any takes that will end.
pub(super) fn run(command: &mut Command, limit: Duration) -> io::Result<Ended> {
    let mut child = command.spawn()?;
    let start = Instant::now();
    let mut peak = 0;
    loop {
        peak = peak.max(used(child.id()));
        if let Some(status) = child.try_wait()? {
            return Ok(Ended { status: Some(status), peak });
        }
        if start.elapsed() > limit {
            child.kill()?;
            child.wait()?;
            return Ok(Ended { status: None, peak });
        }
        std::thread::sleep(LOOK_EVERY);
    }
}

fn used(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}
