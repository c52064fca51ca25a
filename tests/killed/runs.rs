//! Kills on one directory, drawn from a seed.
use crate::child::{self, End, Kill};
use crate::life::{Life, Phase, Then, state};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use std::fmt;
use std::path::Path;
use std::time::Duration;

/// In which phase kills hit.
#[derive(Debug, Default)]
pub struct Hits {
    starting: u64,
    working: u64,
    stopping: u64,
    missed: u64,
}

impl Hits {
    pub fn all(&self) -> u64 {
        self.starting + self.working + self.stopping
    }
    pub fn add(&mut self, other: Self) {
        self.starting += other.starting;
        self.working += other.working;
        self.stopping += other.stopping;
        self.missed += other.missed;
    }
    fn count(&mut self, end: &End) {
        *match end {
            End::Killed(Phase::Starting) => &mut self.starting,
            End::Killed(Phase::Working) => &mut self.working,
            End::Killed(Phase::Stopping) => &mut self.stopping,
            End::Killed(Phase::Stopped) | End::Missed => &mut self.missed,
        } += 1;
    }
}

impl fmt::Display for Hits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { starting, working, stopping, missed } = self;
        let all = self.all();
        write!(
            f,
            "{all} kills: {starting} in start-up, {working} in work, {stopping} in a stop; {missed} missed"
        )
    }
}

/// One directory, killed so often, and then read by two processes with different numbers of workers.
///
/// # Errors
/// When a life failed; the directory is left then.
pub fn run(seed: u64, kills: u64) -> Result<Hits, String> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("killed-{}-{seed}", std::process::id()));
    std::fs::create_dir_all(folder.join("notes"))
        .map_err(|error| format!("{}: {error}", folder.display()))?;
    let in_folder = |error| format!("{error}\nthe directory is {}", folder.display());
    let hits = lives(&folder, seed, kills).map_err(in_folder)?;
    std::fs::remove_dir_all(&folder).map_err(|error| in_folder(error.to_string()))?;
    Ok(hits)
}

fn lives(folder: &Path, seed: u64, kills: u64) -> Result<Hits, String> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut hits = Hits::default();
    let mut start = Duration::from_millis(50); // how long the last start took
    let mut again = false;
    for _ in 0..kills {
        let (then, kill) = draw(&mut random, start, std::mem::take(&mut again));
        again = random.random_ratio(1, 8); // the next one is killed right after it was born
        let workers = random.random_range(1..=4);
        let life = Life { folder: folder.to_owned(), workers, seed: random.random(), then };
        let (end, worked) = child::run(&life, Some(kill))?;
        hits.count(&end);
        start = worked.unwrap_or(start);
    }
    let workers = random.random_range(1..=4);
    let others = [workers, workers % 4 + 1];
    let states = others.map(|workers| {
        let file = folder.join(format!("state-{workers}"));
        let life = Life { folder: folder.to_owned(), workers, seed, then: Then::Inspect(file.clone()) };
        child::run(&life, None).map(|_| state(&file))
    });
    let [one, other] = states;
    if one? != other? {
        return Err(format!("{} and {} workers make different states of the same log", others[0], others[1]));
    }
    Ok(hits)
}

/// What a life is to do, and when it is killed.
fn draw(random: &mut ChaCha8Rng, start: Duration, at_birth: bool) -> (Then, Kill) {
    let mut below = |most: Duration| Duration::from_micros(random.random_range(0..=most.as_micros() as u64));
    if at_birth {
        return (Then::Work, Kill { phase: Phase::Starting, after: below(Duration::from_millis(10)) });
    }
    let work = below(Duration::from_millis(150));
    let (in_start, in_stop) = (below(start), below(Duration::from_millis(4)));
    match random.random_range(0..10) {
        0..3 => (Then::Work, Kill { phase: Phase::Starting, after: in_start }),
        3..6 => (Then::Stop(work), Kill { phase: Phase::Stopping, after: in_stop }),
        _ => (Then::Work, Kill { phase: Phase::Working, after: work }),
    }
}
