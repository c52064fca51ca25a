//! The app and its handles: what a user's program holds.
use crate::Error;
use crate::ambient::{TransactionId, fresh_seed, machine_clock};
use crate::call::Call;
use crate::clock::{EpochClock, Reads};
use crate::dataflow::{self, Shared, Threads};
use crate::entity::{Method, Methods};
use crate::groups::Groups;
use crate::ingress::{Ingress, Look, Work};
use crate::inspect::{self, Part};
use crate::measure::{size_of_all, size_of_one};
use crate::place::SHARDS;
use crate::plan::MethodCounts;
use crate::program::Explorer;
use crate::reply::{Replies, Reply};
use crate::request::Calls;
use crate::room::{Coming, Room, Rooms, Size};
use crate::running::{Running, say_if_panics_abort};
use crate::thread::{STACK, may_block, may_wait};
use crate::waker::{block_on, relayed};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use thalweg_graph::Program;

/// The most requests in flight per worker, unless [`App::queue`] says otherwise.
const QUEUE: usize = 65_536;

/// The most bytes of arguments in flight per worker, unless [`App::queue_bytes`] says otherwise.
const QUEUE_BYTES: usize = 256 << 20;

/// The most stack that a method can be promised, in bytes: what is far beyond any need is a mistake.
const MOST_STACK: usize = 1 << 30;

/// An app before it starts: its entities and its settings.
#[must_use = "an app does nothing until `start`"]
pub struct App {
    name: String,
    explorer: Explorer,
    workers: usize,
    groups: usize,
    homes: Option<u64>,
    queue: Size,
    stack: usize,
    seed: Option<u64>,
    clock: Arc<Reads>,
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
            groups: 1,
            homes: None,
            queue: Size { requests: QUEUE, bytes: QUEUE_BYTES },
            stack: STACK,
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
    /// In how many groups the workers are divided; one unless it is set, and never more than there are workers.
    ///
    /// Inside a group entities are lent to the worker where a transaction executes; between groups calls are shipped to
    /// where the entities are, as they will be between processes. No result depends on it: this is for tests.
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
        say_if_panics_abort();
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
        let (graph, mut methods) = self.explorer.finish(&self.name, workers)?;
        methods.twice = self.twice;
        let ingress = Arc::new(Ingress::new(workers, self.queue));
        let seed = self.seed.unwrap_or_else(fresh_seed);
        tracing::debug!(seed, app = self.name, "the seed of `random`");
        let (clock, methods) = (Arc::new(EpochClock::new(self.clock)), Arc::new(methods));
        let groups = Groups::new(workers, self.groups.min(workers), self.homes);
        Ok((Shared { ingress, methods, groups, seed, clock, stack: self.stack }, graph))
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

    fn room(&self) -> &Arc<Rooms> {
        self.running.ingress.room(self.worker)
    }

    /// Room for this; blocks the thread until there is some.
    fn room_waiting(&self, size: Size) -> Result<Room, Error> {
        match self.room().wait(size)? {
            Ok(room) => Ok(room),
            Err(coming) => block_on(coming).map_err(|_| self.running.ingress.ended()),
        }
    }

    fn ask<M: Method>(&self, call: Call<M>, room: Room) -> Result<Reply<M::Output>, Error> {
        let (calls, reply) = Calls::one(self.running.methods.place::<M>()?, call, room);
        let work = Work::Transactions(Box::new(calls));
        self.running.ingress.push(self.worker, || self.next_ids(1), work)?;
        Ok(Reply::new(reply))
    }

    fn ask_all<M: Method>(&self, calls: Vec<Call<M>>, room: Room) -> Result<Replies<M::Output>, Error> {
        let count = calls.len();
        let (calls, replies) = Calls::many(self.running.methods.place::<M>()?, calls, room);
        if count > 0 {
            let work = Work::Transactions(Box::new(calls));
            self.running.ingress.push(self.worker, || self.next_ids(count), work)?;
        }
        Ok(Replies::new(replies))
    }

    /// Runs a call as a transaction; waits while the queue is full.
    ///
    /// Dropping the future (a timeout around it, or a `select!` that something else wins) takes back a call that still
    /// waits for the queue, and nothing else: once it has entered, the transaction runs and stands, and who calls again
    /// may have it done twice. Nothing tells two calls for one purpose apart; let the method do that, by a number of
    /// your own that the entity keeps. There are no timers inside entities yet: what should happen later is called later,
    /// from outside.
    ///
    /// # Errors
    /// See [`Error`]. A method's own `Err` is not among them: it is the `Output`.
    pub async fn call<M: Method>(&self, call: Call<M>) -> Result<M::Output, Error> {
        let room = match self.room().wait(size_of_one(&call))? {
            Coming::Ok(room) => room,
            Coming::Err(coming) => {
                may_wait("Handle::call")?;
                relayed(coming).await.map_err(|_| self.running.ingress.ended())?
            }
        };
        self.ask(call, room)?.await
    }

    /// As [`Handle::call`], from code that is not async; blocks the thread.
    ///
    /// # Errors
    /// As [`Handle::call`]. [`Error::InsideTransaction`] when a method of an entity calls it, for it would wait for
    /// itself.
    pub fn call_blocking<M: Method>(&self, call: Call<M>) -> Result<M::Output, Error> {
        may_block("Handle::call_blocking")?;
        self.submit_waiting(call)?.wait()
    }

    /// Submits a call at once; its reply can be collected later. The transaction runs whether the reply is collected or
    /// dropped.
    ///
    /// # Errors
    /// [`Error::Overloaded`] when the queue is full, [`Error::Stopped`] after the end.
    pub fn submit<M: Method>(&self, call: Call<M>) -> Result<Reply<M::Output>, Error> {
        let room = self.room().take(size_of_one(&call))?;
        self.ask(call, room)
    }

    /// As [`Handle::submit`], but blocks the thread while the queue is full.
    ///
    /// # Errors
    /// [`Error::Overloaded`] when the whole queue has too little room for the request, [`Error::Stopped`] after the end,
    /// [`Error::InsideTransaction`] in a method of an entity.
    pub fn submit_waiting<M: Method>(&self, call: Call<M>) -> Result<Reply<M::Output>, Error> {
        may_block("Handle::submit_waiting")?;
        let room = self.room_waiting(size_of_one(&call))?;
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
        let room = self.room().take(size_of_all(&calls))?;
        self.ask_all(calls, room)
    }

    /// As [`Handle::submit_all`], but blocks the thread while there is no room.
    ///
    /// # Errors
    /// [`Error::Overloaded`] when the whole queue is smaller than the batch, [`Error::Stopped`] after the end,
    /// [`Error::InsideTransaction`] in a method of an entity.
    pub fn submit_all_waiting<M: Method>(
        &self,
        calls: impl IntoIterator<Item = Call<M>>,
    ) -> Result<Replies<M::Output>, Error> {
        may_block("Handle::submit_all_waiting")?;
        let calls: Vec<_> = calls.into_iter().collect();
        let room = self.room_waiting(size_of_all(&calls))?;
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
    /// [`Error::Stopped`] after the end, [`Error::InsideTransaction`] in a method of an entity.
    pub fn inspect(&self) -> Result<serde_json::Value, Error> {
        may_block("Handle::inspect")?;
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
        self.visit(look)?;
        Ok(parts)
    }

    /// Lets something look at every worker between two transactions.
    pub(crate) fn visit(&self, look: Look) -> Result<(), Error> {
        self.running.ingress.push(self.worker, || self.next_ids(1), Work::Look(look))
    }

    pub(crate) fn gather(&self, parts: &mpsc::Receiver<Part>) -> Result<serde_json::Value, Error> {
        let workers = 0..self.running.ingress.workers();
        let parts: Vec<Part> = workers
            .map(|_| parts.recv().map_err(|_| self.running.ingress.ended()))
            .collect::<Result<_, _>>()?;
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
    /// [`Error::Internal`] when the engine has failed. [`Error::InsideTransaction`] in a method of an entity; the app then
    /// goes on.
    pub fn stop(&self) -> Result<(), Error> {
        may_block("Handle::stop")?;
        self.running.stop()
    }
}
