//! The thread that takes checkpoints: it asks for a cut, writes what the workers save, and lets go of the log behind it.
use crate::base::class_id::ClassId;
use crate::base::clock::EpochClock;
use crate::base::error::{Error, Result};
use crate::base::hash::key_hash;
use crate::base::storage_fault::StorageFault;
use crate::base::varint;
use crate::codec::{decode, encode};
use crate::durable::base::Base;
use crate::durable::checkpoints::{Checkpoints, Due, Export};
use crate::durable::journal::Journal;
use crate::durable::start::Start;
use crate::egress::ids::{Decided, IdKey};
use crate::egress::outbox::Content;
use crate::entity::run::saving::{Cut, FromWorker};
use crate::methods::table::Methods;
use crate::request::ingress::Ingress;
use crate::state::saving::{Own, Saved, Whole};
use crate::state::table::RowChange;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use thalweg_checkpoint::{Draft, Manifest, Store};

/// What a checkpoint says of itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Info {
    /// The run that took it.
    pub(crate) start: Vec<u8>,
    /// No transaction before the cut has a later time.
    pub(crate) now: u64,
    /// The log was durable up to here; 0 in a state that was exported, which has no log.
    pub(crate) position: u64,
    /// The names of classes, and of what else has records, by their numbers in keys. A number is not given anew.
    pub(crate) classes: Vec<String>,
    /// The next offset of each topic.
    #[serde(default)]
    pub(crate) topics: BTreeMap<String, u64>,
}

impl Info {
    /// The run that took the checkpoint.
    ///
    /// # Errors
    /// When it is of a release that this one does not know.
    pub(crate) fn start(&self) -> Result<Start> {
        Start::of_any(&self.start, "the checkpoint")
    }

    /// What a manifest says.
    ///
    /// # Errors
    /// When this release cannot read it.
    pub(crate) fn of(manifest: &Manifest) -> Result<Self> {
        decode(manifest.info()).map_err(|failure| {
            let number = manifest.number();
            Error::storage(StorageFault::Release, format_args!(
                "checkpoint {number} is sound, but this release cannot read it ({failure}); use the one that wrote it"
            ))
        })
    }
}

/// See the head of this file.
pub(crate) struct Checkpointer {
    pub(crate) store: Store,
    /// The newest checkpoint; none if that is not known to hold what has not changed since.
    pub(crate) base: Option<Manifest>,
    pub(crate) every: Duration,
    /// So many bytes of log between two of them, at most, and where it was when the last one was tried.
    pub(crate) after: u64,
    pub(crate) tried: u64,
    pub(crate) checkpoints: Arc<Checkpoints>,
    pub(crate) ingress: Arc<Ingress>,
    pub(crate) journal: Arc<Journal>,
    pub(crate) methods: Arc<Methods>,
    pub(crate) clock: Arc<EpochClock>,
    pub(crate) start: Start,
    /// What has records, by its number in keys.
    pub(crate) classes: Vec<String>,
    /// The next offset of each topic, also of those that have no sink any more.
    pub(crate) topics: BTreeMap<String, u64>,
    /// The events that the newest checkpoint has.
    pub(crate) events: BTreeSet<Vec<u8>>,
    /// How many cuts have been asked for.
    pub(crate) cuts: u32,
}

impl Checkpointer {
    /// Starts the thread.
    ///
    /// # Errors
    /// When there is none to be had.
    pub(crate) fn spawn(self) -> Result<JoinHandle<Result<()>>> {
        let thread = std::thread::Builder::new().name("thalweg-checkpoint".to_owned());
        thread
            .spawn(move || self.run())
            .map_err(|error| Error::Start(format!("no thread for checkpoints: {error}")))
    }

    fn run(mut self) -> Result<()> {
        // However it ends, nobody waits for a cut any more.
        struct Over(Arc<Checkpoints>, Arc<Ingress>);
        impl Drop for Over {
            fn drop(&mut self) {
                self.0.give_up();
                self.1.ring_all();
            }
        }
        let _over = Over(self.checkpoints.clone(), self.ingress.clone());
        loop {
            let grown = || self.journal.position().saturating_sub(self.tried) > self.after;
            let failed = || self.ingress.has_failed();
            let due = self.checkpoints.wait(Instant::now() + self.every, grown, failed);
            self.tried = self.journal.position();
            if due == Due::Never {
                return Ok(());
            }
            let exports = self.checkpoints.take_exports();
            let done = self.ingress.open_epoch() - 1;
            let known = self.base.as_ref().is_some_and(|base| base.epoch() == done);
            if known || (done == 0 && exports.is_empty()) {
                self.export(exports, &Ok(done));
                self.checkpoints.ended(Ok(done));
                if due == Due::Last {
                    return Ok(());
                }
                continue;
            }
            let taken = self.take(due);
            self.export(exports, &taken);
            self.checkpoints.ended(taken.clone());
            if let Err(error) = &taken {
                // What was saved is lost, so the next one has to be whole.
                self.base = None;
                tracing::error!(%error, "a checkpoint has failed; the log is kept, and it is tried again");
            }
            if due == Due::Last {
                return taken.map(drop);
            }
        }
    }

    /// Copies what was taken to other places. Meanwhile there is no further checkpoint, and nothing is removed.
    fn export(&self, exports: Vec<Export>, taken: &Result<u64>) {
        for Export { to, done } in exports {
            let base = || self.base.clone().ok_or_else(|| Error::internal("there is no checkpoint"));
            let copied = taken.clone().and_then(|_| Base::of(base()?)?.export(&self.store, &to));
            // Whoever waited may have gone.
            let _ = done.send(copied);
        }
    }

    /// Takes one; gives its epoch.
    fn take(&mut self, due: Due) -> Result<u64> {
        let began = Instant::now();
        let mut draft = self.store.begin(self.base.as_ref())?;
        let whole: Vec<bool> = (0..draft.groups()).map(|group| draft.wants_whole(group)).collect();
        let (to, from) = mpsc::channel();
        // Not that of the draft, which a failed one has had before: what it has saved is not in this one.
        self.cuts += 1;
        let whole = Whole(whole.into());
        self.checkpoints.want(Cut { number: self.cuts, whole: whole.clone(), to });
        self.ingress.ring_all();
        let (epoch, entities) = self.gather(&mut draft, &from)?;
        let logged = self.ingress.egress().logged.as_ref();
        let durable = &logged.unwrap_or_else(|| unreachable!("this app keeps a log")).durable;
        if !durable.wait(epoch, || self.ingress.has_failed()) {
            return Err(self.ingress.ended());
        }
        if let (Due::Last, Some(outbox)) = (due, &self.ingress.egress().outbox) {
            // What has left need not be kept, and a start without the sink is none that loses something.
            outbox.wait_until_taken(SINKS);
        }
        let events = self.put_outbox(&mut draft, &whole, epoch)?;
        self.put_ids(&mut draft, &whole, epoch)?;
        // Who fails forgets the ids, and may have done so while they were written.
        if self.ingress.has_failed() {
            return Err(self.ingress.ended());
        }
        let info = Info {
            start: self.start.encode(),
            now: self.clock.last(),
            position: self.journal.position(),
            classes: self.classes.clone(),
            topics: self.topics.clone(),
        };
        let manifest = draft.commit(epoch, &encode(&info))?;
        tracing::info!(epoch, entities, took = ?began.elapsed(), "checkpoint");
        (self.base, self.events) = (Some(manifest), events);
        self.store.retire()?;
        let oldest = self.store.manifests()?.first().map_or(epoch, |oldest| oldest.epoch);
        self.journal.release(oldest);
        Ok(epoch)
    }

    /// Writes what the workers save; gives the epoch of the cut, and how many entities were written.
    fn gather(&self, draft: &mut Draft, from: &Receiver<FromWorker>) -> Result<(u64, u64)> {
        let number = |class: ClassId| self.number(self.methods.name_of(class));
        let (mut epoch, mut left, mut entities, mut failure) = (None, self.ingress.workers(), 0, None);
        // Whatever fails, the workers save to their end: the next cut finds them ready.
        while left > 0 {
            match from.recv_timeout(Duration::from_millis(100)) {
                Ok(FromWorker::Cut(at)) => epoch = Some(at),
                Ok(FromWorker::Saved(class, saved)) => {
                    entities += saved.iter().filter(|saved| saved.own != Own::Told).count() as u64;
                    if failure.is_none() {
                        let class = number(class);
                        let written = saved.iter().try_for_each(|saved| write(draft, class, saved));
                        failure = written.map_err(Error::from).err();
                    }
                }
                Ok(FromWorker::Failed(class, what)) => {
                    failure.get_or_insert_with(|| self.no_bytes(class, &what));
                }
                Ok(FromWorker::Done) => left -= 1,
                Err(RecvTimeoutError::Timeout) if self.ingress.has_failed() => {
                    return Err(self.ingress.ended());
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(Error::internal("a worker has ended within a checkpoint"));
                }
            }
        }
        let epoch = epoch.ok_or_else(|| Error::internal("a cut has no place"))?;
        failure.map_or(Ok((epoch, entities)), Err)
    }

    /// The number of a class, or of what else has records.
    fn number(&self, name: &str) -> usize {
        let number = self.classes.iter().position(|known| known == name);
        number.unwrap_or_else(|| unreachable!("`{name}` has a number"))
    }

    /// Writes what is in the outbox at the cut behind this epoch; gives its keys.
    fn put_outbox(&mut self, draft: &mut Draft, whole: &Whole, epoch: u64) -> Result<BTreeSet<Vec<u8>>> {
        let mut events = BTreeSet::new();
        let Some(outbox) = &self.ingress.egress().outbox else { return Ok(events) };
        let content = outbox.content_after(epoch, || self.ingress.has_failed());
        let Some(Content { next, waiting, .. }) = content else { return Err(self.ingress.ended()) };
        self.topics.extend(next.iter().map(|(topic, offset)| (topic.to_owned(), offset)));
        let number = self.number(OUTBOX);
        // Without a base, all groups are whole.
        let known = |key: &Vec<u8>, hash| self.events.contains(key) && !whole.has(hash);
        for event in outbox.still_waiting(waiting) {
            let key = record_key(number, &[&event.offset.to_be_bytes(), event.topic.as_bytes()]);
            let hash = key_hash(&key);
            if !known(&key, hash) {
                draft.put(whole.of(hash), &key, &encode(&*event))?;
            }
            events.insert(key);
        }
        for key in self.events.difference(&events) {
            draft.delete(whole.of(key_hash(key)), key)?;
        }
        Ok(events)
    }

    /// Writes the answers that are remembered up to the cut behind this epoch.
    fn put_ids(&self, draft: &mut Draft, whole: &Whole, epoch: u64) -> Result<()> {
        let (number, since) = (self.number(IDS), self.base.as_ref().map_or(0, Manifest::epoch));
        let wanted = |id: &IdKey, decided: &Decided| decided.epoch() > since || whole.has(key_hash(id));
        self.ingress.egress().ids.each(epoch, wanted, |id, decided| {
            let (group, key) = (whole.of(key_hash(id)), record_key(number, &[id]));
            let written = match decided {
                Some(decided) => draft.put(group, &key, &encode(decided)),
                None => draft.delete(group, &key),
            };
            written.map_err(Error::from)
        })
    }

    fn no_bytes(&self, class: ClassId, what: &str) -> Error {
        let class = self.methods.name_of(class);
        Error::storage(
            StorageFault::State,
            format_args!(
                "a `{class}` cannot be written to a checkpoint: {what}; let its `Serialize` write all states"
            ),
        )
    }
}

/// So long does the last checkpoint wait for sinks to take what there is.
const SINKS: Duration = Duration::from_millis(500);

/// What has the events of the outbox, among the classes.
pub(crate) const OUTBOX: &str = "#outbox";

/// What has the answers that are remembered, among the classes.
pub(crate) const IDS: &str = "#ids";

/// The key of a record: the number of what it is of, and what tells it from others of that.
fn record_key(number: usize, parts: &[&[u8]]) -> Vec<u8> {
    let mut key = Vec::with_capacity(parts.iter().map(|part| part.len() + 1).sum());
    varint::write(number as u64, &mut key);
    parts.iter().for_each(|part| key.extend_from_slice(part));
    key
}

/// The numbers of what has records: those that it had in the checkpoint before stay.
pub(crate) fn numbered(before: Option<&Info>, classes: impl Iterator<Item = String>) -> Vec<String> {
    let mut all = before.map_or_else(Vec::new, |before| before.classes.clone());
    for name in classes.chain([OUTBOX.to_owned(), IDS.to_owned()]) {
        if !all.contains(&name) {
            all.push(name);
        }
    }
    all
}

/// Writes what is known of an entity of this class.
fn write(
    draft: &mut Draft,
    class: usize,
    Saved { hash, key, own, rows }: &Saved,
) -> thalweg_checkpoint::Result<()> {
    let group = Whole::group(*hash, draft.groups());
    let mut key = record_key(class, &[key]);
    match own {
        Own::State(state) => draft.put(group, &key, state)?,
        Own::Gone => draft.delete(group, &key)?,
        // No other entity's key begins with this one: each is a value that says where it ends.
        Own::GoneWithRows => draft.delete_prefix(group, &key)?,
        Own::Told => {}
    }
    let entity = key.len();
    rows.iter().try_for_each(|(change, row_key, row)| {
        key.truncate(entity);
        key.extend_from_slice(row_key);
        match change {
            RowChange::Put => draft.put(group, &key, row),
            RowChange::Delete => draft.delete(group, &key),
            RowChange::DeleteAll => draft.delete_prefix(group, &key),
        }
    })
}
