//! What is counted of the transactions of each method.
use std::sync::atomic::{AtomicU64, Ordering};

/// Those of one worker for one method, in a place of their own.
#[derive(Default)]
#[repr(align(64))]
pub(crate) struct Counters {
    committed: AtomicU64,
    aborted: AtomicU64,
    planned: AtomicU64,
    scouted: AtomicU64,
    tail: AtomicU64,
    undone: AtomicU64,
}

impl Counters {
    /// Counts something; nobody but the worker does so here.
    pub(crate) fn add(&self, what: Count, n: u64) {
        let counter = match what {
            Count::Committed => &self.committed,
            Count::Aborted => &self.aborted,
            Count::Planned => &self.planned,
            Count::Scouted => &self.scouted,
            Count::Tail => &self.tail,
            Count::Undone => &self.undone,
        };
        counter.store(counter.load(Ordering::Relaxed) + n, Ordering::Relaxed);
    }
}

/// How the transactions that started at one method went.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct MethodCounts {
    /// The entity and the method.
    pub method: (String, String),
    /// Transactions whose effects stand.
    pub committed: u64,
    /// Transactions that were undone by an `Err` of their root, a panic, or a failed call.
    pub aborted: u64,
    /// Transactions that got their tickets from a static plan. One worker needs no tickets and counts none.
    pub planned: u64,
    /// Transactions with a dynamic plan: a scout found out which entities they touch.
    pub scouted: u64,
    /// Those that touched other entities than a scout, or a static plan, had said, and so ran with whole workers to
    /// themselves.
    pub tail: u64,
    /// How often a transaction was undone and run again because one of its epoch was in the tail.
    pub undone: u64,
    /// Why the plan is dynamic, with the lines, and what else makes such transactions slow; empty when it is static.
    pub reasons: Vec<String>,
}

impl MethodCounts {
    /// The sums over the workers.
    pub(crate) fn of(method: (String, String), workers: &[Counters], reasons: Vec<String>) -> Self {
        let sum = |of: fn(&Counters) -> &AtomicU64| {
            workers.iter().map(|counts| of(counts).load(Ordering::Relaxed)).sum()
        };
        Self {
            method,
            committed: sum(|counts| &counts.committed),
            aborted: sum(|counts| &counts.aborted),
            planned: sum(|counts| &counts.planned),
            scouted: sum(|counts| &counts.scouted),
            tail: sum(|counts| &counts.tail),
            undone: sum(|counts| &counts.undone),
            reasons,
        }
    }

    /// Adds those of other instances of the method.
    pub(crate) fn add(&mut self, other: Self) {
        self.committed += other.committed;
        self.aborted += other.aborted;
        self.planned += other.planned;
        self.scouted += other.scouted;
        self.tail += other.tail;
        self.undone += other.undone;
        self.reasons.extend(other.reasons);
    }
}

/// Something to count.
#[derive(Clone, Copy)]
pub(crate) enum Count {
    Committed,
    Aborted,
    Planned,
    Scouted,
    Tail,
    Undone,
}
