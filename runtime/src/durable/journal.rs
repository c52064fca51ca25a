//! From the parts that workers order to the epochs of the log.
//!
//! An epoch is complete when every worker has gone on to a later one. Then its parts are written, in the order of the
//! workers, which is that of its transactions.
//!
//! Invariants: epochs enter the log in their order, each once; a worker gives its part before it says that it has gone on.
use crate::base::error::{Error, Result};
use crate::durable::record::{self, PartBytes};
use crate::egress::answers::{Egress, LoggedEgress};
use crate::entity::run::shipped::Instances;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use thalweg_log::{Epoch, Log};

/// See the head of this file.
pub(crate) struct Journal {
    egress: Arc<Egress>,
    pub(crate) instances: Arc<Instances>,
    state: Mutex<State>,
    /// The number of the run, when it has begun.
    run: AtomicU64,
    full: AtomicBool,
    /// How far the log is durable.
    pub(crate) position: Arc<AtomicU64>,
}

/// Where epochs are written.
#[derive(Clone)]
enum Target {
    /// Not yet, or not any more.
    None,
    Log(Arc<Log>),
    /// Nowhere: this is a copy, whose requests only read.
    Copy,
}

struct State {
    target: Target,
    /// The first epoch that each worker has not left.
    open: Vec<u64>,
    /// The epoch that is written next.
    next: u64,
    epochs: BTreeMap<u64, Gathered>,
}

/// An epoch whose parts come in.
struct Gathered {
    now: u64,
    parts: Vec<PartBytes>,
}

impl Journal {
    pub(crate) fn new(workers: usize, egress: Arc<Egress>, instances: Arc<Instances>) -> Self {
        let state = State { target: Target::None, open: vec![0; workers], next: 0, epochs: BTreeMap::new() };
        let (state, run, full) = (Mutex::new(state), AtomicU64::new(0), AtomicBool::new(false));
        Self { egress, instances, state, run, full, position: Arc::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // No code of the user's runs under this lock; a poisoned one is still whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number of the run.
    pub(crate) fn run(&self) -> u64 {
        self.run.load(Ordering::Relaxed)
    }

    /// From here on, epochs go to this log.
    pub(crate) fn begin(&self, log: Log, run: u64) {
        let log = Arc::new(log);
        let next = log.next().0;
        self.go_on(Target::Log(log.clone()), next, run);
        // What was decided in a replay may be told.
        self.egress.durable(next - 1);
        // The log keeps outcomes only while it is there: the end of an app is no reason to wait for them.
        let record = move |epoch, bytes: &[u8]| _ = log.outcome(Epoch(epoch), bytes.to_vec());
        self.logged().witness.record(next, Arc::new(record));
    }

    /// From here on, epochs are executed and not written; `next` is the first of them.
    pub(crate) fn begin_copy(&self, next: u64, run: u64) {
        self.go_on(Target::Copy, next, run);
        // There is nothing that an answer could get ahead of.
        self.egress.durable(u64::MAX - 1);
        self.logged().witness.record(next, Arc::new(|_, _| {}));
    }

    fn go_on(&self, target: Target, next: u64, run: u64) {
        let mut state = self.state();
        assert!(matches!(state.target, Target::None), "an app has one log");
        (state.target, state.next) = (target, next);
        state.open.fill(next);
        self.run.store(run, Ordering::Relaxed);
    }

    fn logged(&self) -> &LoggedEgress {
        self.egress.logged.as_ref().unwrap_or_else(|| unreachable!("this app keeps a log"))
    }

    /// Whether requests can be given a place in the order, as far as the space on the disk is concerned.
    pub(crate) fn has_room(&self) -> bool {
        let room = match &self.state().target {
            Target::None => false,
            Target::Log(log) => log.has_room(),
            Target::Copy => true,
        };
        if self.full.swap(!room, Ordering::Relaxed) == room {
            match room {
                true => tracing::info!("the disk has space for the log again"),
                false => {
                    tracing::error!("the disk has no space for the log; requests are refused until it has")
                }
            }
        }
        room
    }

    /// A worker's part of an epoch, which it has not left. `now` is the time of the epoch, if it has one.
    pub(crate) fn part(&self, epoch: u64, worker: usize, now: u64, part: PartBytes) {
        let state = &mut *self.state();
        assert!(state.open[worker] <= epoch && state.next <= epoch, "who gives a part is still there");
        let workers = state.open.len();
        let new = || Gathered { now, parts: (0..workers).map(|_| PartBytes::default()).collect() };
        let gathered = state.epochs.entry(epoch).or_insert_with(new);
        assert!(gathered.now == now, "an epoch has one time");
        gathered.parts[worker] = part;
    }

    /// A worker has left all epochs before this one.
    ///
    /// # Errors
    /// When an epoch cannot be written.
    pub(crate) fn left(&self, worker: usize, open: u64) -> Result<()> {
        let state = &mut *self.state();
        let State { target, open: all, next, epochs } = state;
        if matches!(target, Target::None) {
            return Ok(());
        }
        assert!(all[worker] <= open, "who has left an epoch does not come back");
        all[worker] = open;
        let complete = all.iter().min().copied().unwrap_or(0);
        while let Some(first) = epochs.first_entry().filter(|first| *first.key() < complete) {
            let (epoch, Gathered { now, parts }) = first.remove_entry();
            assert!(epoch == *next, "epochs follow each other");
            *next += 1;
            if let Target::Log(log) = target {
                let body = record::epoch(now, parts.iter());
                log.append(Epoch(epoch), body)?;
            }
            // An outcome follows its epoch, so the epoch is in the log when it can be complete.
            self.logged().witness.parts(epoch, parts.iter().map(|part| part.transactions).collect());
        }
        Ok(())
    }

    /// Whether all workers but this one have left for good.
    pub(crate) fn others_have_ended(&self, worker: usize) -> bool {
        let state = self.state();
        let mut others = state.open.iter().enumerate().filter(|(other, _)| *other != worker);
        others.all(|(_, open)| *open == u64::MAX)
    }

    /// How far the log is known to be durable.
    pub(crate) fn position(&self) -> u64 {
        self.position.load(Ordering::SeqCst)
    }

    /// The log need not keep what is not later than this epoch.
    pub(crate) fn release(&self, epoch: u64) {
        if let Target::Log(log) = &self.state().target {
            log.release(Epoch(epoch));
        }
    }

    /// Writes all that waits, and ends the log. The workers have ended.
    ///
    /// # Errors
    /// When the log has failed.
    pub(crate) fn stop(&self) -> Result<()> {
        let target = std::mem::replace(&mut self.state().target, Target::None);
        let Target::Log(log) = target else { return Ok(()) };
        self.logged().witness.end();
        let log = Arc::into_inner(log).ok_or_else(|| Error::internal("somebody still writes to the log"))?;
        log.stop().map_err(Error::from)
    }
}
