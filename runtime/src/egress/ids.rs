//! Requests with an id: what became of them is remembered, so that who asks again gets the first answer.
//!
//! An id is claimed before its request enters the queue. Whoever claims it while the first request is under way waits for the
//! same answer; nothing is executed twice, and nothing of a repetition is logged. What was decided is a function of the log:
//! a replay fills this table again, and checkpoints have it.
//!
//! Invariant: of a key that is known and not decided, exactly one request is under way.
use crate::base::error::{Error, Result};
use crate::base::hash::key_hash;
use crate::base::room::Room;
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A method, the key of its entity and an id, as bytes.
pub(crate) type IdKey = Arc<[u8]>;

/// What a request came to: the bytes of its answer, or an error.
pub(crate) type Remembered = Result<Arc<[u8]>>;

/// Takes what a request came to. It may run code of the user's.
pub(crate) type Told = Box<dyn FnOnce(&Remembered) + Send>;

/// So many parts.
const SHARDS: usize = 16;

/// See the head of this file.
pub(crate) struct Ids {
    shards: [Mutex<Shard>; SHARDS],
    count: AtomicUsize,
    limits: Limits,
    /// Whether checkpoints ask for what was forgotten.
    tracked: bool,
}

/// How long ids are remembered, in microseconds of the epochs' clock, and how many of them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) keep: u64,
    pub(crate) most: usize,
}

impl Default for Limits {
    fn default() -> Self {
        let day = Duration::from_secs(24 * 60 * 60);
        Self { keep: day.as_micros() as u64, most: 1_000_000 }
    }
}

#[derive(Default)]
struct Shard {
    known: FxHashMap<IdKey, Entry>,
    /// What is decided, by the time at which it is forgotten.
    by_age: BTreeMap<u64, Vec<IdKey>>,
    /// What is decided and not durable, by epoch.
    held: BTreeMap<u64, Vec<IdKey>>,
    /// What was forgotten since the last checkpoint.
    gone: Vec<IdKey>,
    failed: bool,
}

struct Entry {
    /// A hash of the request.
    body: u64,
    decided: Option<Decided>,
    /// Whether it may be told.
    durable: bool,
    waiting: Vec<Told>,
    /// The place of the first in the queue.
    room: Option<Room>,
}

/// What a request came to, as it stands in a checkpoint.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Decided {
    body: u64,
    epoch: u64,
    /// It is forgotten at this time.
    until: u64,
    outcome: Remembered,
}

/// Whether a claimed id is new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Claim {
    /// The request is to be submitted.
    New,
    /// It was, and whoever claims it is told.
    Known,
}

impl Default for Ids {
    fn default() -> Self {
        Self::new(Limits::default(), false)
    }
}

impl Ids {
    pub(crate) fn new(limits: Limits, tracked: bool) -> Self {
        Self { shards: Default::default(), count: AtomicUsize::new(0), limits, tracked }
    }

    fn shard(&self, key: &IdKey) -> MutexGuard<'_, Shard> {
        lock(&self.shards[(key_hash(key) % SHARDS as u64) as usize])
    }

    /// Claims an id for a request with this hash.
    ///
    /// # Errors
    /// [`Error::IdReused`] if it was another one's, [`Error::TooManyIds`] if there is no room for it. Nothing is told then.
    pub(crate) fn claim(
        &self,
        (key, body): (&IdKey, u64),
        now: u64,
        told: Told,
        (room, ended): (Room, impl Fn() -> Error),
    ) -> Result<Claim> {
        if self.count.load(Ordering::SeqCst) >= self.limits.most {
            self.shards.iter().for_each(|shard| self.forget(&mut lock(shard), now));
        }
        let mut shard = self.shard(key);
        self.forget(&mut shard, now);
        if shard.failed {
            return Err(ended());
        }
        let Some(entry) = shard.known.get_mut(key) else {
            let Limits { most, .. } = self.limits;
            // Forgetting one would let it happen twice.
            if self.count.fetch_add(1, Ordering::SeqCst) >= most {
                self.count.fetch_sub(1, Ordering::SeqCst);
                return Err(Error::TooManyIds { most });
            }
            let waiting = vec![told];
            let entry = Entry { body, decided: None, durable: false, waiting, room: Some(room) };
            shard.known.insert(key.clone(), entry);
            return Ok(Claim::New);
        };
        if entry.body != body {
            return Err(Error::IdReused);
        }
        match &entry.decided {
            Some(decided) if entry.durable => {
                let outcome = decided.outcome.clone();
                drop(shard);
                told(&outcome);
            }
            _ => entry.waiting.push(Box::new(move |outcome| {
                drop(room);
                told(outcome);
            })),
        }
        Ok(Claim::Known)
    }

    /// Forgets what is old. What is not durable stays, and comes up again.
    fn forget(&self, shard: &mut Shard, now: u64) {
        while let Some(first) = shard.by_age.first_entry().filter(|first| *first.key() <= now) {
            let mut stays = Vec::new();
            for key in first.remove() {
                // It may have been decided anew since.
                let is_old =
                    |entry: &&Entry| entry.decided.as_ref().is_some_and(|decided| decided.until <= now);
                match shard.known.get(&key).filter(is_old) {
                    Some(entry) if !entry.durable => stays.push(key),
                    Some(_) => {
                        shard.known.remove(&key);
                        self.count.fetch_sub(1, Ordering::SeqCst);
                        shard.gone.extend(self.tracked.then_some(key));
                    }
                    None => {}
                }
            }
            if !stays.is_empty() {
                shard.by_age.insert(now, stays);
                return;
            }
        }
    }

    /// A request has not been given a place in the order.
    pub(crate) fn refused(&self, key: &IdKey, error: &Error) {
        let entry = {
            let mut shard = self.shard(key);
            let Some(entry) = shard.known.remove(key) else { return };
            assert!(entry.decided.is_none(), "what is refused is not decided");
            self.count.fetch_sub(1, Ordering::SeqCst);
            entry
        };
        tell(entry, &Err(error.clone()));
    }

    /// A request of this epoch has come to this; `durable` says up to which epoch the log is. It is told when its epoch is.
    pub(crate) fn decided(
        &self,
        (key, body): (&IdKey, u64),
        (epoch, now): (u64, u64),
        outcome: Remembered,
        durable: impl Fn() -> u64,
    ) {
        let until = now.saturating_add(self.limits.keep);
        let mut shard = self.shard(key);
        let shard_here = &mut *shard;
        shard_here.by_age.entry(until).or_default().push(key.clone());
        let new = || {
            self.count.fetch_add(1, Ordering::SeqCst);
            Entry { body, decided: None, durable: false, waiting: Vec::new(), room: None }
        };
        let entry = shard_here.known.entry(key.clone()).or_insert_with(new);
        entry.decided = Some(Decided { body, epoch, until, outcome: outcome.clone() });
        (entry.body, entry.durable) = (body, false);
        // Asked under the lock: whoever moves the watermark takes the lock afterwards.
        if durable() < epoch {
            shard_here.held.entry(epoch).or_default().push(key.clone());
            return;
        }
        entry.durable = true;
        let (waiting, room) = (std::mem::take(&mut entry.waiting), entry.room.take());
        drop(shard);
        drop(room);
        waiting.into_iter().for_each(|told| told(&outcome));
    }

    /// All epochs up to this one are durable: what was held is told.
    pub(crate) fn durable(&self, epoch: u64) {
        for shard in &self.shards {
            let mut told = Vec::new();
            {
                let shard = &mut *lock(shard);
                let later = shard.held.split_off(&(epoch + 1));
                for key in std::mem::replace(&mut shard.held, later).into_values().flatten() {
                    // Who has failed meanwhile has told everybody.
                    let Some(entry) = shard.known.get_mut(&key) else { continue };
                    let Some(decided) = &entry.decided else { unreachable!("what is held is decided") };
                    entry.durable = true;
                    told.push((
                        decided.outcome.clone(),
                        std::mem::take(&mut entry.waiting),
                        entry.room.take(),
                    ));
                }
            }
            for (outcome, waiting, room) in told {
                drop(room);
                waiting.into_iter().for_each(|told| told(&outcome));
            }
        }
    }

    /// The engine has come to its end.
    pub(crate) fn fail(&self, error: &Error) {
        for shard in &self.shards {
            let known = {
                let mut shard = lock(shard);
                shard.failed = true;
                std::mem::take(&mut shard.known)
            };
            for entry in known.into_values() {
                let error = if entry.decided.is_some() { &Error::Undecided } else { error };
                tell(entry, &Err(error.clone()));
            }
        }
    }

    /// Shows what was forgotten since the last time, and then what was decided up to this epoch and is `wanted`.
    pub(crate) fn each(
        &self,
        epoch: u64,
        wanted: impl Fn(&IdKey, &Decided) -> bool,
        mut see: impl FnMut(&IdKey, Option<&Decided>) -> Result<()>,
    ) -> Result<()> {
        for shard in &self.shards {
            let (forgotten, known): (Vec<IdKey>, Vec<(IdKey, Decided)>) = {
                let shard = &mut *lock(shard);
                let known =
                    shard.known.iter().filter_map(|(key, entry)| Some((key, entry.decided.as_ref()?)));
                let known = known.filter(|(key, decided)| decided.epoch <= epoch && wanted(key, decided));
                let known = known.map(|(key, decided)| (key.clone(), decided.clone())).collect();
                (std::mem::take(&mut shard.gone), known)
            };
            forgotten.iter().try_for_each(|key| see(key, None))?;
            known.iter().try_for_each(|(key, decided)| see(key, Some(decided)))?;
        }
        Ok(())
    }

    /// Puts back what a checkpoint has.
    pub(crate) fn restore(&self, key: IdKey, decided: Decided) {
        let mut shard = self.shard(&key);
        let body = decided.body;
        shard.by_age.entry(decided.until).or_default().push(key.clone());
        let entry = Entry { body, decided: Some(decided), durable: true, waiting: Vec::new(), room: None };
        if shard.known.insert(key, entry).is_none() {
            self.count.fetch_add(1, Ordering::SeqCst);
        }
    }
}

impl Decided {
    /// Its epoch.
    pub(crate) fn epoch(&self) -> u64 {
        self.epoch
    }
}

fn tell(entry: Entry, outcome: &Remembered) {
    let Entry { waiting, room, .. } = entry;
    drop(room);
    waiting.into_iter().for_each(|told| told(outcome));
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // No code of the user's runs under this lock; a poisoned one is still whole.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
