//! 5,000 real baskets of a grocery chain, each one transaction over a household, a store and its products.
//!
//! `cargo run --release --example retail -- --workers 2`. Every total is compared with the sum computed
//! straight from the file; the program fails if one differs.
//!
//! With `--data-dir DIR` it can be killed at any moment and run again: it goes on where it was, and `DIR/receipts.jsonl` has
//! each receipt once. `--pace N` sells N baskets a second, so that there is time to kill it.

mod entities;
mod input;
mod receipts;
mod replay;
mod report;
mod totals;

use clap::Parser;
use entities::{Household, Product, Store};
use std::num::NonZeroU16;
use std::path::PathBuf;
use std::process::ExitCode;
use thalweg::Result;
use thalweg::prelude::*;
use thalweg::sink::{JsonLines, Memory};
use totals::Totals;

/// Sells 5,000 baskets, and compares every total with the file.
#[derive(Parser)]
struct Args {
    /// How many workers share the entities.
    #[arg(long, default_value = "1")]
    workers: NonZeroU16,
    /// Keeps everything in this folder, and goes on with what is there.
    #[arg(long)]
    data_dir: Option<PathBuf>,
    /// Sells so many baskets a second, instead of as many as it can.
    #[arg(long)]
    pace: Option<NonZeroU16>,
}

fn main() -> ExitCode {
    run().unwrap_or_else(|error| {
        eprintln!("retail: {error}");
        ExitCode::FAILURE
    })
}

fn run() -> Result<ExitCode> {
    let Args { workers, data_dir, pace } = Args::parse();
    let (lines, labels) = (input::lines()?, input::labels()?);
    let baskets: Vec<_> = lines.chunk_by(|a, b| a.basket_id == b.basket_id).collect();

    let app = App::new("retail")
        .entity::<Household>()
        .entity::<Store>()
        .entity::<Product>()
        .workers(usize::from(workers.get()));
    let receipts = data_dir.as_ref().map(|dir| dir.join("receipts.jsonl"));
    let app = match (&data_dir, &receipts) {
        (Some(dir), Some(path)) => app.data_dir(dir).sink("receipts", JsonLines::new(path)),
        _ => app.sink("receipts", Memory::new()),
    };
    let app = app.start()?;
    let timing = replay::replay(&app, &baskets, pace)?;
    let expected = Totals::of_file(&lines);
    let totals = Totals::of_entities(&app, &expected)?;
    app.stop()?;

    if let Some(path) = &receipts {
        receipts::verify(path, &lines)?;
    }
    report::print(&totals, &labels, baskets.len());
    report::print_timing(&timing, baskets.len(), totals.all, usize::from(workers.get()));
    Ok(verdict(&totals.differences(&expected), expected.count()))
}

fn verdict(differences: &[String], count: usize) -> ExitCode {
    if differences.is_empty() {
        println!("  all {} totals are those of the file", report::count(count as u64));
        return ExitCode::SUCCESS;
    }
    eprintln!("\nWRONG: {} of {count} totals differ from the file", differences.len());
    differences.iter().take(20).for_each(|difference| eprintln!("  {difference}"));
    ExitCode::FAILURE
}
