//! What a life finds of those before it.
use crate::entities::{ACCOUNTS, Counter, OPENING};
use crate::notes::{self, Bounds, Notes};
use std::path::Path;
use thalweg::prelude::*;
use thalweg::sink::JsonLines;

pub const CLIENTS: u64 = 6;

/// Every counter is where it was acknowledged to be, or further by what had been sent; and as many transfers stand as
/// steps do, from which no money came or went. Gives where the counters are.
///
/// What was read here is acknowledged, too, and must be there in the next life.
pub fn check(app: &Handle, folder: &Path) -> Vec<u64> {
    let mut counters = Vec::new();
    for client in 0..CLIENTS {
        let Bounds { acked, sent } = notes::read(folder, client);
        let steps = app.call_blocking(Counter::at(client).steps()).expect("a counter is read");
        assert!(acked <= steps, "client {client}: {acked} steps were acknowledged, and {steps} are there");
        assert!(steps <= sent, "client {client}: {sent} steps were sent, and {steps} are there");
        counters.push(steps);
    }
    let transfers = audit(app, 0).expect("it is audited");
    assert_eq!(transfers, counters.iter().sum::<u64>() * 2, "two accounts to a step");
    for (client, &steps) in (0..).zip(&counters) {
        let mut notes = Notes::open(folder, client);
        notes.acked(steps);
        notes.sent(steps); // what was in flight and is not there will never be
    }
    counters
}

/// The steps of each client that have left the app: each once, in order, without a gap.
pub fn told(file: &Path) -> Vec<u64> {
    let mut steps = vec![0; CLIENTS as usize];
    if !file.exists() {
        return steps;
    }
    for (offset, event) in (0..).zip(JsonLines::read(file).expect("the file can be read")) {
        let event = event.expect("an event can be read");
        let (client, step): (usize, u64) = serde_json::from_str(&event.body).expect("it is a step");
        assert_eq!((event.offset, step), (offset, steps[client] + 1), "client {client}");
        steps[client] = step;
    }
    steps
}

/// No money comes or goes. Gives how often accounts have taken part in transfers.
pub fn audit(app: &Handle, client: u64) -> Result<u64, thalweg::Error> {
    let (money, transfers) = app.call_blocking(Counter::at(client).audit())?;
    assert_eq!(money, ACCOUNTS as i64 * OPENING, "no money comes or goes");
    Ok(transfers)
}
