//! The app and its handles: what a user's program holds.
use crate::Error;
use crate::ambient::{TransactionId, machine_clock};
use crate::call::Call;
use crate::dataflow::{self, Shared, Threads};
use crate::entity::{Method, Methods};
use crate::ingress::{Ingress, Work};
use crate::program::Explorer;
use crate::reply::{Reply, block_on};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use thalweg_graph::Program;

/// The most requests in flight per worker, unless [`App::queue`] says otherwise.
const QUEUE: usize = 65_536;

/// An app before it starts: its entities and its settings.
#[must_use = "an app does nothing until `start`"]
pub struct App {
    name: String,
    explorer: Explorer,
    workers: usize,
    queue: usize,
    seed: u64,
    clock: Arc<dyn Fn() -> u64 + Send + Sync>,
    data_dir: Option<PathBuf>,
}

impl App {
    /// An app without entities, with one worker.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            explorer: Explorer::default(),
            workers: 1,
            queue: QUEUE,
            seed: 0,
            clock: Arc::new(machine_clock),
            data_dir: None,
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
    /// The seed of [`crate::random`].
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }
    /// The clock behind [`crate::now`], in microseconds; for tests and simulations.
    pub fn clock(mut self, clock: impl Fn() -> u64 + Send + Sync + 'static) -> Self {
        self.clock = Arc::new(clock);
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
        self.explorer.finish(&self.name)
    }

    /// Starts the workers.
    ///
    /// # Errors
    /// When a setting makes no sense, the entities do not fit together, or threads cannot be had.
    pub fn start(self) -> Result<Handle, Error> {
        let start = |text: &str| Err(Error::Start(text.to_owned()));
        if self.workers == 0 {
            return start("an app needs at least one worker");
        }
        if self.queue == 0 || self.queue > tokio::sync::Semaphore::MAX_PERMITS {
            return start(
                "a queue needs room for at least one request, and for less than an eighth of `usize::MAX`",
            );
        }
        if let Some(path) = &self.data_dir {
            tracing::warn!(path = %path.display(), "this version keeps all state in memory; nothing is written");
        }
        let graph = self.explorer.finish(&self.name)?;
        let ingress = Arc::new(Ingress::new(self.workers, self.queue));
        let shared = Shared { ingress: ingress.clone(), seed: self.seed, clock: self.clock };
        let threads = dataflow::start(shared)?;
        let running =
            Running { ingress, graph, threads: Mutex::new(Some(threads)), handles: AtomicU32::new(1) };
        Ok(Handle::new(Arc::new(running), 0))
    }
}

/// A running app; the last handle that goes stops it.
struct Running {
    ingress: Arc<Ingress>,
    graph: Program,
    threads: Mutex<Option<Threads>>,
    handles: AtomicU32,
}

impl Running {
    fn stop(&self) {
        self.ingress.close();
        let threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner).take();
        drop(threads); // waits for the workers, which first answer what has entered
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
    number: u32,
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
    fn new(running: Arc<Running>, number: u32) -> Self {
        let worker = number as usize % running.ingress.workers();
        Self { running, number, requests: AtomicU64::new(0), worker }
    }

    fn next_id(&self) -> TransactionId {
        TransactionId { handle: self.number, number: self.requests.fetch_add(1, Ordering::Relaxed) }
    }

    /// Runs a call as a transaction; waits while the queue is full.
    ///
    /// # Errors
    /// See [`Error`]. A method's own `Err` is not among them: it is the `Output`.
    pub async fn call<M: Method>(&self, call: Call<M>) -> Result<M::Output, Error> {
        let place =
            self.running.ingress.room(self.worker).acquire_owned().await.map_err(|_| Error::Stopped)?;
        let reply = self.running.ingress.ask(self.worker, || self.next_id(), call, place)?;
        Reply(reply).await
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
        let ingress = &self.running.ingress;
        let place = ingress.room(self.worker).try_acquire_owned().map_err(|_| ingress.overloaded())?;
        ingress.ask(self.worker, || self.next_id(), call, place).map(Reply)
    }

    /// As [`Handle::submit`], but blocks the thread while the queue is full.
    ///
    /// # Errors
    /// [`Error::Stopped`] after the end.
    pub fn submit_waiting<M: Method>(&self, call: Call<M>) -> Result<Reply<M::Output>, Error> {
        let ingress = &self.running.ingress;
        let room = ingress.room(self.worker);
        let place = match room.clone().try_acquire_owned() {
            Ok(place) => place,
            Err(_) => block_on(room.acquire_owned()).map_err(|_| Error::Stopped)?,
        };
        ingress.ask(self.worker, || self.next_id(), call, place).map(Reply)
    }

    /// The program's graph.
    pub fn graph(&self) -> &Program {
        &self.running.graph
    }

    /// The whole state between two transactions: entity, key, fields; sorted. It comes after all requests this
    /// handle has submitted.
    ///
    /// # Errors
    /// [`Error::Stopped`] after the end.
    pub fn inspect(&self) -> Result<serde_json::Value, Error> {
        let (sender, parts) = mpsc::channel();
        let sender = Mutex::new(sender);
        let look = Arc::new(move |worker: &crate::worker::Worker| {
            let sender = sender.lock().unwrap_or_else(PoisonError::into_inner);
            let _ = sender.send(worker.inspect());
        });
        self.running.ingress.push(self.worker, || self.next_id(), Work::Look(look))?;
        let mut state: BTreeMap<&str, BTreeMap<String, serde_json::Value>> = BTreeMap::new();
        for _ in 0..self.running.ingress.workers() {
            let part = parts.recv().map_err(|_| Error::Stopped)?;
            for (entity, entries) in part.into_iter().filter(|(_, entries)| !entries.is_empty()) {
                state.entry(entity).or_default().extend(entries);
            }
        }
        serde_json::to_value(state).map_err(|error| Error::Start(error.to_string()))
    }

    /// How many transactions have ended how.
    pub fn counts(&self) -> Counts {
        let counters = &self.running.ingress.counters;
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counts {
            committed: read(&counters.committed),
            aborted: read(&counters.aborted),
            epochs: read(&counters.epochs),
        }
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
