//! The same transfers in embedded databases: as many in one commit as we have in a batch, each commit durable.
//!
//! Both check the balance as the method does, and both are asked in the fastest way they document: statements that are
//! prepared once, and tables that are open for the whole commit. They are one library in the caller's thread; our answers
//! come from other threads, one for each transfer, and each is a transaction of its own.
mod lite;
mod redb;

use crate::bank::{self, Place};
use crate::input::Input;
use crate::scratch::Scratch;
use crate::{BATCHES, median};

const OPENING: i64 = 1_000_000;

pub fn compare(scratch: &Scratch, input: &Input, rounds: usize) -> thalweg::Result {
    println!("\n{:<44} {:>7} {:>10} {:>10}", "1,000 transfers in a commit", "workers", "k/s", "we, of it");
    let few = input.first(input.transfers.len() / 4);
    let mut rates: [Vec<f64>; 5] = Default::default();
    for _ in 0..rounds {
        let [lite, redb, one, one_of_two, many] = &mut rates;
        lite.push(lite::rate(&scratch.fresh()?, &few)?);
        redb.push(self::redb::rate(&scratch.fresh()?, &few)?);
        one.push(bank::batches(Place::Disk(&scratch.fresh()?), 1, 1, &few)?);
        one_of_two.push(bank::batches(Place::Disk(&scratch.fresh()?), 2, 1, &few)?);
        many.push(bank::batches(Place::Disk(&scratch.fresh()?), 1, BATCHES, &few)?);
    }
    let [lite, redb, one, one_of_two, many] = rates.map(median);
    for (name, workers, rate) in [
        ("durable, one batch in flight", "1", one),
        ("durable, one batch in flight for each worker", "2", one_of_two),
        ("durable, 8 batches in flight", "1", many),
        ("SQLite, WAL, synchronous=FULL", "", lite),
        ("redb, Durability::Immediate", "", redb),
    ] {
        println!("{name:<44} {workers:>7} {:>10.0} {:>10.2}", rate / 1e3, one / rate);
    }
    Ok(())
}
