//! A child as its parent sees it.
use crate::life::{Life, Phase, VARIABLE};
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// A child that does nothing for so long hangs.
const PATIENCE: Duration = Duration::from_secs(120);

/// How a child ended.
#[derive(Debug)]
pub enum End {
    /// The kill hit it, in this phase.
    Killed(Phase),
    /// It ended well before that.
    Missed,
}

/// When a child is killed: so long after it was seen in this phase; a phase that does not come is waited for in vain.
#[derive(Clone, Copy, Debug)]
pub struct Kill {
    pub phase: Phase,
    pub after: Duration,
}

/// Starts a child, and kills it if that is asked for. Gives how it ended, and how long it took until it worked.
///
/// # Errors
/// When it failed by itself; with what it said.
pub fn run(life: &Life, kill: Option<Kill>) -> Result<(End, Option<Duration>), String> {
    let told = serde_json::to_string(life).expect("a life has no strange keys");
    let executable = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut child = Command::new(executable)
        .args(["what_was_acknowledged_is_there_after_every_kill", "--exact", "--nocapture"])
        .env(VARIABLE, told)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("no child: {error}"))?;
    let spawned = Instant::now();
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let (sender, phases) = mpsc::channel();
    std::thread::scope(|scope| {
        let stderr = scope.spawn(move || {
            let mut text = String::new();
            stderr.map(|mut stderr| stderr.read_to_string(&mut text));
            text
        });
        scope.spawn(move || {
            for line in stdout.into_iter().flat_map(|stdout| BufReader::new(stdout).lines()).flatten() {
                if let Some((_, phase)) = Phase::SAID.iter().find(|(word, _)| *word == line) {
                    let _ = sender.send((*phase, spawned.elapsed()));
                }
            }
        });
        let mut seen = Seen { phase: Phase::Starting, worked: None };
        seen.until(&phases, kill.map_or(Phase::Stopped, |kill| kill.phase), PATIENCE);
        let killed = kill.map(|kill| {
            std::thread::sleep(kill.after);
            child.kill()
        });
        let ended = wait(&mut child);
        // What it said before its end comes first, and then the channel closes.
        seen.until(&phases, Phase::Stopped, PATIENCE);
        let said = stderr.join().unwrap_or_default();
        let status = ended.map_err(|error| format!("{life:?}: {error}\n{said}"))?;
        match (status.code(), killed) {
            _ if !said.is_empty() => Err(format!("{life:?} ended with {status}\n{said}")), // perhaps before the kill
            (Some(0), _) => Ok((End::Missed, seen.worked)),
            (None, Some(Ok(()))) => Ok((End::Killed(seen.phase), seen.worked)),
            _ => Err(format!("{life:?} ended by itself with {status}\n{said}")),
        }
    })
}

/// Waits for the end, for so long as is reasonable.
fn wait(child: &mut Child) -> Result<std::process::ExitStatus, String> {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait().map_err(|error| error.to_string())? {
            return Ok(status);
        }
        if start.elapsed() > PATIENCE {
            let _ = child.kill();
            let _ = child.wait();
            return Err("it hangs".to_owned());
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// What a child has said of itself.
struct Seen {
    phase: Phase,
    worked: Option<Duration>,
}

impl Seen {
    /// Listens until this phase has come, or the child has ended.
    fn until(&mut self, phases: &mpsc::Receiver<(Phase, Duration)>, phase: Phase, patience: Duration) {
        while self.phase < phase
            && let Ok((next, at)) = phases.recv_timeout(patience)
        {
            self.phase = next;
            if next == Phase::Working {
                self.worked = Some(at);
            }
        }
    }
}
