//! The app before it starts: its entities and its settings.
use crate::app::delivery::SinkOf;
use crate::app::storage::{Checkpointing, Place, Storage};
use crate::base::clock::Reads;
use crate::base::error::Error;
use crate::base::room::Size;
use crate::base::thread::STACK;
use crate::egress::ids::Limits;
use crate::entity::explore::Explorer;
use crate::entity::traits::Methods;
use crate::methods::watch::SLOW;
use crate::program::catalog::Rows;
use crate::program::link::{Exposed, Linked};
use std::any::TypeId;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use thalweg_checkpoint::Location;
use thalweg_graph::Program;
use thalweg_sink::Sink;

/// The most requests in flight per worker, unless [`App::queue`] says otherwise.
const QUEUE: usize = 65_536;

/// The most bytes of arguments in flight per worker, unless [`App::queue_bytes`] says otherwise.
const QUEUE_BYTES: usize = 256 << 20;

/// The most bytes of events that wait for sinks, unless [`App::outbox`] says otherwise.
const OUTBOX: usize = 64 << 20;

/// An app before it starts: its entities and its settings.
#[must_use = "an app does nothing until `start`"]
pub struct App {
    pub(super) name: String,
    pub(super) explorer: Explorer,
    pub(super) exposed: Exposed,
    pub(super) workers: usize,
    pub(super) groups: usize,
    pub(super) homes: Option<u64>,
    pub(super) queue: Size,
    pub(super) stack: usize,
    pub(super) seed: Option<u64>,
    pub(super) clock: Option<Arc<Reads>>,
    pub(super) storage: Storage,
    pub(super) checkpoints: Checkpointing,
    pub(super) at_epoch: Option<u64>,
    pub(super) accepts: bool,
    pub(super) twice: bool,
    pub(super) slow: Duration,
    pub(super) sinks: Vec<SinkOf>,
    pub(super) outbox: usize,
    pub(super) ids: Limits,
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
            at_epoch: None,
            accepts: false,
            twice: false,
            slow: SLOW,
            sinks: Vec::new(),
            outbox: OUTBOX,
            ids: Limits::default(),
        }
    }
    /// Registers a root; the entities it can reach come along.
    pub fn entity<E: Methods>(mut self) -> Self {
        self.explorer.visit_entity::<E>();
        self
    }
    /// As [`App::entity`], and lets its `pub` methods be called by name with [`Handle::invoke`](crate::Handle::invoke).
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
    /// to wait for it as well. [`Handle::running`](crate::Handle::running) shows what runs at any moment.
    pub fn slow_after(mut self, duration: Duration) -> Self {
        self.slow = duration;
        self
    }
    /// The seed of [`crate::random`]. Without this, every start has a fresh one, which [`Handle::seed`](crate::Handle::seed) tells; a simulation
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
    /// app has one worker, whatever [`App::workers`] says: no result depends on their number. Requests with an id are not compared.
    pub fn check_determinism(mut self) -> Self {
        self.twice = true;
        self
    }
    /// Keeps a log and checkpoints in this folder, which is made if it is not there: what has been answered is there after a
    /// restart, whatever ended the process. Without it all state is in memory and ends with the process.
    ///
    /// Every request is written down before it is answered. [`App::start`] begins with the newest checkpoint and executes
    /// again what was logged behind it, with any number of workers. So a durable app executes what it reads back from a call's bytes: an argument that its
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
    /// Goes on where the log comes out in another way than it did, instead of refusing to start with [`Error::Diverged`]: what it
    /// comes to now counts, and each difference is logged. Somebody may have been told otherwise, so this is for people to
    /// decide, once: start, let it take a [checkpoint](crate::Handle::checkpoint), and take this away again.
    pub fn accept_divergence(mut self) -> Self {
        self.accepts = true;
        self
    }
    /// How often a checkpoint is taken, if something has changed; every 30 seconds unless it is set. It bounds what a restart
    /// has to execute again, and how long the log grows.
    pub fn checkpoint_every(mut self, interval: Duration) -> Self {
        self.checkpoints.every = interval;
        self
    }
    /// After how many bytes of log a checkpoint is taken, if it is not time for one before; 256 MiB unless it is set.
    pub fn checkpoint_after(mut self, bytes: u64) -> Self {
        self.checkpoints.after = bytes;
        self
    }
    /// Where checkpoints go: a folder, `file:///..`, or with the feature `s3`, `gcs` or `azure` `s3://bucket/..`, `gs://..` or
    /// `az://..`, whose credentials come from the environment. In the data directory unless it is set.
    pub fn checkpoints_at(mut self, url: impl Into<String>) -> Self {
        self.checkpoints.place = Some(Place::Url(url.into()));
        self
    }
    /// Shows the past: the state of the data directory right behind this epoch, as a copy in memory. Only methods that read
    /// can be called, the others are refused with [`Error::ReadOnly`]; no event leaves, and nothing is written to the
    /// directory, which may be in use by the app itself meanwhile.
    ///
    /// Any epoch can be shown that is not older than the oldest checkpoint that is [kept](App::keep_checkpoints), for from
    /// there the log is executed again. The app needs the [sinks](App::sink) that it had, or at least one for each topic; they
    /// are not opened. [`Handle::checkpoint`](crate::Handle::checkpoint) gives numbers of epochs, and so do events.
    ///
    /// ```
    /// # use thalweg::prelude::*;
    /// # #[entity(auto)]
    /// # pub struct Counter { #[key] name: String, n: i64 }
    /// # #[entity]
    /// # impl Counter {
    /// #     pub fn new(name: String) -> Self { Self { name, n: 0 } }
    /// #     pub fn add(&mut self, by: i64) -> i64 { self.n += by; self.n }
    /// #     pub fn get(&self) -> i64 { self.n }
    /// # }
    /// # fn main() -> thalweg::Result {
    /// # let folder = std::env::temp_dir().join(format!("thalweg-past-{}", std::process::id()));
    /// # let visits = || Counter::at(String::from("visits"));
    /// let counters = || App::new("counters").entity::<Counter>().data_dir(&folder);
    /// let app = counters().start()?;
    /// app.call_blocking(visits().add(2))?;
    /// let then = app.checkpoint()?;
    /// app.call_blocking(visits().add(40))?;
    ///
    /// let past = counters().at_epoch(then).start()?;
    /// assert_eq!(past.call_blocking(visits().get())?, 2);
    /// assert_eq!(app.call_blocking(visits().get())?, 42);
    /// # drop((app, past));
    /// # std::fs::remove_dir_all(folder)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn at_epoch(mut self, epoch: u64) -> Self {
        self.at_epoch = Some(epoch);
        self
    }
    /// How many checkpoints are kept; 2 unless it is set. They are how far back [`App::at_epoch`] goes.
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
    /// Where the events of a topic go: see [`emit`](crate::emit). A topic has one sink.
    ///
    /// The sink gets each event once, also across restarts, if the app has a [data directory](App::data_dir): what it has not
    /// committed is kept there. It is opened by [`App::start`], and again when it has failed, after a pause that grows to ten
    /// seconds; meanwhile transactions go on, until [`App::outbox`] is full.
    pub fn sink(self, topic: impl Into<String>, sink: impl Sink) -> Self {
        self.sink_of([topic.into()], sink)
    }
    /// As [`App::sink`], for several topics.
    pub fn sink_of(mut self, topics: impl IntoIterator<Item = impl Into<String>>, sink: impl Sink) -> Self {
        let topics = topics.into_iter().map(Into::into).collect();
        self.sinks.push(SinkOf { topics, sink: Box::new(sink) });
        self
    }
    /// The sinks, which are used once.
    pub(crate) fn take_sinks(&mut self) -> Vec<SinkOf> {
        std::mem::take(&mut self.sinks)
    }
    /// How many bytes of events may wait for their sinks; 64 MiB unless it is set. When there are more, requests wait in the
    /// queue.
    pub fn outbox(mut self, bytes: usize) -> Self {
        self.outbox = bytes;
        self
    }
    /// For how long the answer of a request with an id is remembered, by the clock of [`now`](crate::now); a day unless it is
    /// set. See [`Call::with_id`](crate::Call::with_id).
    pub fn remember_ids(mut self, time: Duration) -> Self {
        self.ids.keep = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        self
    }
    /// How many ids are remembered; a million unless it is set. When there are more, requests with new ids are refused with
    /// [`Error::TooManyIds`]: one that is forgotten too early might be executed twice.
    pub fn most_ids(mut self, count: usize) -> Self {
        self.ids.most = count;
        self
    }
    /// As [`App::data_dir`], on a simulated disk whose power can be cut. For tests.
    #[doc(hidden)]
    #[allow(private_bounds, reason = "for the tests of this workspace")]
    pub fn data_on(mut self, disk: impl Into<Storage>) -> Self {
        self.storage = disk.into();
        self
    }

    /// The program's graph, without starting anything.
    ///
    /// # Errors
    /// When the entities do not fit together.
    pub fn graph(self) -> Result<Program, Error> {
        Linked::of(self.explorer, &self.exposed, &self.name, self.workers).map(|linked| linked.outline.graph)
    }
}
