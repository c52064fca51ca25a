//! 5,000 real baskets of a grocery chain, each one transaction over a household, a store and its products.
//!
//! `cargo run --release --example retail -- --workers 2`. Every total is compared with the sum computed
//! straight from the file; the program fails if one differs.

mod entities;
mod input;
mod replay;
mod report;
mod totals;

use entities::{Household, Product, Store};
use std::process::ExitCode;
use thalweg::Result;
use thalweg::prelude::*;
use totals::Totals;

fn main() -> ExitCode {
    run().unwrap_or_else(|error| {
        eprintln!("retail: {error}");
        ExitCode::FAILURE
    })
}

fn run() -> Result<ExitCode> {
    let workers = workers()?;
    let (lines, labels) = (input::lines()?, input::labels()?);
    let baskets: Vec<_> = lines.chunk_by(|a, b| a.basket_id == b.basket_id).collect();

    let app = App::new("retail")
        .entity::<Household>()
        .entity::<Store>()
        .entity::<Product>()
        .workers(workers)
        .start()?;
    let timing = replay::replay(&app, &baskets)?;
    let expected = Totals::of_file(&lines);
    let totals = Totals::of_entities(&app, &expected)?;
    app.stop()?;

    report::print(&totals, &labels, baskets.len());
    report::print_timing(&timing, baskets.len(), totals.all, workers);
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

fn workers() -> Result<usize> {
    let mut args = std::env::args().skip(1);
    let workers = match (args.next().as_deref(), args.next(), args.next()) {
        (None, None, None) => Some(1),
        (Some("--workers"), Some(n), None) => n.parse().ok().filter(|n| *n > 0),
        _ => None,
    };
    workers.ok_or_else(|| "usage: retail [--workers N], N at least 1".into())
}
