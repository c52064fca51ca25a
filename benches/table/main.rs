//! What it costs to write one row of a large field, so that the write can be undone: a `Table` beside a `BTreeMap`.
//!
//! `cargo bench --bench table`; with `-- --quick` it only shows that it works. One worker, batches of transactions that each
//! write one row, drawn at random; every figure is the median of rounds, and the subjects run in turn within a round. The
//! column of a number is the same transaction without rows: what is more is the field's price.
//!
//! Behind that, checkpoints of an entity with a table: what a write costs before there is one and since, one of the whole table, one of ten
//! rows that have changed, and a start that reads it.
#![allow(clippy::disallowed_methods)]
mod checkpoints;
mod entities;

use entities::{Listed, Number, Tabled};
use std::time::Instant;
use thalweg::Reply;
use thalweg::prelude::*;

/// Fields with so many rows.
const ROWS: [u64; 4] = [100, 3_000, 30_000, 600_000];

fn main() -> thalweg::Result {
    let quick = std::env::args().any(|arg| arg == "--quick");
    let (rounds, batch) = if quick { (1, 50) } else { (7, 2_000) };
    println!(
        "{:>8} {:>12} {:>12} {:>14} {:>14} {:>14} {:>12}",
        "rows", "a number", "a table", "its undo", "a BTreeMap", "its undo", "times"
    );
    for rows in if quick { &ROWS[..2] } else { &ROWS[..] } {
        let app = App::new("table").entity::<Number>().entity::<Tabled>().entity::<Listed>();
        let app = app.workers(1).start()?;
        app.call_blocking(Tabled::at(1).fill(*rows))?;
        app.call_blocking(Listed::at(1).fill(*rows))?;
        let few = (20_000_000 / rows).clamp(6, batch);
        let mut times = [const { Vec::new() }; 5];
        let mut seed = 1;
        for _ in 0..rounds {
            let mut draw = || {
                seed = seed * 6_364_136_223_846_793_005_u64 % 0xffff_ffff_ffff_ffc5;
                seed % rows
            };
            let round = [
                each(&app, batch, || Number::at(1).add(draw(), true))?,
                each(&app, batch, || Tabled::at(1).add(draw(), true))?,
                each(&app, batch, || Tabled::at(1).add(draw(), false))?,
                each(&app, few, || Listed::at(1).add(draw(), true))?,
                each(&app, few, || Listed::at(1).add(draw(), false))?,
            ];
            times.iter_mut().zip(round).for_each(|(times, time)| times.push(time));
        }
        let [number, table, table_undone, map, map_undone] = times.map(median);
        let ratio = map / table;
        println!(
            "{rows:>8} {number:>9.0} ns {table:>9.0} ns {table_undone:>11.0} ns {map:>11.0} ns {map_undone:>11.0} ns {ratio:>12.1}"
        );
        app.stop()?;
    }
    println!(
        "\n{:>8} {:>12} {:>12} {:>14} {:>14} {:>14} {:>14} {:>14}",
        "rows", "untracked", "tracked", "whole", "its bytes", "10 rows", "their bytes", "a start"
    );
    for rows in if quick { &[3_000][..] } else { &[3_000, 100_000][..] } {
        checkpoints::show(*rows, rounds, batch)?;
    }
    Ok(())
}

/// Nanoseconds for each of so many transactions.
fn each<M>(app: &Handle, count: u64, mut call: impl FnMut() -> Call<M>) -> thalweg::Result<f64>
where
    M: thalweg::generated::Method<Output = Result<u64, u64>>,
{
    let calls: Vec<_> = (0..count).map(|_| call()).collect();
    let warm: Reply<_> = app.submit_waiting(call())?;
    assert!(warm.wait().is_ok());
    let start = Instant::now();
    let answers = app.submit_all_waiting(calls)?.wait()?;
    let time = start.elapsed().as_nanos() as f64 / count as f64;
    assert!(answers.iter().all(Result::is_ok));
    Ok(time)
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or(f64::NAN)
}
