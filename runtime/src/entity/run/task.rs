//! The pieces of a transaction that may have to wait, and how methods are polled.
use crate::base::ambient::{self, Activation, aside};
use crate::base::digest::Digest;
use crate::base::error::{Error, Result};
use crate::base::guard::Guarded;
pub(crate) use crate::base::guard::{caught, discard};
use crate::base::ids::MethodId;
use crate::base::thread::method_stack;
use crate::base::ticket::Ticket;
use crate::entity::call::Call;
use crate::entity::run::context::MethodContext;
use crate::entity::run::invoke::{Invocation, Mode, unplanned};
use crate::entity::run::overlay::Overlay;
use crate::entity::run::shipped::{digest_output, read_output, ship_output};
use crate::entity::run::worker::Worker;
use crate::entity::tickets::plan;
use crate::entity::traits::Method;
use crate::methods::table::{Methods, Planned};
use crate::state::loan::Loans;
use std::any::Any;
use std::future::Future;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// How a method gives its result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gives {
    /// As it is, to somebody on the same worker.
    Typed,
    /// As bytes, to another group.
    Shipped,
    /// As bytes that will be read again and again, and can be.
    Kept,
    /// Not at all: only whether it is what it was.
    Witnessed,
}

/// A result on its way to what waits for it.
pub(crate) enum Payload {
    /// On the same worker.
    Typed(Guarded<Box<dyn Any + Send>>),
    /// In another group.
    Bytes(Vec<u8>),
    /// A digest of its bytes.
    Digest(Digest),
}

impl Payload {
    /// What a method returns. Runs code of the user's.
    ///
    /// # Errors
    /// When it cannot be encoded, or not be read again.
    fn of<M: Method>(output: M::Output, gives: Gives) -> Result<Self> {
        match gives {
            Gives::Typed => return Ok(Self::Typed(Guarded::new(Box::new(output)))),
            Gives::Witnessed => {
                let digest = digest_output::<M>(&output);
                discard(output);
                return Ok(Self::Digest(digest));
            }
            Gives::Shipped | Gives::Kept => {}
        }
        let bytes = ship_output::<M>(&output)?;
        if gives == Gives::Kept {
            drop(read_output::<M>(&bytes)?);
        }
        Ok(Self::Bytes(bytes))
    }

    /// The result with its type. Runs code of the user's.
    ///
    /// # Errors
    /// When its bytes cannot be read.
    pub(crate) fn output<M: Method>(self) -> Result<M::Output> {
        match self {
            Self::Typed(value) => match value.into_inner().downcast() {
                Ok(output) => Ok(*output),
                Err(_) => unreachable!("a result has the type of its call"),
            },
            Self::Bytes(bytes) => read_output::<M>(&bytes),
            Self::Digest(_) => Err(Error::internal("nobody waits for a result that is only compared")),
        }
    }
}

/// A call that is made as a task of its own.
pub(crate) trait Remote: Send {
    /// Whether it makes no calls of its own, and so never waits.
    fn leaf(&self) -> bool;
    /// Runs a call from another group that never waits. The result only if it is wanted.
    fn now(
        self: Box<Self>,
        invocation: &Invocation,
        path: u64,
        worker: &Worker,
        wanted: bool,
    ) -> Result<Option<Payload>>;
    /// As a frame.
    fn frame(self: Box<Self>, invocation: Invocation, path: u64, gives: Gives) -> Frame<Done>;
    /// Takes the copies that a scout has demanded for it.
    fn adopt(&self, overlay: &Overlay, copies: Loans) -> Result<()>;
    /// What is said of it where its transaction has no ticket.
    fn unplanned(&self, worker: usize) -> Error;
    /// The bytes of the call, without what its arguments point to.
    fn size(&self) -> usize;
    /// The worker that owns its entity, and its tickets. Runs code of the user's.
    fn plan(
        &self,
        method: MethodId,
        methods: &Methods,
        peers: usize,
        into: &mut Vec<Ticket>,
    ) -> (usize, Planned);
}

/// What a method has returned, without its type.
pub(crate) struct Done {
    pub(crate) output: Payload,
    /// Whether it aborts the transaction that began there.
    pub(crate) is_err: bool,
}

pub(crate) enum Progress {
    /// A call has left; its return resumes the task.
    Waiting,
    /// A call from another worker is done.
    Returned(Result<Payload>),
    /// The root is done; what was sent one way decides.
    Deciding { commit: bool },
    /// The transaction is done.
    Ended {
        commit: bool,
        /// The worker of an entity that was touched without a ticket.
        mispredicted: Option<usize>,
    },
}

/// Moves on to a fresh piece of stack when a method could not have on this one what it is promised. `size` is that of
/// the coroutine to run; rustc may keep several copies of it on the stack in a build without optimisation.
///
/// Methods without calls are run on what there is: whoever calls them has been here and has left them enough.
pub(crate) fn with_stack<T>(size: usize, run: impl FnOnce() -> T) -> T {
    /// Bytes that we need between a method and a method that it calls.
    const BETWEEN: usize = 512 << 10;
    /// Bytes of a fresh piece for methods that call each other.
    const PIECE: usize = 8 << 20;
    let needed = method_stack() + BETWEEN + 16 * size;
    stacker::maybe_grow(needed, PIECE + needed + 64 * size, run)
}

/// Runs a method that cannot have to wait, without a frame; `Pending` means that the transaction failed.
pub(crate) fn run_now<M: Method>(cx: MethodContext<M::Entity>, args: M::Args, path: u64) -> Poll<M::Output> {
    ambient::within(Activation::new(path), || poll_once(M::SUSPENDS, || M::run(cx, Some(args))))
}

fn poll_once<F: Future>(suspends: bool, make: impl FnOnce() -> F) -> Poll<F::Output> {
    let poll = || pin!(make()).poll(&mut Context::from_waker(Waker::noop()));
    if suspends { with_stack(size_of::<F>(), poll) } else { poll() }
}

/// A method that waits: rustc's coroutine, cut at the call it waits for.
pub(crate) struct Frame<T> {
    coroutine: Option<Pin<Box<dyn Future<Output = T>>>>,
    activation: Activation,
}

impl<T> Frame<T> {
    pub(crate) fn new(coroutine: impl Future<Output = T> + 'static, path: u64) -> Self {
        Self { coroutine: Some(Box::pin(coroutine)), activation: Activation::new(path) }
    }
    fn empty() -> Self {
        Self { coroutine: None, activation: Activation::default() }
    }
}

impl<T> Future for Frame<T> {
    type Output = T;
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let Frame { coroutine: Some(coroutine), activation } = &mut *self else {
            unreachable!("what has ended is not polled")
        };
        let outer = ambient::enter(*activation);
        let polled = with_stack(size_of_val(&**coroutine), || coroutine.as_mut().poll(cx));
        *activation = ambient::enter(outer);
        polled
    }
}

impl<T> Drop for Frame<T> {
    fn drop(&mut self) {
        // Frames hold the frames they wait for: dropping a long chain needs as much stack as running it.
        with_stack(0, || drop(self.coroutine.take()));
    }
}

/// A call as a frame, which ends with its result.
pub(crate) fn frame<M: Method>(
    call: Call<M>,
    invocation: Invocation,
    path: u64,
    gives: Gives,
) -> Frame<Done> {
    let coroutine = async move {
        let output = invocation.arrive(call, path, true).await;
        let is_err = M::is_err(&output);
        match Payload::of::<M>(output, gives) {
            Ok(output) => Done { output, is_err },
            Err(error) => match invocation.fail(error).await {},
        }
    };
    Frame::new(coroutine, path)
}

impl<M: Method> Remote for Call<M> {
    fn leaf(&self) -> bool {
        !M::SUSPENDS
    }
    fn now(
        self: Box<Self>,
        invocation: &Invocation,
        path: u64,
        worker: &Worker,
        wanted: bool,
    ) -> Result<Option<Payload>> {
        let polled = caught(|| {
            pin!(invocation.arrive(*self, path, true)).poll(&mut Context::from_waker(Waker::noop()))
        });
        let output = outcome(worker.take_doom(), polled)?;
        if wanted {
            caught(|| Payload::of::<M>(output, Gives::Shipped)).flatten().map(Some)
        } else {
            caught(|| drop(output)).map(|()| None)
        }
    }
    fn frame(self: Box<Self>, invocation: Invocation, path: u64, gives: Gives) -> Frame<Done> {
        frame(*self, invocation, path, gives)
    }
    fn adopt(&self, overlay: &Overlay, copies: Loans) -> Result<()> {
        caught(|| aside(|| overlay.adopt::<M::Entity>(copies))).flatten()
    }
    fn unplanned(&self, worker: usize) -> Error {
        unplanned(self, worker)
    }
    fn size(&self) -> usize {
        size_of::<Self>()
    }
    fn plan(
        &self,
        method: MethodId,
        methods: &Methods,
        peers: usize,
        into: &mut Vec<Ticket>,
    ) -> (usize, Planned) {
        plan(self, method, methods, peers, into)
    }
}

enum OneWays {
    Outstanding,
    Failed(Error),
    Done,
}

/// How the one-way calls of the running transaction went that were made on this worker.
fn one_ways(worker: &Worker) -> OneWays {
    let running = &mut *worker.running.borrow_mut();
    match &running.failed {
        _ if running.outstanding > 0 => OneWays::Outstanding,
        Some(first) => OneWays::Failed(first.1.clone()),
        None => OneWays::Done,
    }
}

/// Goes on with a frame until it is done, has failed or waits.
fn advance<T>(worker: &Worker, frame: &mut Frame<T>) -> Poll<Result<T>> {
    let polled = caught(|| Pin::new(&mut *frame).poll(&mut Context::from_waker(Waker::noop())));
    let outcome = match (worker.take_doom(), polled) {
        (Some(error), _) | (None, Err(error)) => Err(error),
        (None, Ok(Poll::Ready(output))) => Ok(output),
        (None, Ok(Poll::Pending)) => {
            let running = &*worker.running.borrow();
            match &running.failed {
                // It may be waiting for the one-way call that failed.
                Some(first) if running.outstanding == 0 => Err(first.1.clone()),
                _ => return Poll::Pending,
            }
        }
    };
    // What the user's locals do when they are dropped is user code, too.
    match (caught(|| drop(std::mem::replace(frame, Frame::empty()))), outcome) {
        (Err(panic), Ok(_)) => Poll::Ready(Err(panic)),
        (_, outcome) => Poll::Ready(outcome),
    }
}

/// A piece of a transaction that may have to wait for a return. What it holds is the user's.
pub(crate) struct Task {
    is: Is,
    frame: Frame<Done>,
    /// There when the frame has ended.
    outcome: Option<Result<Done>>,
}

/// What a task is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Is {
    /// A request, at the worker that owns its root.
    Root,
    /// A call from another worker.
    Call,
    /// The root of a scout; its result is discarded.
    Scout,
}

impl Task {
    /// A request, or the reason why it cannot run.
    pub(crate) fn root(frame: Result<Frame<Done>>) -> Self {
        match frame {
            Ok(frame) => Self { is: Is::Root, frame, outcome: None },
            Err(error) => Self { is: Is::Root, frame: Frame::empty(), outcome: Some(Err(error)) },
        }
    }
    pub(crate) fn call(frame: Frame<Done>) -> Self {
        Self { is: Is::Call, frame, outcome: None }
    }
    pub(crate) fn scout(frame: Frame<Done>) -> Self {
        Self { is: Is::Scout, frame, outcome: None }
    }

    /// Goes on as far as possible.
    pub(crate) fn poll(&mut self, worker: &Worker) -> Progress {
        if self.outcome.is_none() {
            let Poll::Ready(outcome) = advance(worker, &mut self.frame) else { return Progress::Waiting };
            self.outcome = Some(outcome);
        }
        if self.is == Is::Scout {
            return Progress::Ended { commit: false, mispredicted: None };
        }
        // Whoever waits for this may go on to where the one-way calls are still on their way.
        match one_ways(worker) {
            OneWays::Outstanding if self.is == Is::Root => {
                return Progress::Deciding { commit: self.commits() };
            }
            OneWays::Outstanding => return Progress::Waiting,
            OneWays::Failed(error) => drop(self.outcome.replace(Err(error))),
            OneWays::Done => {}
        }
        if self.is == Is::Call {
            return Progress::Returned(self.take_outcome().map(|done| done.output));
        }
        let failed = self.outcome.as_ref().and_then(|outcome| outcome.as_ref().err());
        Progress::Ended { commit: self.commits(), mispredicted: failed.and_then(Error::owner_without_ticket) }
    }

    fn commits(&self) -> bool {
        matches!(&self.outcome, Some(Ok(Done { is_err: false, .. })))
    }

    fn take_outcome(&mut self) -> Result<Done> {
        self.outcome.take().unwrap_or_else(|| Err(stuck()))
    }

    /// What a root has come to, when it has ended.
    pub(crate) fn into_outcome(mut self) -> Result<Done> {
        self.take_outcome()
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        discard(std::mem::replace(&mut self.frame, Frame::empty()));
    }
}

/// What comes of a method that has run as far as it can.
pub(crate) fn outcome<T>(doom: Option<Error>, polled: Result<Poll<T>>) -> Result<T> {
    match (doom, polled) {
        (Some(error), polled) => {
            discard(polled);
            Err(error)
        }
        (None, Err(error)) => Err(error),
        (None, Ok(Poll::Ready(output))) => Ok(output),
        (None, Ok(Poll::Pending)) => Err(stuck()),
    }
}

/// What a method that can neither wait nor go on is answered with.
fn stuck() -> Error {
    Error::internal("a method stopped, and nothing says why")
}

/// Runs a request that can wait for nobody, from beginning to end, without a frame.
pub(crate) fn run_alone<M: Method>(worker: &Rc<Worker>, call: Call<M>) -> Result<M::Output> {
    let invocation = Invocation::new(Mode::Local(worker.clone()));
    let path = invocation.next();
    let polled = caught(|| invocation.alone(worker, call, path));
    outcome(worker.take_doom(), polled)
}
