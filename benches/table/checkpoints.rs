//! What checkpoints cost that hold a large table: the table as a whole, then a few rows of it, and the writes between them.
use crate::entities::Tabled;
use crate::{each, median};
use std::time::{Duration, Instant};
use thalweg::prelude::*;
use thalweg_checkpoint::{Location, Store};
use thalweg_log::testing::Power;

/// So many rows change between two checkpoints.
const CHANGED: u64 = 10;

/// What is written here is in memory: the price is that of the engine.
pub fn show(rows: u64, rounds: u32, batch: u64) -> thalweg::Result {
    let (disk, location) = (Power::new(), Location::memory());
    let start = || {
        let app = App::new("table").entity::<Tabled>().workers(1).data_on(disk.clone());
        app.checkpoints_on(location.clone()).checkpoint_every(Duration::from_secs(3600)).start()
    };
    let app = start()?;
    app.call_blocking(Tabled::at(1).fill(rows))?;
    let mut seed = 1;
    let mut draw = || {
        seed = seed * 6_364_136_223_846_793_005_u64 % 0xffff_ffff_ffff_ffc5;
        seed % rows
    };
    let mut writes = |app: &Handle| -> thalweg::Result<f64> {
        let each = (0..rounds).map(|_| each(app, batch, || Tabled::at(1).add(draw(), true)));
        each.collect::<thalweg::Result<Vec<_>>>().map(median)
    };
    let before = writes(&app)?;
    let (whole, whole_bytes) = checkpoint(&app, &location)?;
    let after = writes(&app)?;
    app.checkpoint()?;
    let mut times = Vec::new();
    let mut bytes = 0;
    for round in 0..u64::from(rounds) {
        for row in 0..CHANGED {
            app.call_blocking(Tabled::at(1).add((row * 7919 + round) % rows, true))?.map_err(|_| "no row")?;
        }
        let (time, size) = checkpoint(&app, &location)?;
        times.push(time);
        bytes = size.max(bytes);
    }
    let few = median(times);
    app.stop()?;
    let begin = Instant::now();
    let app = start()?;
    app.call_blocking(Tabled::at(1).add(0, true))?.map_err(|_| "no row")?;
    let again = begin.elapsed().as_secs_f64() * 1e3;
    println!(
        "{rows:>8} {before:>9.0} ns {after:>9.0} ns {whole:>11.2} ms {whole_bytes:>12} B {few:>11.2} ms {bytes:>12} B {again:>11.2} ms"
    );
    app.stop()?;
    Ok(())
}

/// Milliseconds that one takes, and how many bytes it has beside those of the one before.
fn checkpoint(app: &Handle, location: &Location) -> thalweg::Result<(f64, u64)> {
    let before = size(location)?;
    let start = Instant::now();
    app.checkpoint()?;
    let time = start.elapsed().as_secs_f64() * 1e3;
    Ok((time, size(location)?.saturating_sub(before)))
}

fn size(location: &Location) -> thalweg::Result<u64> {
    let newest = Store::open_read_only(location, thalweg_checkpoint::Settings::default())?.newest()?;
    let bytes = newest.map_or(0, |newest| {
        let each = (0..newest.groups()).map(|group| newest.extent(group));
        each.map(|extent| extent.whole_bytes + extent.delta_bytes).sum()
    });
    Ok(bytes)
}
