//! The power goes at any step, and syncs fail. What was committed is there, whole, and nothing is taken for damage.
use crate::dir::Dir;
use crate::model::{behind, commit_round, count_rounds, read, rounds};
use crate::power_watch::{Draw, Power};
use std::sync::Arc;
use thalweg_sink::{JsonLines, Sink, SinkError};

struct World {
    dir: Dir,
    power: Arc<Power>,
    /// So many rounds were said to be committed.
    committed: u64,
    generation: u64,
}

impl World {
    fn sink(&self, draw: &mut Draw) -> JsonLines {
        let sink = self.dir.sink().watched_by(self.power.clone());
        let sink = sink.read_at_open([0, 300, 4 << 20][draw.below(3) as usize]);
        if draw.below(2) == 0 { sink.rotate_at(600 * draw.below(3)) } else { sink }
    }

    /// Opens, and finds what must be there. None if the power has gone.
    fn open(&mut self, sink: &mut JsonLines, started: u64, seed: u64) -> Option<u64> {
        match sink.open(self.generation) {
            Ok(next) => {
                let read = read(&self.dir).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
                assert!(next == behind(&read), "seed {seed}: positions");
                let found = count_rounds(&read);
                assert!(
                    (self.committed..=started).contains(&found),
                    "seed {seed}: {found} of {}",
                    self.committed
                );
                self.committed = found;
                Some(found)
            }
            Err(SinkError::Io { .. }) => None,
            Err(error) => panic!("seed {seed}: {error}"),
        }
    }
}

/// Returns how many rounds were committed.
fn run(seed: u64) -> u64 {
    let (mut draw, power) = (Draw(seed), Arc::new(Power::default()));
    let mut world = World { dir: Dir::new(), power, committed: 0, generation: 1 };
    let (mut started, mut admitted) = (0, 0);
    for _ in 0..6 {
        let mut sink = world.sink(&mut draw);
        world.power.off_after(draw.below(60));
        if draw.below(2) == 0 {
            world.power.fail_sync_after(draw.below(40));
        }
        'life: while !world.power.is_off() {
            world.generation += draw.below(2);
            let Some(mut next) = world.open(&mut sink, started, seed) else { continue };
            admitted = world.generation;
            started = next;
            for _ in 0..1 + draw.below(8) {
                started = next + 1;
                match commit_round(&mut sink, next) {
                    Ok(()) => next += 1,
                    Err(SinkError::Io { .. }) => continue 'life,
                    Err(error) => panic!("seed {seed}: {error}"),
                }
                world.committed = next;
            }
        }
        drop(sink);
        world.power.cut(draw.below(u64::MAX));
        if admitted > 0 {
            let old = world.sink(&mut draw).open(admitted - 1);
            assert!(matches!(old, Err(SinkError::Shutout { .. })), "seed {seed}: {old:?}");
        }
    }
    // All of it in peace.
    let mut sink = world.sink(&mut draw);
    let next = world.open(&mut sink, started, seed).unwrap();
    for n in next..next + 3 {
        commit_round(&mut sink, n).unwrap();
    }
    assert!(read(&world.dir).unwrap() == rounds(next + 3), "seed {seed}");
    next
}

#[test]
fn what_was_committed_survives() {
    let mut total = 0;
    for seed in 0..200 {
        total += run(seed);
    }
    assert!(total > 1_000, "only {total} rounds were committed");
}
