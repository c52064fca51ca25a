//! The way into a running app.
use crate::app::running::Running;
use crate::base::ambient::TransactionId;
use crate::base::error::Error;
use crate::base::ids::MethodId;
use crate::base::room::{Coming, Room, Rooms, Size};
use crate::base::thread::{may_block, may_wait};
use crate::base::waker::{block_on, relayed};
use crate::dataflow::Threads;
use crate::egress::answers::{self, Waiting};
use crate::egress::reply::{Replies, Reply};
use crate::entity::call::{Call, Callable};
use crate::entity::inspect::{self, Part};
use crate::entity::measure::{size_of_all, size_of_one};
use crate::entity::traits::Method;
use crate::methods::counts::MethodCounts;
use crate::methods::watch::{self, RunningMethod};
use crate::program::link::Outline;
use crate::request::batch::{Batch, Calls};
use crate::request::data::Request;
use crate::request::ingress::{Inspect, Submission};
use crate::sequence::epochs::{Durable, Shared};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;
use thalweg_graph::Program;

/// How many transactions have ended how, so far: since the app was started, with those that were executed again from its
/// log.
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
    pub(crate) running: Arc<Running>,
    number: u64,
    requests: AtomicU64,
    pub(super) worker: usize,
}

impl Clone for Handle {
    fn clone(&self) -> Self {
        let number = self.running.handles.fetch_add(1, Ordering::Relaxed);
        Self::new(self.running.clone(), number)
    }
}

impl Handle {
    pub(crate) fn start(shared: Shared, outline: Outline, threads: Option<Threads>) -> Self {
        let Shared { ingress, methods, makers, groups, seed, durable, clock, .. } = shared;
        let (threads, handles) = (Mutex::new(threads), AtomicU64::new(1));
        let (calls, ships) = (makers.calls, groups.are_several());
        let (journal, past, checkpoints) = match durable {
            Some(Durable { journal, copy, checkpoints, .. }) => (Some(journal), copy, checkpoints),
            None => (None, None, None),
        };
        let (checkpointer, sinks) = (Mutex::new(None), Mutex::default());
        let running = Running {
            ingress,
            methods,
            outline,
            threads,
            handles,
            seed,
            journal,
            past,
            checkpoints,
            checkpointer,
            sinks,
            calls,
            clock,
            ships,
        };
        Self::new(Arc::new(running), 0)
    }

    fn new(running: Arc<Running>, number: u64) -> Self {
        let worker = (number % running.ingress.workers() as u64) as usize;
        Self { running, number, requests: AtomicU64::new(0), worker }
    }

    /// The identities of the next requests; gives the first.
    pub(super) fn next_ids(&self, count: usize) -> TransactionId {
        let number = self.requests.fetch_add(count as u64, Ordering::Relaxed);
        TransactionId {
            run: self.running.journal.as_ref().map_or(0, |journal| journal.run()),
            handle: self.number,
            number,
        }
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

    /// Room for this; waits until there is some.
    pub(super) async fn room_in_time(&self, what: &'static str, size: Size) -> Result<Room, Error> {
        match self.room().wait(size)? {
            Coming::Ok(room) => Ok(room),
            Coming::Err(coming) => {
                may_wait(what)?;
                relayed(coming).await.map_err(|_| self.running.ingress.ended())
            }
        }
    }

    fn ask<M: Method>(
        &self,
        (call, id): (Call<M>, Option<String>),
        room: Room,
    ) -> Result<Reply<M::Output>, Error> {
        let method = self.running.method::<M>()?;
        let reply = match id {
            Some(id) => self.ask_once(method, call, &id, room)?,
            None => {
                let (waiting, reply) = answers::one(room);
                self.enter(method, Batch::one(call), waiting)?;
                reply
            }
        };
        Ok(Reply::new(reply))
    }

    fn ask_all<M: Method>(&self, calls: Vec<Call<M>>, room: Room) -> Result<Replies<M::Output>, Error> {
        let method = self.running.method::<M>()?;
        let (waiting, replies) = answers::many(calls.len(), room);
        if calls.is_empty() {
            waiting.finish(&Error::internal("there is a call where there was none"));
        } else {
            self.enter(method, Batch::many(calls), waiting)?;
        }
        Ok(Replies::new(replies))
    }

    /// Lets a request into the queue.
    pub(super) fn enter(
        &self,
        method: MethodId,
        mut calls: Box<dyn Calls>,
        waiting: Box<dyn Waiting>,
    ) -> Result<(), Error> {
        let Running { ingress, journal, .. } = &*self.running;
        self.running.may_call(method)?;
        // Here, and not on a worker: a thread of the caller's has the time.
        let logged = journal.as_ref().map(|journal| calls.log(&journal.instances)).transpose()?;
        let (id, count) = (ingress.egress().enter(waiting), calls.len());
        let work = Submission::Transactions(Request::new(Some(id), method, calls).with_bytes(logged));
        let entered = ingress.push(self.worker, || self.next_ids(count), work);
        if entered.is_err() {
            ingress.egress().withdraw(id);
        }
        entered
    }

    /// Runs a call as a transaction; waits while the queue is full.
    ///
    /// Dropping the future (a timeout around it, or a `select!` that something else wins) takes back a call that still
    /// waits for the queue, and nothing else: once it has entered, the transaction runs and stands, and who calls again
    /// may have it done twice. An id tells the engine that two calls are one request: see [`Call::with_id`]. There are no
    /// timers inside entities yet: what should happen later is called later, from outside.
    ///
    /// # Errors
    /// See [`Error`]. A method's own `Err` is not among them: it is the `Output`.
    pub async fn call<C: Callable>(&self, call: C) -> Result<<C::Method as Method>::Output, Error> {
        let call = call.into_call();
        let room = self.room_in_time("Handle::call", size_of_one(&call.0)).await?;
        self.ask(call, room)?.await
    }

    /// As [`Handle::call`], from code that is not async; blocks the thread.
    ///
    /// # Errors
    /// As [`Handle::call`]. [`Error::InsideTransaction`] when a method of an entity calls it, for it would wait for
    /// itself.
    pub fn call_blocking<C: Callable>(&self, call: C) -> Result<<C::Method as Method>::Output, Error> {
        may_block("Handle::call_blocking")?;
        self.submit_waiting(call)?.wait()
    }

    /// Submits a call at once; its reply can be collected later. The transaction runs whether the reply is collected or
    /// dropped.
    ///
    /// # Errors
    /// [`Error::Overloaded`] when the queue is full, [`Error::Stopped`] after the end.
    pub fn submit<C: Callable>(&self, call: C) -> Result<Reply<<C::Method as Method>::Output>, Error> {
        let call = call.into_call();
        let room = self.room().take(size_of_one(&call.0))?;
        self.ask(call, room)
    }

    /// As [`Handle::submit`], but blocks the thread while the queue is full.
    ///
    /// # Errors
    /// [`Error::Overloaded`] when the whole queue has too little room for the request, [`Error::Stopped`] after the end,
    /// [`Error::InsideTransaction`] in a method of an entity.
    pub fn submit_waiting<C: Callable>(
        &self,
        call: C,
    ) -> Result<Reply<<C::Method as Method>::Output>, Error> {
        may_block("Handle::submit_waiting")?;
        let call = call.into_call();
        let room = self.room_waiting(size_of_one(&call.0))?;
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

    /// The seed of [`crate::random`]: that of [`App::seed`](crate::App::seed), or the one this start has drawn.
    pub fn seed(&self) -> u64 {
        self.running.seed
    }

    /// Takes a checkpoint now, and waits until it is durable; gives the number of the last epoch that it has. See
    /// [`App::checkpoint_every`](crate::App::checkpoint_every).
    ///
    /// # Errors
    /// [`Error::Storage`] when it cannot be written, or the app has no data directory; the app goes on, and so does its log.
    /// [`Error::InsideTransaction`] in a method of an entity.
    pub fn checkpoint(&self) -> Result<u64, Error> {
        may_block("Handle::checkpoint")?;
        self.running.checkpoint()
    }

    /// Takes a checkpoint now, and writes it to another place: a directory, or a URL as for
    /// [`App::checkpoints_at`](crate::App::checkpoints_at), without checkpoints; gives the number of the last epoch that it has.
    /// Requests go on meanwhile. [`DataDir::import`](crate::data_dir::DataDir::import) begins another directory with it.
    ///
    /// # Errors
    /// [`Error::Storage`] when it cannot be written, or the app has no data directory; the app goes on.
    /// [`Error::InsideTransaction`] in a method of an entity.
    pub fn export(&self, url: &str) -> Result<u64, Error> {
        may_block("Handle::export")?;
        self.running.export(url)
    }

    /// The program's graph.
    pub fn graph(&self) -> &Program {
        &self.running.outline.graph
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
        let look = Arc::new(move |worker: &crate::entity::run::worker::Worker| {
            let sender = sender.lock().unwrap_or_else(PoisonError::into_inner);
            let _ = sender.send(worker.inspect());
        });
        self.visit(look)?;
        Ok(parts)
    }

    /// Lets something look at every worker between two transactions.
    pub(crate) fn visit(&self, look: Inspect) -> Result<(), Error> {
        self.running.ingress.push(self.worker, || self.next_ids(1), Submission::Inspect(look))
    }

    pub(crate) fn gather(&self, parts: &mpsc::Receiver<Part>) -> Result<serde_json::Value, Error> {
        let workers = 0..self.running.ingress.workers();
        let parts: Vec<Part> = workers
            .map(|_| parts.recv().map_err(|_| self.running.ingress.ended()))
            .collect::<Result<_, _>>()?;
        self.running.settled()?;
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

    /// The app cannot be used, for this reason; the first one counts, if a worker has ended for another.
    pub(super) fn failed(self, error: Error) -> Result<Self, Error> {
        self.running.ingress.end(error);
        self.stop()?;
        Err(Error::internal("an app that has failed has a reason"))
    }

    /// Starts the thread that looks what runs for too long.
    pub(super) fn watched(self, slow: Duration) -> Result<Self, Error> {
        watch::start(Arc::downgrade(&self.running), self.running.methods.clone(), slow)
            .map_err(|error| Error::Start(format!("no thread to watch the workers: {error}")))?;
        Ok(self)
    }

    /// The transactions that run at this moment, at most one for each worker.
    ///
    /// One that runs for long, as a method that computes or sleeps, keeps its worker from everything else; after
    /// [`App::slow_after`](crate::App::slow_after) it is logged, too.
    pub fn running(&self) -> Vec<RunningMethod> {
        self.running.methods.running()
    }

    /// As [`Handle::stop`], but waits for so long only.
    ///
    /// # Errors
    /// [`Error::StillRunning`] when the workers have not ended by then, with what they run. The app takes no requests any
    /// more and ends when they are done; dropping its last handle would still wait for that. Otherwise as [`Handle::stop`].
    pub fn stop_within(&self, limit: Duration) -> Result<(), Error> {
        may_block("Handle::stop_within")?;
        self.running.stop_within(limit)
    }

    /// Answers every request that has entered, then ends the workers. Later requests get [`Error::Stopped`].
    ///
    /// # Errors
    /// [`Error::Internal`] when the engine has failed. [`Error::Sink`] when a sink does not take its events, and there is no data
    /// directory that keeps them. [`Error::InsideTransaction`] in a method of an entity; the app then goes on.
    pub fn stop(&self) -> Result<(), Error> {
        may_block("Handle::stop")?;
        self.running.stop()
    }
}
