//! Subject (b): the same transfers written on timely by hand, by somebody who knows this one program.
//!
//! ```text
//! client ─ debit ─▶ owner of the source ─ credit, 3 epochs later ─▶ owner of the target ─ ack ─▶ client
//!                            └───────────── ack: refused ──────────────────────────────────────────▲
//! ```
//!
//! What it guarantees:
//! - Every request gets one answer, at the worker where it entered: done, or refused with the balance.
//! - The operations of a key have one order, made from the input alone: the epochs in turn; in each first the credits
//!   of the epoch [`DELAY`](legs::DELAY) before (by the worker of their debit, then in input order; they commute), then
//!   the debits in input order. The result depends neither on when messages arrive nor on the number of workers.
//! - No balance is ever negative, and money that has left an account arrives.
//!
//! What it does not, and an entity program does: transfers are not isolated and not atomic for a reader, for money is on
//! its way between the legs; a transfer may be refused because money answered for earlier has not yet arrived, so that
//! no order of whole transfers need explain the refusals; and there is no undo, since a credit cannot fail.
mod message;
mod client;
mod legs;
mod check;

use crate::input::Input;
use ::timely::dataflow::InputHandle;
use ::timely::dataflow::channels::pact::Exchange;
use ::timely::dataflow::operators::Operator;
use ::timely::worker::Worker;
use ::timely::{CommunicationConfig, Config, WorkerConfig};
pub use check::check;
use client::{Client, requests};
use legs::{Accounts, legs};
use message::{Ack, Debit};
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::{Arc, Barrier};
use std::time::Instant;

/// A client asks no more while more than so many epochs of its requests are open; it must be more than the delay.
const IN_FLIGHT: usize = 8;

/// Transfers per second.
pub fn timely(workers: usize, input: &Input) -> f64 {
    let outcome = run(workers, input);
    assert_eq!(outcome.balances().iter().sum::<i64>(), input.sum());
    assert_eq!(outcome.done + outcome.refused, input.transfers.len() as u64);
    assert_eq!(outcome.refused, 0);
    outcome.rate
}

/// What a run leaves.
struct Outcome {
    rate: f64,
    done: u64,
    refused: u64,
    accounts: Vec<Accounts>,
}

impl Outcome {
    fn balances(&self) -> Vec<i64> {
        let mut all: Vec<(u32, i64)> =
            self.accounts.iter().flatten().map(|(id, held)| (*id, *held)).collect();
        all.sort_unstable();
        all.into_iter().map(|(_, held)| held).collect()
    }
}

/// What one worker leaves.
struct Part {
    start: Instant,
    end: Instant,
    done: u64,
    refused: u64,
    accounts: Accounts,
}

fn run(workers: usize, input: &Input) -> Outcome {
    let communication =
        if workers == 1 { CommunicationConfig::Thread } else { CommunicationConfig::Process(workers) };
    let config = Config { communication, worker: WorkerConfig::default() };
    let (shared, ready) = (input.clone(), Arc::new(Barrier::new(workers)));
    let guards = ::timely::execute(config, move |worker| work(worker, &shared, &ready));
    let parts = guards.expect("the workers start").join();
    let parts: Vec<Part> = parts.into_iter().map(|part| part.expect("the worker ends well")).collect();
    let start = parts.iter().map(|part| part.start).min().expect("there is a worker");
    let end = parts.iter().map(|part| part.end).max().expect("there is a worker");
    Outcome {
        rate: input.transfers.len() as f64 / (end - start).as_secs_f64(),
        done: parts.iter().map(|part| part.done).sum(),
        refused: parts.iter().map(|part| part.refused).sum(),
        accounts: parts.into_iter().map(|part| part.accounts).collect(),
    }
}

/// Runs one worker: its client asks, and lets the worker step while it may not.
///
/// A worker with nothing to do parks: where the cores are shared, one that only polls takes the core from the worker it
/// waits for, which made two workers several times slower.
fn work(worker: &mut Worker, input: &Input, ready: &Barrier) -> Part {
    let (index, peers, all) = (worker.index(), worker.peers(), input.transfers.len());
    let mine = (0..input.accounts).filter(|id| (input.owner)(*id, peers) == index);
    let accounts = Rc::new(RefCell::new(mine.map(|id| (id as u32, input.opening)).collect()));
    let client = Rc::new(RefCell::new(Client::new(index, all)));
    let mut door = draw(worker, input, accounts.clone(), client.clone());
    let unanswered = || client.borrow().unanswered;

    ready.wait();
    let start = Instant::now();
    for epoch in 0..all.div_ceil(client::EPOCH) {
        let numbers = requests(epoch, index, peers, all);
        for debit in client.borrow_mut().ask(input, numbers) {
            door.send(debit);
        }
        door.advance_to(epoch as u64 + 1);
        while unanswered() > (IN_FLIGHT - 1) * client::EPOCH / peers {
            worker.step_or_park(None);
        }
    }
    door.close();
    while unanswered() > 0 {
        worker.step_or_park(None);
    }
    let end = Instant::now();
    while worker.step_or_park(None) {}

    let (done, refused) = (client.borrow().done, client.borrow().refused);
    Part { start, end, done, refused, accounts: accounts.take() }
}

/// Draws the dataflow; requests enter by the handle that comes back.
fn draw(
    worker: &mut Worker,
    input: &Input,
    accounts: Rc<RefCell<Accounts>>,
    client: Rc<RefCell<Client>>,
) -> InputHandle<u64, ::timely::container::CapacityContainerBuilder<Vec<Debit>>> {
    let mut door = InputHandle::new();
    worker.dataflow::<u64, _, _>(|scope| {
        let debits = door.to_stream(scope);
        let answers = legs(scope, debits, input.owner, accounts);
        let to_client = Exchange::new(|ack: &Ack| u64::from(ack.entry));
        answers.sink(to_client, "client", move |(acks, _)| {
            let mut client = client.borrow_mut();
            acks.for_each(|_, batch| batch.iter().for_each(|ack| client.answer(ack)));
        });
    });
    door
}
