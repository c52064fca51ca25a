//! A real process on a real disk, killed again and again: what it acknowledged is there after every restart, once.
//!
//! The test starts itself as a child (`life`), which works on one data directory and says in files outside it what it has
//! sent and what was answered (`notes`). The parent (`runs`) kills the child while it starts, while it works and while it
//! stops, and starts the next with another number of workers. Every child first checks what it finds (`check`): the
//! state, and the file of events.
//!
//! A kill loses nothing of what the system has taken from the process, so this does not test what a power cut leaves; the
//! simulated disk does that. An answer that leaves too early is found when a kill falls between it and its write, which is
//! short: a few kills may miss it.
//!
//! `THALWEG_KILLS` says how many kills there are, `THALWEG_LIVES` how many of them one directory sees, and `THALWEG_SEED`
//! where the drawing begins: a run that failed prints what to set, and leaves its directory.
#![cfg(unix)]
mod check;
mod child;
mod entities;
mod life;
mod notes;
mod runs;

use std::process::ExitCode;

const KILLS: u64 = 25;
/// Kills on one directory. Each restart reads what all lives before it have left.
const LIVES: u64 = 7;
const SEED: u64 = 1;

#[test]
fn what_was_acknowledged_is_there_after_every_kill() -> ExitCode {
    if let Some(life) = life::Life::of_environment() {
        life.live();
        return ExitCode::SUCCESS;
    }
    let number = |name: &str, default| match std::env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name} is a number, not {text:?}")),
        Err(_) => default,
    };
    let (mut left, first) = (number("THALWEG_KILLS", KILLS), number("THALWEG_SEED", SEED));
    let lives = number("THALWEG_LIVES", LIVES).max(1);
    let (mut hits, mut failed) = (runs::Hits::default(), Vec::new());
    for seed in first.. {
        let kills = left.min(lives);
        left -= kills;
        match runs::run(seed, kills) {
            Ok(run) => hits.add(run),
            Err(error) => {
                println!("THALWEG_SEED={seed} THALWEG_KILLS={kills} THALWEG_LIVES={kills}: {error}");
                failed.push(seed);
            }
        }
        if left == 0 {
            break;
        }
    }
    println!("{hits}");
    assert!(failed.is_empty(), "failing seeds: {failed:?}");
    assert!(hits.all() > 0, "no kill hit a living child: nothing was tested");
    ExitCode::SUCCESS
}
