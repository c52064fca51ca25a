//! A checkpoint on its way into the workers.
//!
//! Each worker reads a share of the groups, keeps what it owns and passes the rest on; when all have read, each takes what
//! others have for it. So any number of workers can start from it.
use crate::base::class_id::ClassId;
use crate::base::error::{Error, Result};
use crate::base::guard::caught;
use crate::base::storage_fault::StorageFault;
use crate::base::varint;
use crate::codec::decode;
use crate::durable::checkpointer::{IDS, Info, OUTBOX};
use crate::durable::rows::Gathered;
use crate::egress::ids::Decided;
use crate::entity::run::worker::Worker;
use crate::state::loan::Lendable;
use crate::state::saving::Seen;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;
use thalweg_checkpoint::{Manifest, Store};
use thalweg_sink::{OwnedEvent, Positions};

/// See the head of this file.
pub(crate) struct Image {
    store: Store,
    manifest: Manifest,
    /// What its records are of, by their numbers in keys.
    classes: Vec<Holds>,
    /// The next offset of each topic, and the events that no sink has taken, with their keys.
    positions: Positions,
    events: Mutex<(Vec<OwnedEvent>, BTreeSet<Vec<u8>>)>,
    /// What workers have for others.
    mail: Vec<Mutex<Vec<Restored>>>,
    progress: Mutex<Loaded>,
    groups: AtomicU64,
    changed: Condvar,
}

/// What records of a number are of.
enum Holds {
    Class(ClassId),
    /// A class that the program does not have.
    Unknown(String),
    Outbox,
    Ids,
}

/// How many workers have read their shares, and how many have all that is theirs.
#[derive(Default)]
struct Loaded {
    read: usize,
    through: usize,
}

/// An entity with its class, the hash of its key, and the stamps of its tables.
type Restored = (ClassId, u64, Lendable, Seen);

impl Image {
    pub(crate) fn new(
        (store, manifest): (Store, Manifest),
        info: &Info,
        class: impl Fn(&str) -> Option<ClassId>,
        workers: usize,
    ) -> Self {
        let holds = |name: &String| match class(name) {
            Some(class) => Holds::Class(class),
            None if name == OUTBOX => Holds::Outbox,
            None if name == IDS => Holds::Ids,
            None => Holds::Unknown(name.clone()),
        };
        let (classes, events) = (info.classes.iter().map(holds).collect(), Mutex::default());
        let positions = info.topics.clone().into_iter().collect();
        let mail = (0..workers).map(|_| Mutex::default()).collect();
        Self {
            store,
            manifest,
            classes,
            positions,
            events,
            mail,
            progress: Mutex::default(),
            groups: AtomicU64::new(0),
            changed: Condvar::new(),
        }
    }

    /// Reads this worker's share.
    ///
    /// # Errors
    /// When something cannot be read.
    pub(crate) fn read(&self, worker: &Worker) -> Result<()> {
        let shares = (worker.index..self.manifest.groups()).step_by(worker.peers);
        let read = shares.into_iter().try_for_each(|group| {
            let mut gathered = Gathered::default();
            let mut show = |key: &[u8], value: &[u8]| self.record(worker, &mut gathered, key, value);
            self.store.load(&self.manifest, group, |key, value| show(key, value).map_err(Failed::State))?;
            let restore = |key: &[u8], state: &[u8], tables: &[u8]| {
                self.restore(worker, self.class(key)?, state, tables)
            };
            gathered.each(restore).map_err(Failed::State)?;
            self.groups.fetch_add(1, Ordering::Relaxed);
            Ok(())
        });
        self.count(|loaded| loaded.read += 1);
        read.map_err(|failed| match failed {
            Failed::Store(error) => error.into(),
            Failed::State(error) => error,
        })
    }

    fn record(&self, worker: &Worker, gathered: &mut Gathered, key: &[u8], value: &[u8]) -> Result<()> {
        match self.holds(key) {
            Some(Holds::Outbox) => self.restore_event(key, value),
            Some(Holds::Ids) => restore_id(worker, key, value),
            _ => {
                let class = self.class(key)?;
                if gathered.take(key, value)? { Ok(()) } else { self.restore(worker, class, value, &[]) }
            }
        }
    }

    /// What this key is of.
    fn holds(&self, key: &[u8]) -> Option<&Holds> {
        let number = varint::read(&mut &*key).and_then(|number| usize::try_from(number).ok());
        number.and_then(|number| self.classes.get(number))
    }

    /// The class of whose entities this key is.
    fn class(&self, key: &[u8]) -> Result<ClassId> {
        match self.holds(key) {
            Some(Holds::Class(class)) => Ok(*class),
            Some(Holds::Unknown(name)) => {
                let what = format!(
                    "the checkpoint has entities of `{name}`, which is not part of this program; give the class its old name \
                     with `#[entity(name = \"{name}\")]`, or start the program that wrote it and remove them"
                );
                Err(Error::storage(StorageFault::Program, what))
            }
            Some(Holds::Outbox | Holds::Ids) | None => Err(Error::storage(
                StorageFault::Release,
                "a key of the checkpoint has no class; another release wrote it",
            )),
        }
    }

    /// An entity with these tables, whose rows are in place.
    fn restore(&self, worker: &Worker, class: ClassId, state: &[u8], tables: &[u8]) -> Result<()> {
        let known = worker.class_at(class);
        // How a state is read is user code.
        let read = caught(|| known.read(state, worker.peers))?;
        let (owner, hash, state, stamp) = read.map_err(|what| {
            let name = worker.methods.name_of(class);
            let what = format!(
                "a `{name}` of the checkpoint is not what the program has under that name: {what}; give new fields a \
                 `#[serde(default)]`, and renamed ones an alias"
            );
            Error::storage(StorageFault::Program, what)
        })?;
        let seen = tables.iter().map(|number| (*number, stamp + u64::from(*number))).collect();
        if owner == worker.index {
            known.restore(hash, state, seen);
        } else {
            self.mail[owner].lock().unwrap_or_else(PoisonError::into_inner).push((class, hash, state, seen));
        }
        Ok(())
    }

    fn restore_event(&self, key: &[u8], bytes: &[u8]) -> Result<()> {
        let event: OwnedEvent = decode(bytes).map_err(|failure| {
            Error::storage(
                StorageFault::Release,
                format_args!(
                    "an event of the checkpoint cannot be read: {failure}; another release wrote it"
                ),
            )
        })?;
        let mut events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        events.0.push(event);
        events.1.insert(key.to_vec());
        Ok(())
    }

    /// The events that no sink has taken; all workers have read.
    pub(crate) fn take_events(&self) -> Vec<OwnedEvent> {
        std::mem::take(&mut self.events.lock().unwrap_or_else(PoisonError::into_inner).0)
    }

    /// The keys of these events.
    pub(crate) fn take_event_keys(&self) -> BTreeSet<Vec<u8>> {
        std::mem::take(&mut self.events.lock().unwrap_or_else(PoisonError::into_inner).1)
    }

    /// The next offset of each topic.
    pub(crate) fn positions(&self) -> &Positions {
        &self.positions
    }

    /// How many groups have been read, and how many there are.
    pub(crate) fn groups_read(&self) -> (u64, u64) {
        (self.groups.load(Ordering::Relaxed), self.manifest.groups() as u64)
    }

    fn count(&self, count: impl FnOnce(&mut Loaded)) {
        count(&mut self.progress.lock().unwrap_or_else(PoisonError::into_inner));
        self.changed.notify_all();
    }

    /// Waits until so much is true of all workers, or the app has `failed`; whether it is true.
    fn wait(&self, all: impl Fn(&Loaded) -> usize, failed: impl Fn() -> bool) -> bool {
        /// Whoever fails does not tell, so it is looked for.
        const AGAIN: Duration = Duration::from_millis(20);
        let mut loaded = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
        while all(&loaded) < self.mail.len() {
            if failed() {
                return false;
            }
            loaded = self.changed.wait_timeout(loaded, AGAIN).unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    /// Waits until all have read; whether they have.
    pub(crate) fn wait_until_read(&self, failed: impl Fn() -> bool) -> bool {
        self.wait(|loaded| loaded.read, failed)
    }

    /// Waits until all have all of it; whether they have.
    pub(crate) fn wait_until_there(&self, failed: impl Fn() -> bool) -> bool {
        self.wait(|loaded| loaded.through, failed)
    }

    /// Takes what others have for this worker.
    pub(crate) fn take(&self, worker: &Worker) {
        let mail =
            std::mem::take(&mut *self.mail[worker.index].lock().unwrap_or_else(PoisonError::into_inner));
        for (class, hash, state, seen) in mail {
            worker.class_at(class).restore(hash, state, seen);
        }
        self.count(|loaded| loaded.through += 1);
    }
}

fn restore_id(worker: &Worker, key: &[u8], bytes: &[u8]) -> Result<()> {
    let mut id = key;
    let class = varint::read(&mut id);
    assert!(class.is_some(), "the key has just been read");
    let decided: Decided = decode(bytes).map_err(|failure| {
        Error::storage(
            StorageFault::Release,
            format_args!("an answer of the checkpoint cannot be read: {failure}; another release wrote it"),
        )
    })?;
    worker.egress.ids.restore(id.into(), decided);
    Ok(())
}

enum Failed {
    Store(thalweg_checkpoint::Error),
    State(Error),
}

impl From<thalweg_checkpoint::Error> for Failed {
    fn from(error: thalweg_checkpoint::Error) -> Self {
        Self::Store(error)
    }
}
