//! The app and its handles: what a user's program holds.
use crate::Error;
use crate::ambient::{TransactionId, fresh_seed, machine_clock};
use crate::call::Call;
use crate::dataflow::{self, Shared, Threads};
use crate::entity::{Method, Methods};
use crate::ingress::{Ingress, Work};
use crate::inspect::{self, Part};
use crate::place::SHARDS;
use crate::plan::{self, MethodCounts};
use crate::program::Explorer;
use crate::reply::{Replies, Reply, block_on};
use crate::request::Calls;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use thalweg_graph::Program;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The most requests in flight per worker, unless [`App::queue`] says otherwise.
const QUEUE: usize = 65_536;

/// An app before it starts: its entities and its settings.
#[must_use = "an app does nothing until `start`"]
pub struct App {
    name: String,
    explorer: Explorer,
    workers: usize,
    queue: usize,
    seed: Option<u64>,
    clock: Arc<dyn Fn() -> u64 + Send + Sync>,
    data_dir: Option<PathBuf>,
    twice: bool,
}

impl App {
    /// An app without entities, with one worker.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            explorer: Explorer::default(),
            workers: 1,
            queue: QUEUE,
            seed: None,
            clock: Arc::new(machine_clock),
            data_dir: None,
            twice: false,
        }
    }
    /// Registers a root; the entities it can reach come along.
    pub fn entity<E: Methods>(mut self) -> Self {
        self.explorer.visit_entity::<E>();
        self
    }
    /// How many workers share the entities, one thread each.
    pub fn workers(mut self, workers: usize) -> Self {
        self.workers = workers;
        self
    }
    /// How many requests may be in flight per worker.
    pub fn queue(mut self, capacity: usize) -> Self {
        self.queue = capacity;
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
    pub fn clock(mut self, clock: impl Fn() -> u64 + Send + Sync + 'static) -> Self {
        self.clock = Arc::new(clock);
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
    /// The folder for log and checkpoints. This version keeps all state in memory and writes nothing there; it says
    /// so with a warning when the app starts.
    pub fn data_dir(mut self, path: impl Into<PathBuf>) -> Self {
        self.data_dir = Some(path.into());
        self
    }

    /// The program's graph, without starting anything.
    ///
    /// # Errors
    /// When the entities do not fit together.
    pub fn graph(self) -> Result<Program, Error> {
        self.explorer.finish(&self.name, self.workers).map(|(program, _)| program)
    }

    /// Starts the workers.
    ///
    /// # Errors
    /// When a setting makes no sense, the entities do not fit together, or threads cannot be had.
    pub fn start(self) -> Result<Handle, Error> {
        if let Some(path) = &self.data_dir {
            tracing::warn!(path = %path.display(), "this version keeps all state in memory; nothing is written");
        }
        let (shared, graph) = self.link()?;
        let threads = dataflow::start(shared.clone())?;
        Ok(Handle::start(shared, graph, Some(threads)))
    }

    /// What the workers share, and the graph.
    pub(crate) fn link(self) -> Result<(Shared, Program), Error> {
        let start = |text: &str| Err(Error::Start(text.to_owned()));
        if self.workers == 0 {
            return start("an app needs at least one worker");
        }
        if self.workers as u64 > SHARDS {
            return start(
                "entities are placed by 4096 shards; more workers than that would have nothing to do",
            );
        }
        if self.queue == 0 || self.queue > tokio::sync::Semaphore::MAX_PERMITS {
            return start(
                "a queue needs room for at least one request, and for less than an eighth of `usize::MAX`",
            );
        }
        let workers = if self.twice { 1 } else { self.workers };
        let (graph, mut methods) = self.explorer.finish(&self.name, workers)?;
        methods.twice = self.twice;
        let ingress = Arc::new(Ingress::new(workers, self.queue));
        let seed = self.seed.unwrap_or_else(fresh_seed);
        tracing::debug!(seed, app = self.name, "the seed of `random`");
        Ok((Shared { ingress, methods: Arc::new(methods), seed, clock: self.clock }, graph))
    }
}

/// A running app; the last handle that goes stops it.
struct Running {
    ingress: Arc<Ingress>,
    methods: Arc<plan::Methods>,
    graph: Program,
    threads: Mutex<Option<Threads>>,
    handles: AtomicU64,
    seed: u64,
}

impl Running {
    fn stop(&self) {
        self.ingress.close();
        // Waits for the workers, which first answer what has entered; so does everybody else who stops meanwhile.
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        drop(threads.take());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop();
    }
}

/// How many transactions have ended how, so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    /// Transactions whose effects stand.
    pub committed: u64,
    /// Transactions that were undone: by an `Err` of their root, a panic, or a failed call.
    pub aborted: u64,
    /// Epochs with at least one request.
    pub epochs: u64,
}

/// The way into a running app. The requests of one handle keep their order; clones spread over the workers.
pub struct Handle {
    running: Arc<Running>,
    number: u64,
    requests: AtomicU64,
    worker: usize,
}

impl Clone for Handle {
    fn clone(&self) -> Self {
        let number = self.running.handles.fetch_add(1, Ordering::Relaxed);
        Self::new(self.running.clone(), number)
    }
}

impl Handle {
    pub(crate) fn start(shared: Shared, graph: Program, threads: Option<Threads>) -> Self {
        let Shared { ingress, methods, seed, .. } = shared;
        let (threads, handles) = (Mutex::new(threads), AtomicU64::new(1));
        Self::new(Arc::new(Running { ingress, methods, graph, threads, handles, seed }), 0)
    }

    fn new(running: Arc<Running>, number: u64) -> Self {
        let worker = (number % running.ingress.workers() as u64) as usize;
        Self { running, number, requests: AtomicU64::new(0), worker }
    }

    /// The identities of the next requests; gives the first.
    fn next_ids(&self, count: usize) -> TransactionId {
        let number = self.requests.fetch_add(count as u64, Ordering::Relaxed);
        TransactionId { handle: self.number, number }
    }

    fn room(&self) -> &Arc<Semaphore> {
        self.running.ingress.room(self.worker)
    }

    fn ask<M: Method>(&self, call: Call<M>, room: OwnedSemaphorePermit) -> Result<Reply<M::Output>, Error> {
        let (calls, reply) = Calls::one(self.running.methods.place::<M>()?, call, room);
        let work = Work::Transactions(Box::new(calls));
        self.running.ingress.push(self.worker, || self.next_ids(1), work)?;
        Ok(Reply(reply))
    }

    fn ask_all<M: Method>(
        &self,
        calls: Vec<Call<M>>,
        room: OwnedSemaphorePermit,
    ) -> Result<Replies<M::Output>, Error> {
        let count = calls.len();
        let (calls, replies) = Calls::many(self.running.methods.place::<M>()?, calls, room);
        if count > 0 {
            let work = Work::Transactions(Box::new(calls));
            self.running.ingress.push(self.worker, || self.next_ids(count), work)?;
        }
        Ok(Replies(replies))
    }

    /// Runs a call as a transaction; waits while the queue is full.
    ///
    /// # Errors
    /// See [`Error`]. A method's own `Err` is not among them: it is the `Output`.
    pub async fn call<M: Method>(&self, call: Call<M>) -> Result<M::Output, Error> {
        let room = self.room().clone().acquire_owned().await.map_err(|_| Error::Stopped)?;
        self.ask(call, room)?.await
    }

    /// As [`Handle::call`], from code that is not async; blocks the thread.
    ///
    /// # Errors
    /// As [`Handle::call`].
    pub fn call_blocking<M: Method>(&self, call: Call<M>) -> Result<M::Output, Error> {
        self.submit_waiting(call)?.wait()
    }

    /// Submits a call at once; its reply can be collected later.
    ///
    /// # Errors
    /// [`Error::Overloaded`] when the queue is full, [`Error::Stopped`] after the end.
    pub fn submit<M: Method>(&self, call: Call<M>) -> Result<Reply<M::Output>, Error> {
        let overloaded = |_| self.running.ingress.overloaded();
        let room = self.room().clone().try_acquire_owned().map_err(overloaded)?;
        self.ask(call, room)
    }

    /// As [`Handle::submit`], but blocks the thread while the queue is full.
    ///
    /// # Errors
    /// [`Error::Stopped`] after the end.
    pub fn submit_waiting<M: Method>(&self, call: Call<M>) -> Result<Reply<M::Output>, Error> {
        let room = match self.room().clone().try_acquire_owned() {
            Ok(room) => room,
            Err(_) => block_on(self.room().clone().acquire_owned()).map_err(|_| Error::Stopped)?,
        };
        self.ask(call, room)
    }

    /// Submits many calls of one method at once. Each is a transaction of its own, with an answer of its own; they
    /// follow each other in the order, and the answers come together when the last one is there.
    ///
    /// One batch costs one entry into the queue, so this is the way to send many small requests. Its calls are
    /// ordered in the same epoch.
    ///
    /// # Errors
    /// [`Error::Overloaded`] when the queue has no room for all of them, [`Error::Stopped`] after the end.
    pub fn submit_all<M: Method>(
        &self,
        calls: impl IntoIterator<Item = Call<M>>,
    ) -> Result<Replies<M::Output>, Error> {
        let calls: Vec<_> = calls.into_iter().collect();
        let overloaded = || self.running.ingress.overloaded();
        let count = u32::try_from(calls.len()).map_err(|_| overloaded())?;
        let room = self.room().clone().try_acquire_many_owned(count).map_err(|_| overloaded())?;
        self.ask_all(calls, room)
    }

    /// As [`Handle::submit_all`], but blocks the thread while there is no room.
    ///
    /// # Errors
    /// [`Error::Overloaded`] when the whole queue is smaller than the batch, [`Error::Stopped`] after the end.
    pub fn submit_all_waiting<M: Method>(
        &self,
        calls: impl IntoIterator<Item = Call<M>>,
    ) -> Result<Replies<M::Output>, Error> {
        let calls: Vec<_> = calls.into_iter().collect();
        let ingress = &self.running.ingress;
        let count = u32::try_from(calls.len()).ok().filter(|count| *count as usize <= ingress.capacity());
        let count = count.ok_or_else(|| ingress.overloaded())?;
        let room = block_on(self.room().clone().acquire_many_owned(count)).map_err(|_| Error::Stopped)?;
        self.ask_all(calls, room)
    }

    /// The seed of [`crate::random`]: that of [`App::seed`], or the one this start has drawn.
    pub fn seed(&self) -> u64 {
        self.running.seed
    }

    /// The program's graph.
    pub fn graph(&self) -> &Program {
        &self.running.graph
    }

    /// The whole state between two transactions: entity, key, fields; sorted. It comes after all requests this
    /// handle has submitted.
    ///
    /// A key is shown as it reads best: a string as it is, anything else as JSON. Keys of a class that would read alike
    /// are shown in the form of `Debug`, and numbered in their order if that does not tell them apart. A class is shown by
    /// the name of its struct, behind its path if another class of the app has the same name.
    ///
    /// # Errors
    /// [`Error::Stopped`] after the end.
    pub fn inspect(&self) -> Result<serde_json::Value, Error> {
        self.gather(&self.look()?)
    }

    /// Asks every worker for its part of the state.
    pub(crate) fn look(&self) -> Result<mpsc::Receiver<Part>, Error> {
        let (sender, parts) = mpsc::channel();
        let sender = Mutex::new(sender);
        let look = Arc::new(move |worker: &crate::worker::Worker| {
            let sender = sender.lock().unwrap_or_else(PoisonError::into_inner);
            let _ = sender.send(worker.inspect());
        });
        self.running.ingress.push(self.worker, || self.next_ids(1), Work::Look(look))?;
        Ok(parts)
    }

    pub(crate) fn gather(&self, parts: &mpsc::Receiver<Part>) -> Result<serde_json::Value, Error> {
        let workers = 0..self.running.ingress.workers();
        let parts: Vec<Part> =
            workers.map(|_| parts.recv().map_err(|_| Error::Stopped)).collect::<Result<_, _>>()?;
        Ok(inspect::whole(parts.into_iter()))
    }

    /// How many transactions have ended how.
    pub fn counts(&self) -> Counts {
        let methods = self.method_counts();
        Counts {
            committed: methods.iter().map(|method| method.committed).sum(),
            aborted: methods.iter().map(|method| method.aborted).sum(),
            epochs: self.running.ingress.epochs(),
        }
    }

    /// How the transactions of each method went, and why those with a dynamic plan have one.
    pub fn method_counts(&self) -> Vec<MethodCounts> {
        self.running.methods.counts()
    }

    /// Answers every request that has entered, then ends the workers. Later requests get [`Error::Stopped`].
    ///
    /// # Errors
    /// None so far; a clean stop of a durable app can fail.
    pub fn stop(&self) -> Result<(), Error> {
        self.running.stop();
        Ok(())
    }
}
