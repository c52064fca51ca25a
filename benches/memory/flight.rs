//! Requests that wait for their epoch, and transactions that have been admitted and wait for others.

use crate::entities::{Account, Far, HELD, Hub};
use crate::heap::Heap;
use std::sync::PoisonError;
use thalweg::prelude::*;
use thalweg::simulation::{Peak, Schedule, Simulation};
use thalweg::{Replies, Reply};

const WORKERS: usize = 2;
/// Calls back and forth for which the first transaction holds the hub. After so many, all that is under way for the others
/// has arrived; that they were all active then is asserted.
const HOLDS: u64 = 200;
/// How many requests an epoch takes is drawn from up to this: far more than there are, so that all are in one epoch, for
/// another one might wait until this one stands.
const EPOCH: usize = 1 << 30;

pub struct Flight {
    /// Of all requests, submitted and not yet ordered.
    pub submitted: Heap,
    /// Of all transactions, admitted and waiting.
    pub admitted: Heap,
    pub peak: Peak,
}

/// How requests are submitted.
#[derive(Clone, Copy)]
pub enum Way {
    Singly,
    Batch,
}

/// So many payments to the hub, from accounts of the hub's worker or of the other one.
pub fn flight(way: Way, crossing: bool, payments: usize) -> thalweg::Result<Flight> {
    let app = App::new("memory").entity::<Account>().entity::<Hub>().workers(WORKERS);
    let app = app.queue(4 * payments).clock(|| 0);
    let mut simulation = app.simulate(Schedule { seed: 1, epoch: EPOCH })?;
    let hub = Hub::at(0);
    let here = Ref::owner(&hub, WORKERS);
    let far = (0..).map(Far::at).find(|far| Ref::owner(far, WORKERS) != here).ok_or("no entity is far")?;
    let of_worker = |id: &u64| (Ref::owner(&Account::at(*id), WORKERS) != here) == crossing;
    let accounts: Vec<u64> = (0..).filter(of_worker).take(payments).collect();
    let opened = simulation.handle().submit_all(accounts.iter().map(|id| Account::at(*id).open(1)))?;
    simulation.run();
    drop(opened.wait()?);
    measure(&mut simulation, way, &accounts, hub, far)
}

fn measure(
    simulation: &mut Simulation,
    way: Way,
    accounts: &[u64],
    hub: Ref<Hub>,
    far: Ref<Far>,
) -> thalweg::Result<Flight> {
    let app = simulation.handle();
    let mut answers = Answers { singly: Vec::with_capacity(accounts.len()), batch: None };
    let held = app.submit(hub.hold(far, HOLDS))?;
    let before = Heap::now();
    let calls = accounts.iter().map(|id| Account::at(*id).pay(hub.clone(), 1));
    match way {
        Way::Singly => {
            answers.singly.extend(calls.map(|call| app.submit(call)).collect::<Result<Vec<_>, _>>()?)
        }
        Way::Batch => answers.batch = Some(app.submit_all(calls)?),
    }
    let submitted = Heap::since(before);
    simulation.run();
    held.wait()?;
    answers.check(accounts.len())?;
    let then = HELD.lock().unwrap_or_else(PoisonError::into_inner).take().ok_or("nothing was measured")?;
    let admitted = Heap { bytes: then.bytes - before.bytes, pieces: then.pieces - before.pieces };
    Ok(Flight { submitted, admitted, peak: simulation.peak() })
}

struct Answers {
    singly: Vec<Reply<u64>>,
    batch: Option<Replies<u64>>,
}

impl Answers {
    fn check(self, expected: usize) -> thalweg::Result<()> {
        let mut count = 0;
        for reply in self.singly {
            reply.wait()?;
            count += 1;
        }
        for answer in self.batch.map_or(Ok(Vec::new()), Replies::wait)? {
            answer?;
            count += 1;
        }
        assert_eq!(count, expected);
        Ok(())
    }
}
