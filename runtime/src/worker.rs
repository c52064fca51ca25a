//! Running transactions on one worker: the line of transactions, the tasks of the one that stands first, calls.
//!
//! Every transaction has its place in the line of every worker, in `TxnId` order, and only the first in a worker's
//! line touches that worker's entities. So a transaction waits only for earlier ones: there is no deadlock and no
//! abort by the system. With one worker the line is the order of arrival and nothing ever waits: a whole transaction
//! is a few nested function calls.
//!
//! Invariant: at most one chain of calls is active in the whole system per transaction, so a worker's tasks form a
//! stack and a returning value belongs to its top.
use crate::call::Call;
use crate::cx::{Cx, Place, wrong_key};
use crate::entity::{Entity, Method};
use crate::error::Result;
use crate::oracle::Plain;
use crate::place::{StableHasher, worker_of};
use crate::state::{AnyClass, Class, key_text};
use crate::{Error, MAX_DEPTH};
use std::any::Any;
use std::cell::{Cell, RefCell};
use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// A value on its way between workers.
pub(crate) type Payload = Box<dyn Any + Send>;

/// What the worker sends while it runs a transaction.
pub(crate) enum Sent {
    Call { to: usize, call: Box<dyn Remote>, depth: u32 },
    Return { to: usize, value: Result<Payload> },
}

/// A call that arrives from another worker.
pub(crate) trait Remote: Send {
    fn task(self: Box<Self>, flow: Flow, from: usize) -> Box<dyn Task>;
}

/// A piece of the running transaction that may have to wait for a return.
pub(crate) trait Task {
    /// Goes on as far as possible.
    fn poll(&mut self, worker: &Worker) -> Progress;
}

pub(crate) enum Progress {
    /// A call has left; its return resumes the task.
    Waiting,
    /// A call from another worker is done.
    Returned,
    /// The transaction is done.
    Ended { commit: bool },
}

/// The state and the running transaction of one worker.
pub(crate) struct Worker {
    pub(crate) index: usize,
    pub(crate) peers: usize,
    classes: RefCell<Vec<Option<Rc<dyn AnyClass>>>>,
    /// The classes the running transaction has written.
    dirty: RefCell<Vec<Rc<dyn AnyClass>>>,
    /// Tells the transactions of this worker apart.
    stamp: Cell<u64>,
    doom: RefCell<Option<Error>>,
    inbox: RefCell<Option<Result<Payload>>>,
    pub(crate) outbox: RefCell<Vec<Sent>>,
}

impl Worker {
    pub(crate) fn new(index: usize, peers: usize) -> Rc<Self> {
        Rc::new(Self {
            index,
            peers,
            classes: RefCell::default(),
            dirty: RefCell::default(),
            stamp: Cell::new(1),
            doom: RefCell::default(),
            inbox: RefCell::default(),
            outbox: RefCell::default(),
        })
    }

    pub(crate) fn owner<E: Entity>(&self, key: &E::Key) -> usize {
        if self.peers == 1 { 0 } else { owner::<E>(key, self.peers) }
    }

    fn class<E: Entity>(&self) -> Rc<Class<E>> {
        let index = E::class().index();
        let known = self.classes.borrow().get(index).cloned().flatten();
        let class = known.unwrap_or_else(|| {
            let mut classes = self.classes.borrow_mut();
            if classes.len() <= index {
                classes.resize_with(index + 1, || None);
            }
            let class: Rc<dyn AnyClass> = Rc::new(Class::<E>::new());
            classes[index] = Some(class.clone());
            class
        });
        class.as_any().downcast().unwrap_or_else(|_| unreachable!("a class stands under its own number"))
    }

    pub(crate) fn before_write<E: Entity>(&self, class: &Rc<Class<E>>, slot: usize) {
        if class.before_write(slot, self.stamp.get()) {
            self.dirty.borrow_mut().push(class.clone());
        }
    }
    pub(crate) fn create<E: Entity>(&self, class: &Rc<Class<E>>, entity: E) {
        if class.create(entity, self.stamp.get()) {
            self.dirty.borrow_mut().push(class.clone());
        }
    }
    pub(crate) fn remove<E: Entity>(&self, class: &Rc<Class<E>>, slot: usize) {
        self.before_write(class, slot);
        class.remove(slot);
    }

    /// Ends the running transaction here: its writes stay or are undone.
    pub(crate) fn end(&self, commit: bool) {
        self.dirty.borrow_mut().drain(..).for_each(|class| class.end(commit));
        self.stamp.set(self.stamp.get() + 1);
    }

    pub(crate) fn deliver(&self, value: Result<Payload>) {
        *self.inbox.borrow_mut() = Some(value);
    }

    /// Why the running transaction cannot go on, if so.
    pub(crate) fn take_doom(&self) -> Option<Error> {
        self.doom.borrow_mut().take()
    }

    pub(crate) fn send(&self, sent: Sent) {
        self.outbox.borrow_mut().push(sent);
    }

    pub(crate) fn inspect(&self) -> Vec<(&'static str, Vec<(String, serde_json::Value)>)> {
        self.classes.borrow().iter().flatten().map(|class| class.inspect()).collect()
    }

    /// The context of a call that has arrived here.
    fn context<M: Method>(
        self: &Rc<Self>,
        flow: &Flow,
        key: <M::Entity as Entity>::Key,
    ) -> Result<Cx<M::Entity>> {
        let class = self.class::<M::Entity>();
        let mut slot = class.find(&key);
        if slot.is_none() && !M::ABSENT_OK {
            let missing = || Error::Missing { entity: M::Entity::NAME, key: key_text(&key) };
            let fresh = M::Entity::auto(&key).ok_or_else(missing)?;
            if fresh.key() != &key {
                return Err(wrong_key(&key, &fresh));
            }
            self.create(&class, fresh);
            slot = class.find(&key);
        }
        Ok(Cx { flow: flow.deeper(), place: Place::Slot { worker: self.clone(), class, slot, key } })
    }
}

/// The worker that owns an entity.
pub(crate) fn owner<E: Entity>(key: &E::Key, peers: usize) -> usize {
    let mut hasher = StableHasher::default();
    E::place(key, &mut hasher);
    worker_of(std::hash::Hasher::finish(&hasher), peers)
}

/// Runs user code; a panic becomes an error. The only place that catches panics.
pub(crate) fn caught<T>(run: impl FnOnce() -> T) -> Result<T> {
    catch_unwind(AssertUnwindSafe(run)).map_err(|panic| {
        let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let message = text.or_else(|| panic.downcast_ref::<String>().cloned());
        Error::Panicked { message: message.unwrap_or_else(|| "a value that is not text".into()) }
    })
}

/// Moves on to a fresh piece of stack when this one is nearly used up. `size` is that of the coroutine to run; rustc
/// may keep several copies of it on the stack in a build without optimisation.
fn with_stack<T>(size: usize, run: impl FnOnce() -> T) -> T {
    /// Bytes that the synchronous code of one method may need.
    const RED_ZONE: usize = 512 << 10;
    /// Bytes of a fresh piece beside its coroutines.
    const PIECE: usize = 8 << 20;
    stacker::maybe_grow(RED_ZONE + 16 * size, PIECE + 64 * size, run)
}

/// Runs a method that cannot have to wait, without a frame; `Pending` means that the transaction failed.
pub(crate) fn run_now<M: Method>(cx: Cx<M::Entity>, args: M::Args) -> Poll<M::Output> {
    poll_once(M::SUSPENDS, || M::run(cx, Some(args)))
}

fn poll_once<F: Future>(suspends: bool, make: impl FnOnce() -> F) -> Poll<F::Output> {
    let poll = || pin!(make()).poll(&mut Context::from_waker(Waker::noop()));
    if suspends { with_stack(size_of::<F>(), poll) } else { poll() }
}

/// Where methods run.
#[derive(Clone)]
pub(crate) enum World {
    Worker(Rc<Worker>),
    Oracle(Rc<Plain>),
    Nowhere,
}

/// The thread of calls a method belongs to.
#[derive(Clone)]
pub struct Flow {
    world: World,
    depth: u32,
}

impl Flow {
    pub(crate) fn new(world: World) -> Self {
        Self { world, depth: 0 }
    }
    pub(crate) fn at_depth(world: World, depth: u32) -> Self {
        Self { world, depth }
    }
    pub(crate) fn deeper(&self) -> Self {
        Self { world: self.world.clone(), depth: self.depth + 1 }
    }

    /// The transaction cannot go on; nor does the method that says so.
    pub(crate) async fn fail(&self, error: Error) -> Infallible {
        self.doom(error);
        std::future::pending().await
    }

    fn doom(&self, error: Error) {
        match &self.world {
            World::Worker(worker) => {
                worker.doom.borrow_mut().get_or_insert(error);
            }
            World::Oracle(plain) => plain.doom(error),
            World::Nowhere => {}
        }
    }

    /// Makes a call. Most never leave: the callee is on this worker and is run here and now.
    pub(crate) async fn perform<M: Method>(&self, call: Call<M>) -> M::Output {
        if self.depth >= MAX_DEPTH {
            match self.fail(Error::TooDeep { limit: MAX_DEPTH }).await {}
        }
        let done = match &self.world {
            World::Worker(worker) => {
                let owner = worker.owner::<M::Entity>(&call.key);
                if owner != worker.index {
                    return Self::remote(worker, owner, call, self.depth).await;
                }
                if worker.peers > 1 && M::SUSPENDS {
                    match self.frame(worker, call) {
                        Ok(frame) => return frame.await,
                        Err(error) => match self.fail(error).await {},
                    }
                }
                self.enter(worker, call)
            }
            World::Oracle(plain) => plain.enter(self, call),
            World::Nowhere => Poll::Pending,
        };
        match done {
            Poll::Ready(output) => output,
            Poll::Pending => std::future::pending().await,
        }
    }

    /// A local call that cannot have to wait.
    fn enter<M: Method>(&self, worker: &Rc<Worker>, call: Call<M>) -> Poll<M::Output> {
        match worker.context::<M>(self, call.key) {
            Ok(cx) => run_now::<M>(cx, call.args),
            Err(error) => {
                self.doom(error);
                Poll::Pending
            }
        }
    }

    /// A local call that may have to wait.
    fn frame<M: Method>(&self, worker: &Rc<Worker>, call: Call<M>) -> Result<Frame<M::Output>> {
        let cx = worker.context::<M>(self, call.key)?;
        Ok(Frame(Some(Box::pin(M::run(cx, Some(call.args))))))
    }

    /// A call to another worker.
    async fn remote<M: Method>(worker: &Rc<Worker>, to: usize, call: Call<M>, depth: u32) -> M::Output {
        worker.send(Sent::Call { to, call: Box::new(call), depth });
        poll_fn(|_| match worker.inbox.borrow_mut().take() {
            None => Poll::Pending,
            Some(Ok(value)) => match value.downcast::<M::Output>() {
                Ok(output) => Poll::Ready(*output),
                Err(_) => unreachable!("a return has the type of its call"),
            },
            Some(Err(error)) => {
                worker.doom.borrow_mut().get_or_insert(error);
                Poll::Pending
            }
        })
        .await
    }
}

/// A method that waits: rustc's coroutine, cut at the call it waits for.
struct Frame<T>(Option<Pin<Box<dyn Future<Output = T>>>>);

impl<T> Future for Frame<T> {
    type Output = T;
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        match &mut self.0 {
            Some(frame) => with_stack(size_of_val(&**frame), || frame.as_mut().poll(cx)),
            None => Poll::Pending,
        }
    }
}

impl<T> Drop for Frame<T> {
    fn drop(&mut self) {
        // Frames hold the frames they wait for: dropping a long chain needs as much stack as running it.
        with_stack(0, || drop(self.0.take()));
    }
}

/// The task of a call from another worker.
struct Visitor<M: Method> {
    frame: Frame<M::Output>,
    from: usize,
}

impl<M: Method> Remote for Call<M> {
    fn task(self: Box<Self>, flow: Flow, from: usize) -> Box<dyn Task> {
        let frame = Frame(Some(Box::pin(async move { flow.perform(*self).await })));
        Box::new(Visitor::<M> { frame, from })
    }
}

impl<M: Method> Task for Visitor<M> {
    fn poll(&mut self, worker: &Worker) -> Progress {
        let value = match advance(worker, &mut self.frame) {
            Poll::Pending => return Progress::Waiting,
            Poll::Ready(outcome) => outcome.map(|output| Box::new(output) as Payload),
        };
        worker.send(Sent::Return { to: self.from, value });
        Progress::Returned
    }
}

/// Goes on with a frame until it is done, has failed or waits.
fn advance<T>(worker: &Worker, frame: &mut Frame<T>) -> Poll<Result<T>> {
    let polled = caught(|| Pin::new(&mut *frame).poll(&mut Context::from_waker(Waker::noop())));
    let outcome = match (worker.take_doom(), polled) {
        (Some(error), _) | (None, Err(error)) => Err(error),
        (None, Ok(Poll::Ready(output))) => Ok(output),
        (None, Ok(Poll::Pending)) => return Poll::Pending,
    };
    // What the user's locals do when they are dropped is user code, too.
    match (caught(|| drop(std::mem::replace(frame, Frame(None)))), outcome) {
        (Err(panic), Ok(_)) => Poll::Ready(Err(panic)),
        (_, outcome) => Poll::Ready(outcome),
    }
}

/// A request as a task at the worker that owns its root; gives the answer when the transaction has ended.
pub(crate) struct Root<M: Method, A> {
    frame: Frame<M::Output>,
    answer: Option<A>,
}

impl<M: Method, A: FnOnce(Result<M::Output>)> Root<M, A> {
    pub(crate) fn new(call: Call<M>, worker: Rc<Worker>, answer: A) -> Self {
        let flow = Flow::new(World::Worker(worker));
        let frame = Frame(Some(Box::pin(async move { flow.perform(call).await })));
        Self { frame, answer: Some(answer) }
    }
}

impl<M: Method, A: FnOnce(Result<M::Output>)> Task for Root<M, A> {
    fn poll(&mut self, worker: &Worker) -> Progress {
        let Poll::Ready(outcome) = advance(worker, &mut self.frame) else { return Progress::Waiting };
        let commit = outcome.as_ref().is_ok_and(|output| !M::is_err(output));
        if let Some(answer) = self.answer.take() {
            answer(outcome);
        }
        Progress::Ended { commit }
    }
}

/// Runs a request on the only worker there is, from beginning to end, without a frame.
pub(crate) fn run_alone<M: Method>(worker: &Rc<Worker>, call: Call<M>) -> (Result<M::Output>, bool) {
    let flow = Flow::new(World::Worker(worker.clone()));
    let polled = caught(|| flow.enter(worker, call));
    let outcome = match (worker.take_doom(), polled) {
        (Some(error), _) | (None, Err(error)) => Err(error),
        (None, Ok(Poll::Ready(output))) => Ok(output),
        (None, Ok(Poll::Pending)) => Err(Error::Stopped),
    };
    let commit = outcome.as_ref().is_ok_and(|output| !M::is_err(output));
    (outcome, commit)
}
