//! Runs one case in a simulation and counts what its workers sent each other.

use crate::cases::Case;
use crate::workload;
use thalweg::prelude::*;
use thalweg::simulation::{Schedule, Traffic};

/// Requests that a worker puts into one epoch, at most; on average it is half of it.
const EPOCH: usize = 64;
/// Room for all of a workload's initial data at one worker: nothing is answered before the simulation runs.
const QUEUE: usize = 1 << 20;

/// What was sent for some transactions, without what loaded the data for them.
pub struct Counted {
    pub workers: usize,
    pub transactions: u64,
    pub traffic: Traffic,
    /// Transactions with a dynamic plan, those of them that were wrong, and how often one was undone for it; loading
    /// included, which has no wrong ones.
    pub dynamic: u64,
    pub wrong: u64,
    pub undone: u64,
}

/// Requests enter at all workers in turn.
pub fn count(case: &Case, workers: usize, transactions: usize) -> thalweg::Result<Counted> {
    let mut workload = (case.make)()?;
    let app = workload.register(App::new(case.name)).workers(workers).queue(QUEUE).clock(|| 0);
    let mut simulation = app.simulate(Schedule { seed: 1, epoch: EPOCH })?;
    let initial = workload.load(simulation.handle())?;
    simulation.run();
    workload::wait(initial)?;

    let before = simulation.traffic();
    let handles: Vec<Handle> = (0..workers).map(|_| simulation.handle().clone()).collect();
    let turns = handles.iter().cycle().take(transactions);
    let requests = turns.map(|handle| workload.next(handle)).collect::<Result<_, _>>()?;
    simulation.run();
    workload::wait(requests)?;

    let methods = simulation.handle().method_counts();
    let sum = |of: fn(&thalweg::MethodCounts) -> u64| methods.iter().map(of).sum();
    Ok(Counted {
        workers,
        transactions: transactions as u64,
        traffic: difference(before, simulation.traffic()),
        dynamic: sum(|method| method.scouted),
        wrong: sum(|method| method.tail),
        undone: sum(|method| method.undone),
    })
}

fn difference(before: Traffic, after: Traffic) -> Traffic {
    Traffic {
        parcels: after.parcels - before.parcels,
        undoable: after.undoable - before.undoable,
        parcel_bytes: after.parcel_bytes - before.parcel_bytes,
        calls: after.calls - before.calls,
        answers: after.answers - before.answers,
        ends: after.ends - before.ends,
        grants: after.grants - before.grants,
        demands: after.demands - before.demands,
        returns: after.returns - before.returns,
        lent: after.lent - before.lent,
        scouting: after.scouting - before.scouting,
        message_bytes: after.message_bytes - before.message_bytes,
        epochs: after.epochs - before.epochs,
        parts: after.parts - before.parts,
    }
}

impl Counted {
    /// Everything but parcels.
    pub fn messages(&self) -> u64 {
        let Traffic { calls, answers, ends, grants, demands, returns, scouting, .. } = self.traffic;
        calls + answers + ends + grants + demands + returns + scouting
    }

    /// Messages for each entity that is not at home; 0 if there is none.
    pub fn per_lent(&self) -> f64 {
        self.messages() as f64 / self.traffic.lent.max(1) as f64
    }
}
