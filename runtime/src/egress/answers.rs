//! Where answers leave: who waits for a request, by the request's number.
//!
//! A request in the engine holds no way back; it has a number, and whoever waits for that is known here alone. If the app
//! keeps a log, an answer leaves when its epoch is durable, and not before.
use crate::base::error::Error;
use crate::base::guard::{discard, discard_all};
use crate::base::room::Room;
use crate::egress::ids::Ids;
use crate::egress::outbox::Outbox;
use crate::egress::outcome::{Outcome, Outcomes};
use crate::egress::watermark::Watermark;
use crate::egress::witness::Witness;
use rustc_hash::FxHashMap;
use smallvec::SmallVec;
use std::any::Any;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// The number of a request that is in flight; none comes twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct RequestId(u64);

/// Which calls of a request outcomes belong to, by their places among those that were submitted together; `None` for all
/// of them in order.
pub(crate) type Members<'a> = Option<&'a [u32]>;

/// Someone who waits for the outcomes of a request.
pub(crate) trait Waiting: Send {
    /// How many outcomes are missing.
    fn missing(&self) -> usize;
    /// Takes some of them. If they are not the last, it runs no code of the user's.
    fn take(&mut self, members: Members<'_>, outcomes: &mut dyn Any);
    /// Passes the outcomes on; those that are missing are this error. Whoever asked may have gone; the transaction stands
    /// all the same.
    fn finish(self: Box<Self>, missing: &Error);
    /// Passes this error on in place of all outcomes.
    fn fail(self: Box<Self>, error: &Error);
}

/// An outcome is not there where all of them are.
fn missing() -> Error {
    Error::internal("an outcome is missing")
}

/// So many parts, so that those who submit and those who answer rarely wait for each other.
const SHARDS: usize = 16;

/// All who wait.
#[derive(Default)]
pub(crate) struct Egress {
    next: AtomicU64,
    shards: [Mutex<Shard>; SHARDS],
    /// If the app keeps a log.
    pub(crate) logged: Option<LoggedEgress>,
    /// The ids of requests that have one.
    pub(crate) ids: Ids,
    /// If the app has sinks.
    pub(crate) outbox: Option<Outbox>,
}

/// What stands between a transaction's end and its answer in an app that keeps a log.
#[derive(Default)]
pub(crate) struct LoggedEgress {
    pub(crate) durable: Watermark,
    pub(crate) witness: Witness,
}

#[derive(Default)]
struct Shard {
    waiting: FxHashMap<RequestId, Box<dyn Waiting>>,
    /// Those that have all outcomes, by the epoch that is not durable yet.
    held: BTreeMap<u64, Vec<Box<dyn Waiting>>>,
    /// Whether the engine has failed, and all have been told.
    failed: bool,
}

impl Egress {
    /// That of an app that keeps a log, if it does, and has sinks, if it has any.
    pub(crate) fn new(logged: bool, ids: Ids, outbox: Option<Outbox>) -> Self {
        let mut egress = Self::default();
        (egress.logged, egress.ids, egress.outbox) = (logged.then(LoggedEgress::default), ids, outbox);
        egress
    }

    /// All epochs up to this one are durable, as far as what leaves is concerned.
    pub(crate) fn leaves_up_to(&self) -> u64 {
        self.logged.as_ref().map_or(u64::MAX, |logged| logged.durable.get())
    }

    fn shard(&self, id: RequestId) -> MutexGuard<'_, Shard> {
        lock(&self.shards[(id.0 % SHARDS as u64) as usize])
    }

    /// Somebody will wait for a request.
    pub(crate) fn enter(&self, waiting: Box<dyn Waiting>) -> RequestId {
        let id = RequestId(self.next.fetch_add(1, Ordering::Relaxed));
        self.shard(id).waiting.insert(id, waiting);
        id
    }

    /// A request has not come into the queue.
    pub(crate) fn withdraw(&self, id: RequestId) {
        let waiting = self.shard(id).waiting.remove(&id);
        drop(waiting); // outside the lock: it wakes somebody
    }

    /// Takes the outcomes of a request of this epoch, or of a part of it.
    pub(crate) fn answer(
        &self,
        (id, epoch): (RequestId, u64),
        members: Members<'_>,
        (count, outcomes): (usize, &mut dyn Any),
    ) {
        let mut shard = self.shard(id);
        let Some(waiting) = shard.waiting.get_mut(&id) else {
            assert!(shard.failed, "a request is answered once");
            return;
        };
        if waiting.missing() > count {
            return waiting.take(members, outcomes);
        }
        let last = shard.waiting.remove(&id);
        drop(shard);
        // What follows wakes whoever waits: code of the user's.
        if let Some(mut waiting) = last {
            waiting.take(members, outcomes);
            self.leave((id, epoch), waiting);
        }
    }

    /// Lets an answer go, or holds it until its epoch is durable.
    fn leave(&self, (id, epoch): (RequestId, u64), waiting: Box<dyn Waiting>) {
        if let Some(logged) = &self.logged {
            let mut shard = self.shard(id);
            // Asked under the lock: whoever moves the watermark takes the lock afterwards.
            if logged.durable.get() < epoch && !shard.failed {
                shard.held.entry(epoch).or_default().push(waiting);
                return;
            }
            if logged.durable.get() < epoch {
                drop(shard);
                return waiting.fail(&Error::Undecided);
            }
        }
        waiting.finish(&missing());
    }

    /// All epochs up to this one are durable: what was held leaves.
    pub(crate) fn durable(&self, epoch: u64) {
        let logged = self.logged.as_ref().unwrap_or_else(|| unreachable!("this app keeps a log"));
        logged.durable.advance(epoch);
        self.outbox.iter().for_each(Outbox::tell);
        self.ids.durable(epoch);
        for shard in &self.shards {
            let leaves = {
                let held = &mut lock(shard).held;
                let later = held.split_off(&(epoch + 1));
                std::mem::replace(held, later)
            };
            leaves.into_values().flatten().for_each(|waiting| waiting.finish(&missing()));
        }
    }

    /// The engine has come to its end: whoever waits is told why.
    pub(crate) fn fail(&self, error: &Error) {
        self.ids.fail(error);
        for shard in &self.shards {
            let (waiting, held) = {
                let mut shard = lock(shard);
                shard.failed = true;
                (std::mem::take(&mut shard.waiting), std::mem::take(&mut shard.held))
            };
            waiting.into_values().for_each(|waiting| waiting.finish(error));
            // They have been executed, and nobody knows whether they will be there after a restart.
            held.into_values().flatten().for_each(|waiting| waiting.fail(&Error::Undecided));
        }
        if let Some(logged) = &self.logged {
            logged.durable.tell();
        }
    }
}

impl Drop for Egress {
    fn drop(&mut self) {
        self.fail(&Error::internal("a request was dropped without an answer"));
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // No code of the user's runs under this lock; a poisoned one is still whole.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits for the outcome of one call.
struct One<T> {
    outcome: Option<Outcome<T>>,
    sender: oneshot::Sender<Outcome<T>>,
    /// The place in the queue, which is free when the answer is there.
    _room: Room,
}

/// Someone who waits for one call, and the way on which they get its outcome.
pub(crate) fn one<T: Send + 'static>(room: Room) -> (Box<dyn Waiting>, oneshot::Receiver<Outcome<T>>) {
    let (sender, reply) = oneshot::channel();
    (Box::new(One { outcome: None, sender, _room: room }), reply)
}

/// Waits for the outcomes of a batch.
struct Many<T> {
    /// By the places of the calls; empty before the first has come.
    outcomes: Outcomes<T>,
    calls: usize,
    missing: usize,
    sender: oneshot::Sender<Outcomes<T>>,
    _room: Room,
}

/// Someone who waits for so many calls, and the way on which they get the outcomes, each of which is there.
pub(crate) fn many<T: Send + 'static>(
    calls: usize,
    room: Room,
) -> (Box<dyn Waiting>, oneshot::Receiver<Outcomes<T>>) {
    let (sender, replies) = oneshot::channel();
    (Box::new(Many { outcomes: SmallVec::new(), calls, missing: calls, sender, _room: room }), replies)
}

/// Outcomes as those of the type that is waited for.
pub(crate) fn typed<T: 'static>(outcomes: &mut dyn Any) -> &mut Outcomes<T> {
    outcomes.downcast_mut().unwrap_or_else(|| unreachable!("a request has the outcomes of its calls"))
}

impl<T: Send + 'static> Waiting for One<T> {
    fn missing(&self) -> usize {
        usize::from(self.outcome.is_none())
    }
    fn take(&mut self, _: Members<'_>, outcomes: &mut dyn Any) {
        self.outcome = typed(outcomes).pop().flatten();
    }
    fn finish(self: Box<Self>, missing: &Error) {
        let Self { outcome, sender, .. } = *self;
        let outcome = outcome.unwrap_or_else(|| Err(Box::new(missing.clone())));
        discard(sender.send(outcome));
    }
    fn fail(mut self: Box<Self>, error: &Error) {
        discard(self.outcome.take());
        self.finish(error);
    }
}

impl<T: Send + 'static> Waiting for Many<T> {
    fn missing(&self) -> usize {
        self.missing
    }
    fn take(&mut self, members: Members<'_>, outcomes: &mut dyn Any) {
        let outcomes = typed(outcomes);
        let Some(members) = members else {
            self.missing = 0;
            return std::mem::swap(&mut self.outcomes, outcomes);
        };
        self.outcomes.resize_with(self.calls, || None);
        self.missing -= members.len();
        for (member, outcome) in members.iter().zip(outcomes.drain(..)) {
            self.outcomes[*member as usize] = outcome;
        }
    }
    fn finish(mut self: Box<Self>, missing: &Error) {
        if self.missing > 0 {
            self.outcomes.resize_with(self.calls, || None);
            let open = self.outcomes.iter_mut().filter(|outcome| outcome.is_none());
            open.for_each(|outcome| *outcome = Some(Err(Box::new(missing.clone()))));
        }
        let Self { outcomes, sender, .. } = *self;
        if let Err(unwanted) = sender.send(outcomes) {
            discard_all(unwanted);
        }
    }
    fn fail(mut self: Box<Self>, error: &Error) {
        discard_all(self.outcomes.drain(..));
        self.missing = self.calls;
        self.finish(error);
    }
}
