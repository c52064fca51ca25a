//! Where requests enter: a bounded queue per worker, shared by the handles that enter there.
//!
//! When the engine fails, the first reason is kept here: from then on nothing enters, and what waits is told.
use crate::base::ambient::TransactionId;
use crate::base::error::{Error, Result};
use crate::base::room::{Failure, Rooms, Size};
use crate::egress::answers::Egress;
use crate::entity::run::worker::Worker;
use crate::request::data::Request;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

/// A request before it has a place in the order.
pub(crate) struct Submitted {
    pub(crate) id: TransactionId,
    pub(crate) work: Submission,
}

/// What a request does when its turn comes.
pub(crate) enum Submission {
    /// One transaction, or several.
    Transactions(Request),
    /// A look at every worker's entities between two transactions.
    Inspect(Inspect),
}

impl Submission {
    pub(crate) fn len(&self) -> usize {
        match self {
            Submission::Transactions(request) => request.len(),
            Submission::Inspect(_) => 1,
        }
    }
}

/// See [`Submission::Inspect`].
pub(crate) type Inspect = Arc<dyn Fn(&Worker) + Send + Sync>;

/// The epoch that an app without a past begins with.
pub(crate) const FIRST_EPOCH: u64 = 1;

/// The doors of a running app, one per worker, and what the workers share.
pub(crate) struct Ingress {
    egress: Arc<Egress>,
    doors: Vec<Door>,
    /// The first epoch that is still open; all workers advance to it.
    open: AtomicU64,
    first: u64,
    closed: AtomicBool,
    failure: Failure,
    epochs: AtomicU64,
}

struct Door {
    queue: Mutex<VecDeque<Submitted>>,
    room: Arc<Rooms>,
    /// Whether the worker has been told that there is something to do.
    called: AtomicBool,
    bell: OnceLock<Wake>,
}

/// Wakes the `sequence` operator of a parked worker.
pub(crate) type Wake = Box<dyn Fn() + Send + Sync>;

impl Ingress {
    /// `room` is that of each door.
    /// The first epoch is `open`.
    pub(crate) fn new(workers: usize, room: Size, egress: Egress, open: u64) -> Self {
        let failure = Failure::default();
        let door = || Door {
            queue: Mutex::default(),
            room: Rooms::new(room, failure.clone()),
            called: AtomicBool::new(false),
            bell: OnceLock::new(),
        };
        Self {
            egress: Arc::new(egress),
            doors: (0..workers).map(|_| door()).collect(),
            open: AtomicU64::new(open),
            first: open,
            closed: AtomicBool::new(false),
            failure: failure.clone(),
            epochs: AtomicU64::new(0),
        }
    }

    pub(crate) fn workers(&self) -> usize {
        self.doors.len()
    }

    /// Where the answers leave.
    pub(crate) fn egress(&self) -> &Arc<Egress> {
        &self.egress
    }

    pub(crate) fn room(&self, worker: usize) -> &Arc<Rooms> {
        &self.doors[worker].room
    }

    /// Puts something into the queue of a worker. `id` is asked inside the lock, so that a handle's numbers and its
    /// order in the queue agree.
    pub(crate) fn push(
        &self,
        worker: usize,
        id: impl FnOnce() -> TransactionId,
        work: Submission,
    ) -> Result<()> {
        let door = &self.doors[worker];
        let mut queue = lock(&door.queue);
        if self.closed.load(Ordering::SeqCst) {
            return Err(self.ended());
        }
        queue.push_back(Submitted { id: id(), work });
        drop(queue);
        self.ring(worker);
        Ok(())
    }

    /// Whether something waits in the queue of a worker.
    pub(crate) fn waits(&self, worker: usize) -> bool {
        !lock(&self.doors[worker].queue).is_empty()
    }

    /// A worker that has other things to do than to look into its queue will hear the bell again.
    pub(crate) fn listen(&self, worker: usize) {
        self.doors[worker].called.store(false, Ordering::SeqCst);
    }

    /// Takes `most` requests, or one more submission than fits; `None` when there will never be another.
    pub(crate) fn take(&self, worker: usize, most: usize) -> Option<Vec<Submitted>> {
        let door = &self.doors[worker];
        door.called.store(false, Ordering::SeqCst);
        let mut queue = lock(&door.queue);
        if queue.is_empty() && self.closed.load(Ordering::SeqCst) {
            return None;
        }
        let mut room = most;
        let fits = queue.iter().take_while(|submitted| {
            let fits = room > 0;
            room = room.saturating_sub(submitted.work.len());
            fits
        });
        let count = fits.count();
        Some(queue.drain(..count).collect())
    }

    pub(crate) fn hang_bell(&self, worker: usize, bell: Wake) {
        let _ = self.doors[worker].bell.set(bell);
        self.ring(worker);
    }

    /// Lets a worker know that something has changed.
    pub(crate) fn ring(&self, worker: usize) {
        if !self.doors[worker].called.swap(true, Ordering::SeqCst) {
            self.ring_anew(worker);
        }
    }

    /// As [`Ingress::ring`], and again if the worker has been told already.
    fn ring_anew(&self, worker: usize) {
        if let Some(bell) = self.doors[worker].bell.get() {
            bell();
        }
    }

    /// Comes back to a worker whose queue is not empty, or that has to see the app close.
    pub(crate) fn ring_again(&self, worker: usize) {
        if self.waits(worker) || self.closed.load(Ordering::SeqCst) {
            self.ring(worker);
        }
    }

    /// Lets every worker know that something has changed.
    pub(crate) fn ring_all(&self) {
        (0..self.doors.len()).for_each(|worker| self.ring(worker));
    }

    /// How many epochs have had requests.
    pub(crate) fn epochs(&self) -> u64 {
        self.epochs.load(Ordering::Relaxed)
    }

    /// The epoch that every worker begins with, however late it comes.
    pub(crate) fn first_epoch(&self) -> u64 {
        self.first
    }

    /// The first open epoch.
    pub(crate) fn open_epoch(&self) -> u64 {
        self.open.load(Ordering::SeqCst)
    }

    /// Closes an epoch; the other workers follow.
    pub(crate) fn close_epoch(&self, epoch: u64) {
        if self.open.fetch_max(epoch + 1, Ordering::SeqCst) <= epoch {
            self.epochs.fetch_add(1, Ordering::Relaxed);
            self.ring_all();
        }
    }

    /// No request enters any more; those inside are answered.
    pub(crate) fn close(&self) {
        // Every queue's lock is taken once, so that a request is either in a queue before this or refused.
        self.closed.store(true, Ordering::SeqCst);
        self.doors.iter().for_each(|door| drop(lock(&door.queue)));
        self.ring_all();
    }

    /// The engine has failed; see [`Ingress::end`].
    pub(crate) fn fail(&self, what: String) {
        tracing::error!(%what, "the engine failed; this is a bug in Thalweg");
        self.end(Error::Internal { what });
    }

    /// The app has come to an end that nobody asked for. The workers end when they see it; those who wait, here or for them,
    /// are told why. What has been given a place in a log may stand after a restart.
    pub(crate) fn end(&self, error: Error) {
        // The first reason is the one that the others follow from.
        let _ = self.failure.set(error);
        self.closed.store(true, Ordering::SeqCst);
        for (worker, door) in self.doors.iter().enumerate() {
            let abandoned = std::mem::take(&mut *lock(&door.queue));
            door.room.close();
            for submitted in abandoned {
                if let Submission::Transactions(request) = submitted.work {
                    request.withdraw(&self.ended(), &self.egress);
                }
            }
            // One that has closed its door does not listen to it any more, but it wakes up.
            self.ring_anew(worker);
        }
        let logged = self.egress.logged.is_some();
        self.egress.fail(&if logged { Error::Undecided } else { self.ended() });
    }

    /// Whether no request enters any more.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }

    /// Whether the engine has failed.
    pub(crate) fn has_failed(&self) -> bool {
        self.failure.get().is_some()
    }

    /// Why nothing is accepted or answered any more.
    pub(crate) fn ended(&self) -> Error {
        self.doors[0].room.ended()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // No code that can panic runs under these locks; a poisoned one is still whole.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
