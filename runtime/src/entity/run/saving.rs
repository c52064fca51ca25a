//! A worker's part in a checkpoint.
use crate::base::class_id::ClassId;
use crate::entity::run::worker::Worker;
use crate::state::saving::{Saved, Step, Whole};
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

/// Where in the order a checkpoint is taken is decided by whoever gives this its place.
#[derive(Clone, Debug)]
pub(crate) struct Cut {
    /// The number of the checkpoint.
    pub(crate) number: u32,
    pub(crate) whole: Whole,
    pub(crate) to: Sender<FromWorker>,
}

/// What a worker says to whoever takes the checkpoint.
#[derive(Debug)]
pub(crate) enum FromWorker {
    /// The cut is behind this epoch.
    Cut(u64),
    /// Entities of a class.
    Saved(ClassId, Vec<Saved>),
    /// A state or a key of this class has no bytes.
    Failed(ClassId, String),
    /// That is all.
    Done,
}

/// A checkpoint that a worker has a part in.
pub(super) struct InProgress {
    to: Sender<FromWorker>,
    /// The classes that are not done.
    left: Vec<ClassId>,
}

/// So many slots are looked at between two steps of a worker, and again so many until this time is over.
const SLICE: usize = 256;
const MOMENT: Duration = Duration::from_micros(300);

impl Worker {
    /// The cut: what is here now is what the checkpoint has.
    pub(crate) fn cut(&self, cut: &Cut) {
        let left: Vec<ClassId> = self.classes.iter().map(|(class, _)| class).collect();
        left.iter().for_each(|class| self.class_at(*class).cut(cut.number, &cut.whole));
        let before = self.saving.replace(Some(InProgress { to: cut.to.clone(), left }));
        assert!(before.is_none(), "one checkpoint at a time");
    }

    /// Saves a little; whether there is more.
    pub(crate) fn save_some(&self) -> bool {
        let mut saving = self.saving.borrow_mut();
        let Some(InProgress { to, left }) = &mut *saving else { return false };
        let began = Instant::now();
        // Whoever takes the checkpoint may have given up; what is saved is then nobody's.
        while let Some(class) = left.last().copied() {
            let Step { saved, more, failure } = self.class_at(class).save(SLICE);
            if !saved.is_empty() {
                let _ = to.send(FromWorker::Saved(class, saved));
            }
            if let Some(failure) = failure {
                let _ = to.send(FromWorker::Failed(class, failure));
            }
            if !more {
                left.pop();
            }
            if began.elapsed() >= MOMENT {
                break;
            }
        }
        if left.is_empty() {
            let _ = to.send(FromWorker::Done);
            *saving = None;
        }
        saving.is_some()
    }
}
