//! What all workers have to know of an epoch that may be undone, written once and in the memory that they share: a message
//! to each of them would cost more than most transactions, the more workers there are.
//!
//! It is read when the frontier says that it is complete: a sequencer marks an epoch before it closes it, and a transaction is
//! said to be mispredicted before its worker lets the attempt go.
use crate::base::ids::Phase;
use smallvec::SmallVec;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// See the head of this file.
pub(crate) struct EpochMarks {
    workers: usize,
    /// The first epoch behind all those that were ever marked.
    end: AtomicU64,
    count: AtomicU64,
    marked: Mutex<BTreeMap<u64, Marked>>,
}

/// An epoch that may have to be undone.
struct Marked {
    marks: Marks,
    /// The attempts that do not stand.
    wrong: SmallVec<[Phase; 2]>,
    /// How many workers are not through with it.
    left: usize,
}

/// What is said of an epoch that may have to be undone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Marks {
    /// Whether it has dynamic transactions, for which there are scouts.
    pub(crate) scouted: bool,
    /// Whether one of them can run only once.
    pub(crate) runs_once: bool,
}

impl EpochMarks {
    pub(crate) fn new(workers: usize) -> Self {
        Self { workers, end: AtomicU64::new(0), count: AtomicU64::new(0), marked: Mutex::default() }
    }

    fn marked(&self) -> MutexGuard<'_, BTreeMap<u64, Marked>> {
        // No code that can panic runs under this lock; a poisoned one is still whole.
        self.marked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An epoch that a sequencer has not closed yet may have to be undone.
    pub(crate) fn mark(&self, epoch: u64, more: Marks) {
        let mut marked = self.marked();
        let new = || {
            self.count.fetch_add(1, Ordering::Relaxed);
            Marked { marks: Marks::default(), wrong: SmallVec::new(), left: self.workers }
        };
        let Marked { marks, .. } = marked.entry(epoch).or_insert_with(new);
        marks.scouted |= more.scouted;
        marks.runs_once |= more.runs_once;
        self.end.fetch_max(epoch + 1, Ordering::SeqCst);
    }

    /// How many epochs have been marked.
    pub(crate) fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    /// Whether an epoch from this one on is marked, as far as is known.
    pub(crate) fn any_from(&self, epoch: u64) -> bool {
        self.end.load(Ordering::SeqCst) > epoch
    }

    /// The marked epochs among these, which all sequencers have closed.
    pub(crate) fn among(&self, from: u64, to: u64) -> SmallVec<[(u64, Marks); 4]> {
        if from >= to || !self.any_from(from) {
            return SmallVec::new();
        }
        self.marked().range(from..to).map(|(epoch, marked)| (*epoch, marked.marks)).collect()
    }

    /// An attempt at an epoch does not stand.
    pub(crate) fn wrong(&self, epoch: u64, attempt: Phase) {
        let mut marked = self.marked();
        let marked = marked.get_mut(&epoch).unwrap_or_else(|| unreachable!("epoch {epoch} can be undone"));
        if !marked.wrong.contains(&attempt) {
            marked.wrong.push(attempt);
        }
    }

    /// Whether an attempt stands that is over at all workers; then the worker that asks is through with the epoch.
    pub(crate) fn stands(&self, epoch: u64, attempt: Phase) -> bool {
        let mut all = self.marked();
        let marked = all.get_mut(&epoch).unwrap_or_else(|| unreachable!("epoch {epoch} can be undone"));
        if marked.wrong.contains(&attempt) {
            return false;
        }
        marked.left -= 1;
        if marked.left == 0 {
            all.remove(&epoch);
        }
        true
    }
}
