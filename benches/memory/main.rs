//! Bytes on the heap for each entity, and for each transaction in flight.
//!
//! `cargo bench --bench memory`; with `-- --quick` it only shows that it works. An allocator counts the bytes that the
//! program asks for and the pieces it gets them in; the system's own allocator adds some 8 to 24 bytes for each piece.
//!
//! - *Entities*: what is left on the heap when so many have been created and their answers are gone. Tables grow by
//!   doubling, so there are two figures: when they are nearly full, and when they have just grown.
//! - *Submitted*: requests in the queue that have no place in an epoch yet, with their replies.
//! - *In flight*: a simulation of two workers, so that everything happens in one thread and at a known moment. The first
//!   transaction holds the one entity that all others need. When they have all been admitted and wait for it, it
//!   measures the heap: all that they have at both workers, with their requests and replies, and the lists that their
//!   messages went through. Each of them has called the entity it waits for, so those that cross have a frame at one
//!   worker and a call at the other. A worker admits only a few hundred at a time, and keeps their records for the next.
mod heap;
mod entities;
mod flight;

use entities::{Account, Person};
use flight::{Flight, Way, flight};
use heap::Heap;
use std::ops::Range;
use thalweg::prelude::*;
use thalweg::{Error, Replies};

/// Just before the table of entities grows, and just after.
const ENTITIES: [u64; 2] = [1_000_000, 1_100_000];
/// Entities created at a time.
const BATCH: u64 = 1_000;
/// Fewer than a worker admits at a time.
const PAYMENTS: usize = 200;
/// The part of it that shows that it works.
const QUICK: u64 = 100;

fn main() -> thalweg::Result {
    let part = if std::env::args().any(|arg| arg == "--quick") { QUICK } else { 1 };
    println!("{:<44} {:>9} {:>7} {:>9} {:>7}", "entities", "of them", "workers", "bytes", "pieces");
    for (count, workers) in ENTITIES.into_iter().flat_map(|count| [(count / part, 1), (count / part, 2)]) {
        let name = |id: u64| format!("{id:032}");
        let accounts = entities(workers, count, |app, ids| {
            app.submit_all_waiting(ids.map(|id| Account::at(id).open(1)))
        })?;
        print_entities("two numbers of 8 bytes", count, workers, accounts);
        let persons = entities(workers, count, |app, ids| {
            app.submit_all_waiting(ids.map(|id| Person::at(id).join(name(id))))
        })?;
        print_entities("a number and a text of 32 bytes", count, workers, persons);
    }
    println!();
    println!(
        "{:<44} {:>9} {:>9} {:>7} {:>9} {:>7} {:>12}",
        "transactions", "of them", "submitted", "pieces", "in flight", "pieces", "on a worker"
    );
    let payments = PAYMENTS / part.isqrt() as usize;
    for (way, how) in [(Way::Singly, "one at a time"), (Way::Batch, "in a batch")] {
        for (crossing, where_to) in [(false, "at one worker"), (true, "from one worker to the other")] {
            let flight = flight(way, crossing, payments)?;
            assert!(flight.peak.active > payments, "not all were in flight when the heap was measured");
            print_flight(&format!("{how}, {where_to}"), payments, &flight);
        }
    }
    Ok(())
}

/// What so many entities leave on the heap.
fn entities(
    workers: usize,
    count: u64,
    create: impl Fn(&Handle, Range<u64>) -> Result<Replies<()>, Error>,
) -> thalweg::Result<Heap> {
    let app = App::new("memory").entity::<Account>().entity::<Person>().workers(workers).start()?;
    let before = Heap::now();
    for first in (0..count).step_by(BATCH as usize) {
        let created = create(&app, first..count.min(first + BATCH))?.wait()?;
        created.into_iter().collect::<Result<(), _>>()?;
    }
    let heap = Heap::since(before);
    app.stop()?;
    Ok(heap)
}

fn print_entities(what: &str, count: u64, workers: usize, heap: Heap) {
    let each = |sum: i64| sum as f64 / count as f64;
    println!("{what:<44} {count:>9} {workers:>7} {:>9.1} {:>7.2}", each(heap.bytes), each(heap.pieces));
}

fn print_flight(what: &str, count: usize, flight: &Flight) {
    let each = |sum: i64| sum as f64 / count as f64;
    println!(
        "{what:<44} {count:>9} {:>9.1} {:>7.2} {:>9.1} {:>7.2} {:>12}",
        each(flight.submitted.bytes),
        each(flight.submitted.pieces),
        each(flight.admitted.bytes),
        each(flight.admitted.pieces),
        flight.peak.active
    );
}
