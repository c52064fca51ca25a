//! From the settings to a running app.
use crate::app::delivery::SinkOf;
use crate::app::handle::Handle;
use crate::app::running::say_if_panics_abort;
use crate::app::settings::App;
use crate::app::storage::{Place, Storage};
use crate::base::ambient::fresh_seed;
use crate::base::clock::EpochClock;
use crate::base::error::Error;
use crate::base::groups::Groups;
use crate::base::hash::SHARDS;
use crate::base::storage_fault::StorageFault;
use crate::dataflow;
use crate::durable;
use crate::durable::base::Base;
use crate::durable::checkpointer::{Checkpointer, numbered};
use crate::durable::image::Image;
use crate::durable::journal::Journal;
use crate::durable::progress::Progress;
use crate::durable::recovery::{Recovering, Recovery};
use crate::durable::replay::Replay;
use crate::durable::start::Start;
use crate::egress::answers::Egress;
use crate::egress::ids::Ids;
use crate::egress::outbox::Outbox;
use crate::methods::watch::Note;
use crate::program::link::{Linked, Outline};
use crate::request::ingress::{FIRST_EPOCH, Ingress};
use crate::sequence::epochs::{Durable, Shared};
use crate::sequence::marks::EpochMarks;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use thalweg_checkpoint::Store;
use thalweg_log::Disk;

/// The most stack that a method can be promised, in bytes: what is far beyond any need is a mistake.
const MOST_STACK: usize = 1 << 30;

/// What an app has of runs before.
pub(crate) struct Past {
    pub(super) durable: bool,
    /// The epoch that it shows, if it is a copy.
    pub(super) copy: Option<u64>,
    /// Whether checkpoints are taken.
    pub(super) keeps: bool,
    pub(super) seed: Option<u64>,
    pub(super) store: Option<Store>,
    pub(super) base: Option<Base>,
    /// Where workers write down what they run, if they have to.
    pub(super) notes: Option<Note>,
}

impl Past {
    /// That of an app in memory.
    pub(crate) const NONE: Self =
        Self { durable: false, copy: None, keeps: false, seed: None, store: None, base: None, notes: None };
}

impl App {
    /// Starts the workers. With [`App::data_dir`], what is logged there is executed first.
    ///
    /// # Errors
    /// When a setting makes no sense, the entities do not fit together, or threads cannot be had.
    /// [`Error::Storage`] when the data directory cannot be used, and [`Error::Diverged`] when its log does not come out as
    /// it did; neither the log nor a checkpoint is changed then. [`Error::Sink`] when a sink cannot be opened, or has other events than the app.
    pub fn start(mut self) -> Result<Handle, Error> {
        say_if_panics_abort();
        let epoch = self.at_epoch;
        match std::mem::take(&mut self.storage) {
            Storage::Memory if epoch.is_some() => {
                Err(Error::Start("an app without a data directory has no past; give it one".to_owned()))
            }
            Storage::Memory => self.start_in_memory(),
            Storage::Directory(path) => {
                self.checkpoints.place.get_or_insert_with(|| Place::folder(&path));
                match epoch {
                    None => self.start_on(durable::real_disk(&path)?, durable::settings(), Some(&path)),
                    Some(epoch) => {
                        let disk = durable::disk_to_read(&path)?;
                        self.start_copy(disk, durable::settings(), (epoch, Some(&path)))
                    }
                }
            }
            Storage::Faulty(disk) => self.start_on(disk, durable::small_settings(), None),
            Storage::Simulated(disk) => match epoch {
                None => self.start_on(disk, durable::small_settings(), None),
                Some(epoch) => self.start_copy(disk, durable::small_settings(), (epoch, None)),
            },
        }
    }

    /// Whether something is to survive.
    pub(crate) fn keeps_something(&self) -> bool {
        !matches!(self.storage, Storage::Memory)
    }

    fn start_in_memory(mut self) -> Result<Handle, Error> {
        let sinks = self.take_sinks();
        let (shared, outline) = self.link(Past::NONE, &sinks)?;
        let threads = dataflow::start(shared.clone())?;
        let slow = shared.slow;
        let handle = Handle::start(shared, outline, Some(threads));
        match handle.running.deliver(sinks) {
            Ok(()) => handle.watched(slow),
            Err(error) => handle.failed(error),
        }
    }

    fn start_on<D: Disk>(
        mut self,
        disk: D,
        settings: thalweg_log::Settings,
        data: Option<&Path>,
    ) -> Result<Handle, Error> {
        let (every, name) = ((self.checkpoints.every, self.checkpoints.after), self.name.clone());
        // To read only: before the log has been executed nothing is written, but that a start goes on; and without the lock
        // nothing at all.
        let store = self.checkpoints.open_read_only()?;
        let base = store.as_ref().map(Base::newest).transpose()?.flatten();
        let recovery = Recovery::open(disk, settings, &name, base.as_ref())?;
        let mut recovery = recovery.beside(data)?;
        let checkpoints = std::mem::take(&mut self.checkpoints);
        let (seed, notes) = (recovery.seed(), recovery.notes());
        let keeps = checkpoints.are_taken();
        let past = Past { durable: true, copy: None, keeps, seed, store, base: base.clone(), notes };
        let Executing { handle, parts, sinks, progress, read } = self.execute(past, &mut recovery)?;
        let recovered = read.and_then(|()| recovery.wait(recovering(&parts), image(&parts)));
        // A start that is refused has not probed the store.
        let recovered = recovered.and_then(|()| checkpoints.open());
        let recovered = recovered.and_then(|store| {
            let start = recovery.finish(recovering(&parts), parts.seed)?;
            Ok((store, start))
        });
        drop(progress);
        let recovered = recovered.and_then(|(store, start)| match store {
            Some(store) => checkpointer(&parts, store, base, every, start).spawn().map(Some),
            None => Ok(None),
        });
        let started = recovered.and_then(|thread| {
            handle.running.checkpoints_by(thread);
            handle.running.deliver(sinks)
        });
        handle.started(&parts, started)
    }

    /// Starts the workers, which execute the log while it is read.
    pub(super) fn execute<D: Disk>(
        mut self,
        past: Past,
        recovery: &mut Recovery<D>,
    ) -> Result<Executing, Error> {
        let (sinks, accepts) = (self.take_sinks(), self.accepts);
        let (parts, outline) = self.link(past, &sinks)?;
        recovery.by(&outline.graph);
        if accepts {
            recovering(&parts).accept();
        }
        let threads = dataflow::start(parts.clone())?;
        let handle = Handle::start(parts.clone(), outline, Some(threads));
        // From here on, whatever fails has to end the workers.
        let progress = progress(&parts);
        let read = progress.as_ref().map(drop).map_err(Error::clone);
        let read = read.and_then(|()| recovery.read(recovering(&parts)));
        Ok(Executing { handle, parts, sinks, progress, read })
    }

    /// What the workers share, and what is seen from outside.
    pub(crate) fn link(self, past: Past, sinks: &[SinkOf]) -> Result<(Shared, Outline), Error> {
        let start = |text: &str| Err(Error::Start(text.to_owned()));
        if self.workers == 0 {
            return start("an app needs at least one worker");
        }
        if self.groups == 0 {
            return start("the workers of an app are at least one group");
        }
        if self.workers as u64 > SHARDS {
            return start(
                "entities are placed by 4096 shards; more workers than that would have nothing to do",
            );
        }
        if self.queue.requests == 0 || self.queue.bytes == 0 {
            return start("a queue needs room for at least one request, and for its arguments");
        }
        if self.outbox == 0 || self.ids.most == 0 {
            return start("an outbox needs room for an event, and at least one id has to be remembered");
        }
        if u32::try_from(self.queue.requests).is_err() {
            return start("a queue takes less than 2^32 requests");
        }
        if self.stack > MOST_STACK {
            return start("a method can be promised at most 1 GiB of stack");
        }
        let topics: Vec<Vec<String>> = sinks.iter().map(|sink| sink.topics.clone()).collect();
        let mut known = BTreeSet::new();
        if let Some(twice) = topics.iter().flatten().find(|topic| !known.insert(*topic)) {
            return start(&format!("two sinks take the topic `{twice}`; a topic has one"));
        }
        let workers = if self.twice { 1 } else { self.workers };
        let linked = Linked::of(self.explorer, &self.exposed, &self.name, workers)?;
        let Linked { mut methods, mut makers, outline } = linked;
        let keeps = past.keeps;
        makers.tracked = keeps;
        (methods.twice, methods.note) = (self.twice, past.notes);
        let first = past.base.as_ref().map_or(FIRST_EPOCH, |base| base.manifest.epoch() + 1);
        let outbox = (!topics.is_empty()).then(|| {
            let limit = past.copy.is_none().then_some(self.outbox);
            Outbox::new(workers, first, &topics, limit)
        });
        let egress = Egress::new(past.durable, Ids::new(self.ids, keeps), outbox);
        let ingress = Arc::new(Ingress::new(workers, self.queue, egress, first));
        let seed = match (past.seed, self.seed) {
            (Some(past), Some(seed)) if past != seed => {
                let what = format!(
                    "the seed of the data directory is {past}, and not {seed}; take `App::seed` away, or use a new directory"
                );
                return Err(Error::storage(StorageFault::Foreign, what));
            }
            (past, seed) => past.or(seed).unwrap_or_else(fresh_seed),
        };
        let durable = past.durable.then(|| Durable {
            journal: Arc::new(Journal::new(workers, ingress.egress().clone(), makers.calls.clone())),
            replay: Arc::new(Replay::new()),
            copy: past.copy,
            checkpoints: keeps.then(Arc::default),
            image: past.store.zip(past.base.as_ref()).map(|(store, base)| {
                let class = |name: &str| methods.class_named(name);
                Arc::new(Image::new((store, base.manifest.clone()), &base.info, class, workers))
            }),
        });
        tracing::debug!(seed, app = self.name, "the seed of `random`");
        let clock = Arc::new(self.clock.map_or_else(EpochClock::machine, EpochClock::of));
        if let Some(base) = &past.base {
            clock.go_on_from(base.info.now);
        }
        let methods = Arc::new(methods);
        let groups = Groups::new(workers, self.groups.min(workers), self.homes);
        let (slow, stack) = (self.slow, self.stack);
        let marks = Arc::new(EpochMarks::new(workers));
        Ok((Shared { ingress, methods, makers, marks, groups, seed, clock, slow, stack, durable }, outline))
    }
}

/// An app whose workers execute its log.
pub(super) struct Executing {
    pub(super) handle: Handle,
    pub(super) parts: Shared,
    pub(super) sinks: Vec<SinkOf>,
    /// Says how far that is; held, and an error if it cannot.
    pub(super) progress: Result<Progress, Error>,
    /// Whether the log has been read.
    pub(super) read: Result<(), Error>,
}

impl Handle {
    /// The app has executed its log, or cannot be used: then what waits for that waits no longer.
    pub(super) fn started(self, shared: &Shared, how: Result<(), Error>) -> Result<Self, Error> {
        let Err(error) = how else { return self.watched(shared.slow) };
        shared.ingress.end(error.clone());
        recovering(shared).replay.abandon();
        self.failed(error)
    }
}

/// What recovery works on.
pub(super) fn recovering(shared: &Shared) -> Recovering<'_> {
    let Shared { ingress, methods, durable: Some(Durable { journal, replay, .. }), .. } = shared else {
        unreachable!("an app that recovers keeps a log")
    };
    Recovering { ingress, methods, journal, replay }
}

/// Says how far the start is, until it is dropped.
fn progress(shared: &Shared) -> Result<Progress, Error> {
    let Some(Durable { image, replay, .. }) = &shared.durable else {
        unreachable!("an app that recovers keeps a log")
    };
    Progress::of(image.clone(), replay.clone())
}

/// The checkpoint that the app begins with.
pub(super) fn image(shared: &Shared) -> Option<&Image> {
    shared.durable.as_ref()?.image.as_deref()
}

/// What takes checkpoints; the newest is `base`.
fn checkpointer(
    shared: &Shared,
    store: Store,
    base: Option<Base>,
    (every, after): (Duration, u64),
    start: Start,
) -> Checkpointer {
    let Shared { ingress, methods, clock, durable, .. } = shared.clone();
    let Some(Durable { journal, checkpoints: Some(checkpoints), image, .. }) = durable else {
        unreachable!("who has a place for checkpoints takes some")
    };
    let info = base.as_ref().map(|base| &base.info);
    let tried = info.map_or(0, |info| info.position);
    let names = methods.all_classes().into_iter().map(|class| methods.name_of(class).to_owned());
    let classes = numbered(info, names);
    let topics = info.map_or_else(BTreeMap::new, |info| info.topics.clone());
    let events = image.map_or_else(BTreeSet::new, |image| image.take_event_keys());
    let base = base.map(|base| base.manifest);
    Checkpointer {
        store,
        base,
        every,
        after,
        tried,
        checkpoints,
        ingress,
        journal,
        methods,
        clock,
        start,
        classes,
        topics,
        events,
        cuts: 0,
    }
}
