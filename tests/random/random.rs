//! The drawn programs of every run of the tests: those of the seeds from 1 on, and those of `seeds.txt`.
//!
//! `THALWEG_RANDOM_PROGRAMS` says how many (150), `THALWEG_RANDOM_SEED` the first seed (1); for many more there is
//! the sweep (see the README beside this file).
use std::collections::BTreeSet;
use std::env;
use std::thread::available_parallelism;
use thalweg_random::sweep::{Keep, Sweep, mixture, target};

#[test]
fn drawn_programs_do_what_their_plain_rendering_does() {
    let sweep = Sweep {
        seeds: seeds().into_iter().collect(),
        batch: 15,
        jobs: available_parallelism().map_or(1, |cores| cores.get().min(2)),
        memory: 6 * 1024,
        folder: target().expect("a test is in a target folder").join("drawn"),
        keep: Keep::Batches,
    };
    let report = sweep.run(|_| {}).expect("batches can be compiled and run");
    println!("{report}");
    let failures = report.failures();
    assert!(failures.is_empty(), "\n{failures}");
    mixture::is_good(&report);
}

fn seeds() -> BTreeSet<u64> {
    let number = |name: &str, default: u64| {
        env::var(name).map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name} is a number")))
    };
    let (first, count) = (number("THALWEG_RANDOM_SEED", 1), number("THALWEG_RANDOM_PROGRAMS", 150));
    let lines = include_str!("seeds.txt").lines();
    let lines = lines.filter(|line| !line.starts_with('#') && !line.trim().is_empty());
    let kept = lines.map(|line| line.split_whitespace().next().and_then(|seed| seed.parse().ok()));
    let kept = kept.map(|seed| seed.expect("a line of seeds.txt begins with a seed"));
    (first..first + count).chain(kept).collect()
}
