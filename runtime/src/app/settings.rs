//! The app before it starts: its entities and its settings.
use crate::app::handle::Handle;
use crate::app::running::say_if_panics_abort;
use crate::base::ambient::fresh_seed;
use crate::base::clock::{EpochClock, Reads};
use crate::base::error::Error;
use crate::base::groups::Groups;
use crate::base::hash::SHARDS;
use crate::base::room::Size;
use crate::base::thread::STACK;
use crate::dataflow;
use crate::durable;
use crate::durable::checkpointer;
use crate::durable::image::Image;
use crate::durable::journal::Journal;
use crate::durable::recovery::{Base, Recovery};
use crate::durable::replay::Replay;
use crate::egress::answers::Egress;
use crate::entity::explore::Explorer;
use crate::entity::traits::Methods;
use crate::methods::watch::SLOW;
use crate::program::catalog::Rows;
use crate::program::link::{Exposed, Linked, Outline};
use crate::request::ingress::{FIRST_EPOCH, Ingress};
use crate::sequence::epochs::{Durable, Shared};
use crate::sequence::marks::EpochMarks;
use std::any::TypeId;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use thalweg_checkpoint::{Location, Store};
use thalweg_graph::Program;
use thalweg_log::Disk;

/// The most requests in flight per worker, unless [`App::queue`] says otherwise.
const QUEUE: usize = 65_536;

/// The most bytes of arguments in flight per worker, unless [`App::queue_bytes`] says otherwise.
const QUEUE_BYTES: usize = 256 << 20;

/// The most stack that a method can be promised, in bytes: what is far beyond any need is a mistake.
const MOST_STACK: usize = 1 << 30;

/// Where an app keeps what must survive.
#[derive(Default)]
enum Storage {
    #[default]
    Memory,
    Directory(PathBuf),
    Simulated(thalweg_log::testing::Power),
}

/// How checkpoints are taken.
struct Checkpointing {
    place: Option<Place>,
    every: Duration,
    keep: usize,
}

/// Where checkpoints go.
enum Place {
    Url(String),
    Location(Location),
}

impl Place {
    /// In a data directory.
    fn folder(data: &Path) -> Self {
        Self::Location(Location::directory(data.join("checkpoints")))
    }
}

impl Default for Checkpointing {
    fn default() -> Self {
        Self { place: None, every: Duration::from_secs(30), keep: 2 }
    }
}

impl Checkpointing {
    /// The place, if there is one.
    fn open(&self) -> Result<Option<Store>, Error> {
        if self.keep == 0 {
            return Err(Error::Start("the newest checkpoint has to be kept".to_owned()));
        }
        let location = match &self.place {
            None => return Ok(None),
            Some(Place::Location(location)) => location.clone(),
            Some(Place::Url(url)) => url.parse().map_err(checkpointer::storage)?,
        };
        let settings =
            thalweg_checkpoint::Settings { keep: self.keep, ..thalweg_checkpoint::Settings::default() };
        Store::open(&location, settings).map(Some).map_err(checkpointer::storage)
    }
}

/// What an app has of runs before.
pub(crate) struct Past {
    durable: bool,
    seed: Option<u64>,
    store: Option<Store>,
    base: Option<Base>,
}

impl Past {
    /// That of an app in memory.
    pub(crate) const NONE: Self = Self { durable: false, seed: None, store: None, base: None };
}

/// An app before it starts: its entities and its settings.
#[must_use = "an app does nothing until `start`"]
pub struct App {
    name: String,
    explorer: Explorer,
    exposed: Exposed,
    workers: usize,
    groups: usize,
    homes: Option<u64>,
    queue: Size,
    stack: usize,
    seed: Option<u64>,
    clock: Option<Arc<Reads>>,
    storage: Storage,
    checkpoints: Checkpointing,
    twice: bool,
    slow: Duration,
}

impl App {
    /// An app without entities, with one worker.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            explorer: Explorer::default(),
            exposed: Exposed::new(),
            workers: 1,
            groups: 1,
            homes: None,
            queue: Size { requests: QUEUE, bytes: QUEUE_BYTES },
            stack: STACK,
            seed: None,
            clock: None,
            storage: Storage::Memory,
            checkpoints: Checkpointing::default(),
            twice: false,
            slow: SLOW,
        }
    }
    /// Registers a root; the entities it can reach come along.
    pub fn entity<E: Methods>(mut self) -> Self {
        self.explorer.visit_entity::<E>();
        self
    }
    /// As [`App::entity`], and lets its `pub` methods be called by name with [`Handle::invoke`].
    ///
    /// What that needs is compiled for the classes that are exposed, and for no others.
    pub fn expose<E: Methods>(mut self) -> Self {
        self.explorer.visit_entity::<E>();
        self.exposed.insert(TypeId::of::<E>(), Rows::of::<E>());
        self
    }
    /// How many workers share the entities, one thread each.
    pub fn workers(mut self, workers: usize) -> Self {
        self.workers = workers;
        self
    }
    /// In how many groups the workers are divided; one unless it is set, and never more than there are workers.
    ///
    /// Inside a group entities are lent to the worker where a transaction executes; between groups calls are shipped to
    /// where the entities are, as they will be between processes. This is for tests: no result depends on it, as long as
    /// arguments and results are the same behind their bytes; see [`crate::Error::NotPortable`].
    pub fn groups(mut self, groups: usize) -> Self {
        self.groups = groups;
        self
    }
    /// Draws the workers where transactions execute from a seed, instead of taking those that own most of what is
    /// touched. No result depends on it: this is for tests.
    pub fn draw_homes(mut self, seed: u64) -> Self {
        self.homes = Some(seed);
        self
    }
    /// How many requests may be in flight per worker; 65,536 unless it is set.
    pub fn queue(mut self, capacity: usize) -> Self {
        self.queue.requests = capacity;
        self
    }
    /// How many bytes of arguments the requests in flight may have per worker; 256 MiB unless it is set.
    ///
    /// It is an estimate: what a call takes itself, and what its key and its arguments hold when they are serialised, of
    /// which long sequences are sampled. A request of more than that is never taken.
    pub fn queue_bytes(mut self, bytes: usize) -> Self {
        self.queue.bytes = bytes;
        self
    }
    /// The stack that every method has for code without calls when it starts, in bytes; 2 MiB unless it is set.
    ///
    /// It holds at any depth of calls. A method that uses more than that, by a recursion of its own that goes too deep,
    /// ends the process, as in any Rust program. Calls to entities may be nested as deep as [`crate::MAX_DEPTH`] and
    /// need not be counted in.
    pub fn stack(mut self, bytes: usize) -> Self {
        self.stack = bytes;
        self
    }
    /// For how long a transaction may run on a worker before that is logged as a warning; one second unless it is set.
    ///
    /// A worker runs one transaction at a time, and transactions of other workers that come after it in the order may have
    /// to wait for it as well. [`Handle::running`] shows what runs at any moment.
    pub fn slow_after(mut self, duration: Duration) -> Self {
        self.slow = duration;
        self
    }
    /// The seed of [`crate::random`]. Without this, every start has a fresh one, which [`Handle::seed`] tells; a simulation
    /// has 0.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }
    pub(crate) fn seed_or(mut self, seed: u64) -> Self {
        self.seed.get_or_insert(seed);
        self
    }
    /// The clock behind [`crate::now`], in microseconds; for tests and simulations.
    ///
    /// It is asked once for each epoch. One that goes back is taken to stand until it has caught up. If it panics, the
    /// requests of that epoch are answered with [`Error::Panicked`].
    pub fn clock(mut self, clock: impl Fn() -> u64 + Send + Sync + 'static) -> Self {
        self.clock = Some(Arc::new(clock));
        self
    }
    /// Runs every transaction three times from the same state and compares what it did: its answer, its calls with their
    /// arguments, and the states it left, as bytes. What differs is undone and answered with
    /// [`Error::Nondeterministic`], which names the method and the first difference. For tests;
    /// [`crate::testing::app`] begins with it.
    ///
    /// So it finds clocks, chance, statics and thread-locals that count, the order of a `HashMap`, addresses and
    /// identities of threads wherever they are hidden, and states that undo does not bring back or that do not survive
    /// their own encoding. It cannot find what is the same for as long as a process lives, as its number or its
    /// environment. An entity with `#[entity(allow(nondeterminism))]` may differ, and so may a transaction that it takes
    /// part in.
    ///
    /// Two of the runs are on another thread, before the one that counts: what methods print comes three times. Such an
    /// app has one worker, whatever [`App::workers`] says: no result depends on their number.
    pub fn check_determinism(mut self) -> Self {
        self.twice = true;
        self
    }
    /// Keeps a log in this folder, which is made if it is not there: what has been answered is there after a restart,
    /// whatever ended the process. Without it all state is in memory and ends with the process.
    ///
    /// Every request is written down before it is answered, and [`App::start`] executes again what the folder holds, with
    /// any number of workers. So a durable app executes what it reads back from a call's bytes: an argument that its
    /// `Serialize` says nothing of is not there. One process has a folder at a time.
    ///
    /// ```
    /// # use thalweg::prelude::*;
    /// # #[entity(auto)]
    /// # pub struct Counter { #[key] name: String, n: i64 }
    /// # #[entity]
    /// # impl Counter {
    /// #     pub fn new(name: String) -> Self { Self { name, n: 0 } }
    /// #     pub fn add(&mut self, by: i64) -> i64 { self.n += by; self.n }
    /// # }
    /// # fn main() -> thalweg::Result {
    /// # let folder = std::env::temp_dir().join(format!("thalweg-doc-{}", std::process::id()));
    /// # let visits = || Counter::at(String::from("visits"));
    /// let app = App::new("counters").entity::<Counter>().data_dir(&folder).start()?;
    /// assert_eq!(app.call_blocking(visits().add(2))?, 2);
    /// drop(app); // or kill the process
    ///
    /// let app = App::new("counters").entity::<Counter>().data_dir(&folder).workers(2).start()?;
    /// assert_eq!(app.call_blocking(visits().add(1))?, 3);
    /// # drop(app);
    /// # std::fs::remove_dir_all(folder)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn data_dir(mut self, path: impl Into<PathBuf>) -> Self {
        self.storage = Storage::Directory(path.into());
        self
    }
    /// How often a checkpoint is taken, if something has changed; every 30 seconds unless it is set. It bounds what a restart
    /// has to execute again, and how long the log grows.
    pub fn checkpoint_every(mut self, interval: Duration) -> Self {
        self.checkpoints.every = interval;
        self
    }
    /// Where checkpoints go: a folder, `file:///..`, or with the feature of that name `s3://bucket/..`, `gs://..` or `az://..`,
    /// whose credentials come from the environment. In the data directory unless it is set.
    pub fn checkpoints_at(mut self, url: impl Into<String>) -> Self {
        self.checkpoints.place = Some(Place::Url(url.into()));
        self
    }
    /// How many checkpoints are kept; 2 unless it is set.
    pub fn keep_checkpoints(mut self, count: usize) -> Self {
        self.checkpoints.keep = count;
        self
    }
    /// As [`App::checkpoints_at`], for tests.
    #[doc(hidden)]
    pub fn checkpoints_on(mut self, location: Location) -> Self {
        self.checkpoints.place = Some(Place::Location(location));
        self
    }
    /// As [`App::data_dir`], on a simulated disk whose power can be cut. For tests.
    #[doc(hidden)]
    pub fn data_on(mut self, disk: thalweg_log::testing::Power) -> Self {
        self.storage = Storage::Simulated(disk);
        self
    }

    /// The program's graph, without starting anything.
    ///
    /// # Errors
    /// When the entities do not fit together.
    pub fn graph(self) -> Result<Program, Error> {
        Linked::of(self.explorer, &self.exposed, &self.name, self.workers).map(|linked| linked.outline.graph)
    }

    /// Starts the workers. With [`App::data_dir`], what is logged there is executed first.
    ///
    /// # Errors
    /// When a setting makes no sense, the entities do not fit together, or threads cannot be had.
    /// [`Error::Storage`] when the data directory cannot be used, and [`Error::Diverged`] when its log does not come out as
    /// it did; nothing is changed there then.
    pub fn start(mut self) -> Result<Handle, Error> {
        say_if_panics_abort();
        match std::mem::take(&mut self.storage) {
            Storage::Memory => self.start_in_memory(),
            Storage::Directory(path) => {
                self.checkpoints.place.get_or_insert_with(|| Place::folder(&path));
                self.start_on(durable::real_disk(&path)?, durable::settings())
            }
            Storage::Simulated(disk) => self.start_on(disk, durable::small_settings()),
        }
    }

    fn start_in_memory(self) -> Result<Handle, Error> {
        let (shared, outline) = self.link(Past::NONE)?;
        let threads = dataflow::start(shared.clone())?;
        let slow = shared.slow;
        Handle::start(shared, outline, Some(threads)).watched(slow)
    }

    fn start_on<D: Disk>(self, disk: D, settings: thalweg_log::Settings) -> Result<Handle, Error> {
        let (every, name) = (self.checkpoints.every, self.name.clone());
        let store = self.checkpoints.open()?;
        let base = store.as_ref().map(Base::newest).transpose()?.flatten();
        let mut recovery = Recovery::open(disk, settings, &name, base.as_ref())?;
        let past = Past { durable: true, seed: recovery.seed(), store: store.clone(), base: base.clone() };
        let (shared, outline) = self.link(past)?;
        let threads = dataflow::start(shared.clone())?;
        let (slow, parts) = (shared.slow, shared.clone());
        let handle = Handle::start(shared, outline, Some(threads));
        let recovered = recovery.read(parts.recovering(), true);
        let recovered =
            recovered.and_then(|()| recovery.finish(parts.recovering(), parts.seed, parts.image()));
        let recovered = recovered.and_then(|start| match store {
            Some(store) => parts.checkpointer(store, base, every, start).spawn().map(Some),
            None => Ok(None),
        });
        match recovered {
            Ok(thread) => {
                handle.running.checkpoints_by(thread);
                handle.watched(slow)
            }
            Err(error) => {
                // The first reason counts: a worker's end is told as itself.
                parts.ingress.end(error);
                parts.recovering().replay.abandon();
                handle.stop()?;
                Err(Error::internal("an app that has failed has a reason"))
            }
        }
    }

    /// What the workers share, and what is seen from outside.
    pub(crate) fn link(self, past: Past) -> Result<(Shared, Outline), Error> {
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
        if u32::try_from(self.queue.requests).is_err() {
            return start("a queue takes less than 2^32 requests");
        }
        if self.stack > MOST_STACK {
            return start("a method can be promised at most 1 GiB of stack");
        }
        let workers = if self.twice { 1 } else { self.workers };
        let linked = Linked::of(self.explorer, &self.exposed, &self.name, workers)?;
        let Linked { mut methods, mut makers, outline } = linked;
        makers.tracked = past.store.is_some();
        methods.twice = self.twice;
        let egress = if past.durable { Egress::with_log() } else { Egress::default() };
        let first = past.base.as_ref().map_or(FIRST_EPOCH, |base| base.manifest.epoch() + 1);
        let ingress = Arc::new(Ingress::new(workers, self.queue, egress, first));
        let seed = match (past.seed, self.seed) {
            (Some(past), Some(seed)) if past != seed => {
                let what = format!(
                    "the seed of the data directory is {past}, and not {seed}; take `App::seed` away, or use a new directory"
                );
                return Err(Error::Storage { what });
            }
            (past, seed) => past.or(seed).unwrap_or_else(fresh_seed),
        };
        let durable = past.durable.then(|| Durable {
            journal: Arc::new(Journal::new(workers, ingress.egress().clone(), makers.calls.clone())),
            replay: Arc::new(Replay::new()),
            checkpoints: past.store.as_ref().map(|_| Arc::default()),
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
