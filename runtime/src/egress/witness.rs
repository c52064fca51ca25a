//! What became of the transactions of each epoch: written down in the log when they run, compared when they are replayed.
//!
//! What is kept of an epoch is a digest of what each of its transactions answered and emitted, and which of them did not
//! commit, and why: those are few. A replay must come to the same: if it does not, the first transaction that differs is known.
//!
//! Invariants: every transaction of an epoch is counted once; an epoch is complete when its parts are known and all of its
//! transactions have been counted.
use crate::base::digest::Digest;
use crate::base::error::Result;
use crate::base::ids::narrow;
use crate::egress::verdict::{Difference, Outcome, Verdict, difference};
use smallvec::SmallVec;
use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Where a transaction stands in its epoch, before all parts of that are known: the worker that ordered it, and how many that
/// one had ordered before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct InPart {
    pub(crate) epoch: u64,
    pub(crate) from: u32,
    pub(crate) index: u32,
}

/// Transactions of one request that have ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ended {
    /// The place of the first that was submitted.
    pub(crate) place: InPart,
    /// Their places behind that one; all of them in order, if there are none.
    pub(crate) members: Option<Vec<u32>>,
    pub(crate) digests: SmallVec<[Digest; 4]>,
    /// Those that did not commit, by their indices.
    pub(crate) failures: Vec<(u32, Verdict)>,
}

impl Ended {
    fn member(&self, index: usize) -> u32 {
        self.members.as_ref().map_or(narrow(index), |members| members[index])
    }
}

/// See the head of this file.
#[derive(Default)]
pub(crate) struct Witness {
    epochs: Mutex<Epochs>,
    progress: Condvar,
}

/// Takes down what became of an epoch.
pub(crate) type Record = Arc<dyn Fn(u64, &[u8]) + Send + Sync>;

#[derive(Default)]
struct Epochs {
    tallies: BTreeMap<u64, Tally>,
    /// None while epochs are replayed.
    record: Option<Record>,
    /// All epochs before this one are complete.
    complete: u64,
    /// Whether it may.
    accepts: bool,
    /// The first that came out in another way than it was recorded.
    differs: Option<Difference>,
}

#[derive(Default)]
struct Tally {
    /// How many transactions each worker has ordered, when all have.
    parts: Option<Vec<u32>>,
    ended: Vec<Ended>,
    counted: usize,
    recorded: Option<Outcome>,
    found: Option<Outcome>,
}

impl Tally {
    /// The outcome, when the epoch is complete.
    fn complete(&mut self) -> Option<Outcome> {
        let parts = self.parts.as_ref()?;
        let all = parts.iter().map(|part| u64::from(*part)).sum::<u64>();
        let counted = self.counted as u64;
        assert!(counted <= all, "a transaction is counted once");
        if counted < all || self.found.is_some() {
            return None;
        }
        let befores = parts.iter().scan(0, |before, part| {
            let here = *before;
            *before += u64::from(*part);
            Some(here)
        });
        let befores: Vec<u64> = befores.collect();
        let mut outcome = Outcome { digests: vec![Digest::default(); self.counted], ..Outcome::default() };
        for ended in self.ended.drain(..) {
            let InPart { from, index, .. } = ended.place;
            let first = befores[from as usize] + u64::from(index);
            match &ended.members {
                None => {
                    let first = first as usize;
                    outcome.digests[first..first + ended.digests.len()].copy_from_slice(&ended.digests);
                }
                Some(members) => {
                    for (member, digest) in members.iter().zip(&ended.digests) {
                        outcome.digests[first as usize + *member as usize] = *digest;
                    }
                }
            }
            let failed = ended
                .failures
                .iter()
                .map(|(index, verdict)| (first + u64::from(ended.member(*index as usize)), *verdict));
            outcome.failures.extend(failed);
        }
        outcome.failures.sort_by_key(|(place, _)| *place);
        Some(outcome)
    }
}

impl Witness {
    fn epochs(&self) -> MutexGuard<'_, Epochs> {
        // No code of the user's runs under this lock; a poisoned one is still whole.
        self.epochs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From here on epochs are recorded; those from this one on are new.
    pub(crate) fn record(&self, from: u64, record: Record) {
        let mut epochs = self.epochs();
        epochs.tallies.clear();
        epochs.complete = from;
        epochs.record = Some(record);
    }

    /// Nothing is recorded any more.
    pub(crate) fn end(&self) {
        self.epochs().record = None;
    }

    /// Epochs from this one on will come.
    pub(crate) fn begin(&self, from: u64) {
        self.epochs().complete = from;
    }

    /// What differs is accepted.
    pub(crate) fn accept(&self) {
        self.epochs().accepts = true;
    }

    /// All parts of an epoch are known: so many transactions has each worker ordered.
    pub(crate) fn parts(&self, epoch: u64, parts: Vec<u32>) {
        let mut epochs = self.epochs();
        let tally = epochs.tallies.entry(epoch).or_default();
        assert!(tally.parts.is_none(), "the parts of an epoch are known once");
        tally.parts = Some(parts);
        self.settle(epochs, epoch);
    }

    /// These transactions have ended.
    pub(crate) fn ended(&self, ended: Ended) {
        let epoch = ended.place.epoch;
        let mut epochs = self.epochs();
        let tally = epochs.tallies.entry(epoch).or_default();
        tally.counted += ended.digests.len();
        tally.ended.push(ended);
        self.settle(epochs, epoch);
    }

    /// What the log says of an epoch that is replayed.
    ///
    /// # Errors
    /// When the bytes say nothing.
    pub(crate) fn recorded(&self, epoch: u64, bytes: &[u8]) -> Result<()> {
        let outcome = Outcome::read(epoch, bytes)?;
        let mut epochs = self.epochs();
        epochs.tallies.entry(epoch).or_default().recorded = Some(outcome);
        self.compare(&mut epochs, epoch);
        Ok(())
    }

    fn settle(&self, mut epochs: MutexGuard<'_, Epochs>, epoch: u64) {
        let tally = epochs.tallies.get_mut(&epoch);
        let tally = tally.unwrap_or_else(|| unreachable!("something of epoch {epoch} has just been told"));
        let Some(outcome) = tally.complete() else { return };
        let record = epochs.record.clone();
        match record {
            Some(record) => {
                epochs.tallies.remove(&epoch);
                drop(epochs);
                let mut bytes = Vec::new();
                outcome.write(&mut bytes);
                record(epoch, &bytes);
            }
            None => {
                if let Some(tally) = epochs.tallies.get_mut(&epoch) {
                    tally.found = Some(outcome);
                }
                self.compare(&mut epochs, epoch);
                loop {
                    let next = epochs.complete;
                    if epochs.tallies.get(&next).is_none_or(|tally| tally.found.is_none()) {
                        break;
                    }
                    epochs.complete += 1;
                }
                self.progress.notify_all();
            }
        }
    }

    /// Compares what was recorded with what was found, when both are there.
    fn compare(&self, epochs: &mut Epochs, epoch: u64) {
        let Some(Tally { recorded: Some(recorded), found: Some(found), .. }) = epochs.tallies.get(&epoch)
        else {
            return;
        };
        let difference = difference(epoch, recorded, found);
        if let (Some(Difference { transaction, recorded, replayed, .. }), true) =
            (&difference, epochs.accepts)
        {
            tracing::warn!(epoch, transaction, recorded, replayed, "a replay that differs is accepted");
            return;
        }
        if difference.is_some() && epochs.differs.is_none_or(|known| known.epoch > epoch) {
            epochs.differs = difference;
            self.progress.notify_all();
        }
    }

    /// Forgets epochs that have been compared; gives the first that has not, if there is one.
    pub(crate) fn forget(&self) -> Option<u64> {
        let mut epochs = self.epochs();
        let complete = epochs.complete;
        epochs.tallies.retain(|epoch, tally| *epoch >= complete || tally.recorded.is_none());
        epochs.tallies.keys().next().copied()
    }

    /// Waits until all epochs before this one are complete, or one differs, or a while; whether they are.
    pub(crate) fn wait(&self, until: u64, most: Duration) -> Result<bool, Difference> {
        let epochs = self.epochs();
        let (epochs, _) = self
            .progress
            .wait_timeout_while(epochs, most, |epochs| epochs.complete < until && epochs.differs.is_none())
            .unwrap_or_else(PoisonError::into_inner);
        match epochs.differs {
            Some(difference) => Err(difference),
            None => Ok(epochs.complete >= until),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::egress::verdict::tests::bytes;

    fn ended(place: InPart, members: Option<&[u32]>, all: &[(Verdict, u16)]) -> Ended {
        let failures = (0..).zip(all).filter(|(_, (verdict, _))| *verdict != FINE);
        Ended {
            place,
            members: members.map(<[u32]>::to_vec),
            digests: all.iter().map(|(_, digest)| Digest(*digest)).collect(),
            failures: failures.map(|(index, (verdict, _))| (index, *verdict)).collect(),
        }
    }

    fn at(epoch: u64, from: u32, index: u32) -> InPart {
        InPart { epoch, from, index }
    }

    const FINE: Verdict = Verdict::COMMITTED;

    #[test]
    fn an_outcome_is_numbered_over_all_parts_in_any_order() {
        let (witness, seen) = (Witness::default(), Arc::new(Mutex::new(Vec::new())));
        let told = seen.clone();
        let tell = move |epoch, bytes: &[u8]| {
            told.lock()
                .expect("nobody panics")
                .push((epoch, Outcome::read(epoch, bytes).expect("it was written")));
        };
        witness.record(1, Arc::new(tell));
        witness.ended(ended(at(1, 1, 0), Some(&[1, 0]), &[(Verdict::OWN_ERR, 5), (FINE, 4)]));
        witness.ended(ended(at(1, 0, 1), Some(&[1]), &[(Verdict(5), 3)]));
        witness.parts(1, vec![3, 2]);
        assert!(seen.lock().expect("nobody panics").is_empty(), "two are still out");
        witness.ended(ended(at(1, 0, 0), None, &[(FINE, 1), (FINE, 2)]));
        let digests = (1..=5).map(Digest).collect();
        let outcome = Outcome { digests, failures: vec![(2, Verdict(5)), (4, Verdict::OWN_ERR)] };
        assert_eq!(*seen.lock().expect("nobody panics"), [(1, outcome)]);
    }

    #[test]
    fn a_replay_that_differs_is_told_from_one_that_does_not() {
        let witness = Witness::default();
        witness.begin(1);
        let recorded = bytes(&[0, 0], &[(0, Verdict(5)), (1, Verdict(2))]);
        witness.recorded(1, &recorded).expect("it can be read");
        witness.parts(1, vec![2]);
        witness.ended(ended(at(1, 0, 0), None, &[(Verdict(5), 0), (Verdict(2), 0)]));
        assert_eq!(witness.wait(2, Duration::ZERO), Ok(true));
        witness.parts(2, vec![2]);
        witness.ended(ended(at(2, 0, 0), None, &[(FINE, 0), (FINE, 0)]));
        assert_eq!(witness.wait(3, Duration::ZERO), Ok(true), "nothing is recorded of it so far");
        witness.recorded(2, &recorded).expect("it can be read");
        let (recorded, replayed) = (Verdict(5).text(), FINE.text());
        let difference = Difference { epoch: 2, transaction: 0, recorded, replayed };
        assert_eq!(witness.wait(3, Duration::ZERO), Err(difference));
    }
}
