//! `cargo run -p thalweg-random --bin sweep -- --programs 10000 --seed 777`: many drawn programs, for hours if need be.
//! It can be stopped at any moment; the same command goes on where it was.
use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use std::collections::BTreeMap;
use std::io::{self, IsTerminal};
use std::ops::Range;
use std::process::ExitCode;
use std::sync::Mutex;
use thalweg_random::draw;
use thalweg_random::sweep::{Keep, Sweep, table, target};

/// Draws programs and compares what the engine makes of them with their plain renderings.
#[derive(Parser)]
struct Arguments {
    /// How many programs.
    #[arg(long, default_value_t = 1_000)]
    programs: u64,
    /// The seed of the first; the others follow.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many programs are compiled as one crate.
    #[arg(long, default_value_t = 15)]
    batch: usize,
    /// How many batches are compiled or run side by side.
    #[arg(long, default_value_t = 2)]
    jobs: usize,
    /// How much memory they may use together, in GiB.
    #[arg(long, default_value_t = 6)]
    memory: u64,
    /// Only draws, and says how often each form occurs; with `--programs 1` also prints the program.
    #[arg(long)]
    draw: bool,
}

fn main() -> io::Result<ExitCode> {
    let Arguments { programs, seed, batch, jobs, memory, draw } = Arguments::parse();
    let seeds = seed..seed + programs;
    if draw {
        only_draw(seeds);
        return Ok(ExitCode::SUCCESS);
    }
    let folder = target()?.join("sweep").join(format!("seed-{seed}"));
    println!("what is found is kept in {}", folder.display());
    let sweep = Sweep {
        seeds: seeds.collect(),
        batch: batch.max(1),
        jobs: jobs.max(1),
        memory: memory * 1024,
        folder,
        keep: Keep::Fates,
    };
    let progress = Progress::new(programs);
    let report = sweep.run(|done| progress.show(done))?;
    progress.bar.finish_and_clear();
    let failures = report.failures();
    println!("{failures}{report}");
    Ok(if failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn only_draw(seeds: Range<u64>) {
    let alone = seeds.end - seeds.start == 1;
    let mut forms: BTreeMap<_, _> = draw::FORMS.iter().map(|form| (*form, (0, 0))).collect();
    for seed in seeds {
        let drawn = draw::program(seed);
        if alone {
            println!("{}", drawn.source);
        }
        for (form, count) in drawn.forms {
            let (times, programs) = forms.entry(form).or_default();
            *times += count;
            *programs += 1;
        }
    }
    print!("{}", table(forms));
}

/// A bar on a terminal, and a line at every hundredth elsewhere.
struct Progress {
    bar: ProgressBar,
    all: u64,
    said: Mutex<Option<u64>>,
}

impl Progress {
    fn new(all: u64) -> Self {
        let bar = ProgressBar::new(all);
        let style =
            ProgressStyle::with_template("{wide_bar} {pos}/{len} programs, {elapsed} gone, {eta} left");
        bar.set_style(style.expect("the template is right"));
        Self { bar, all, said: Mutex::default() }
    }

    fn show(&self, done: usize) {
        if io::stderr().is_terminal() {
            return self.bar.set_position(done as u64);
        }
        let part = done as u64 * 100 / self.all.max(1);
        let mut said = self.said.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if *said < Some(part) {
            *said = Some(part);
            println!("{done} of {} programs", self.all);
        }
    }
}
