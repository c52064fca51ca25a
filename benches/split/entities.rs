//! The same calls between entities: to one on the same worker, and to one on another.
use crate::CALLS;
use std::time::Instant;
use thalweg::prelude::*;

#[entity(auto)]
struct Cell {
    #[key]
    id: u64,
    value: i64,
}

#[entity]
impl Cell {
    pub fn new(id: u64) -> Self {
        Self { id, value: 1 }
    }
    pub fn get(&self) -> i64 {
        self.value
    }
}

#[entity(auto)]
struct Reader {
    #[key]
    id: u64,
    seen: i64,
}

#[entity]
impl Reader {
    pub fn new(id: u64) -> Self {
        Self { id, seen: 0 }
    }
    pub async fn read(&mut self, cell: Ref<Cell>, calls: u32) -> i64 {
        let mut total = 0;
        for _ in 0..calls {
            total += cell.get().await;
        }
        self.seen = total;
        total
    }
}

/// Nanoseconds of every request that reads a cell so many times.
fn times(app: &Handle, cell: u64, calls: u32, requests: usize) -> thalweg::Result<Vec<f64>> {
    let mut times = Vec::with_capacity(requests);
    for _ in 0..requests {
        let start = Instant::now();
        let total = app.call_blocking(Reader::at(0).read(Cell::at(cell), calls))?;
        times.push(start.elapsed().as_nanos() as f64);
        assert_eq!(total, i64::from(calls));
    }
    Ok(times)
}

/// Nanoseconds per call to one cell, without what the request around the calls costs.
fn per_call(app: &Handle, cell: u64, requests: usize) -> thalweg::Result<f64> {
    let with = crate::median(times(app, cell, CALLS, requests)?);
    let without = crate::median(times(app, cell, 0, requests)?);
    Ok((with - without) / f64::from(CALLS))
}

/// Nanoseconds per call with one worker.
pub fn alone(requests: usize) -> thalweg::Result<f64> {
    let app = App::new("split").entity::<Reader>().start()?;
    times(&app, 1, CALLS, 1)?; // the entities are made
    per_call(&app, 1, requests)
}

/// Nanoseconds per call with two workers: to a cell beside the reader, and to one of the other worker.
///
/// Where a cell lives is not for a program to know, but the fastest of a few requests tells: a way to the other worker
/// and back takes many times as long as a call beside.
pub fn apart(requests: usize) -> thalweg::Result<(f64, f64)> {
    let app = App::new("split").entity::<Reader>().workers(2).start()?;
    let mut cells = Vec::new();
    for cell in 0..8 {
        let fastest = times(&app, cell, CALLS / 10, 5)?.into_iter().fold(f64::MAX, f64::min);
        cells.push((fastest, cell));
    }
    cells.sort_by(|(one, _), (other, _)| one.total_cmp(other));
    let [(_, beside), .., (_, across)] = cells[..] else { return Err("there are several cells".into()) };
    Ok((per_call(&app, beside, requests)?, per_call(&app, across, requests)?))
}
