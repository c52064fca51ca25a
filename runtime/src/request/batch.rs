//! Typed calls behind one door: what of a request has to know the types of its method.
//!
//! Whatever is generic here is compiled for every method that somebody calls from outside, so it does no more than it must;
//! [`super::data`] does the rest, once.
use crate::base::digest::Digest;
use crate::base::error::{Error, Result};
use crate::base::guard::{caught, discard, discard_all};
use crate::base::ids::MethodId;
use crate::base::ticket::Ticket;
use crate::egress::ids::Remembered;
use crate::egress::outcome::Outcomes;
use crate::egress::verdict::Verdict;
use crate::entity::call::Call;
use crate::entity::run::invoke::Invocation;
use crate::entity::run::shipped::{InstanceId, Instances, digest_output, read_call, write_call};
use crate::entity::run::task::{Done, Frame, Gives, frame, run_alone};
use crate::entity::run::twice::{Run, twins};
use crate::entity::run::worker::Worker;
use crate::entity::tickets::plan;
use crate::entity::traits::{Entity, Method};
use crate::entity::visit;
use crate::methods::table::{Methods, Planned};
use smallvec::SmallVec;
use std::any::Any;
use std::ops::Range;
use std::rc::Rc;

/// How a transaction went that ran from beginning to end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Finished {
    pub(crate) commit: bool,
    /// The worker of an entity that was touched without a ticket.
    pub(crate) mispredicted: Option<usize>,
}

/// Calls of one method as they stand in the log, one behind the other.
#[derive(Debug)]
pub(crate) struct Logged {
    pub(crate) instance: InstanceId,
    pub(crate) bytes: Vec<u8>,
    /// Where the key of the last one ends.
    pub(crate) key_end: usize,
}

/// Calls of one method without their types, and their outcomes; told apart by their indices.
pub(crate) trait Calls: Send {
    fn len(&self) -> usize;
    /// Whether they can run again.
    fn repeatable(&self) -> bool;
    /// The worker that owns the root of one, and its tickets; see [`plan`].
    fn plan(
        &self,
        index: usize,
        method: MethodId,
        methods: &Methods,
        peers: usize,
        into: &mut Vec<Ticket>,
    ) -> (usize, Planned);
    /// Divides them by the worker that each belongs to.
    fn split(self: Box<Self>, owners: &[u16], peers: usize) -> Vec<Box<dyn Calls>>;
    /// Prefetches what these will touch.
    fn prefetch(&self, which: Range<usize>, worker: &Worker);
    /// Runs one where nothing waits. `keep`: it may have to run again.
    fn run(&mut self, index: usize, worker: &Rc<Worker>, keep: bool) -> Finished;
    /// One as a frame that waits where it has to.
    fn frame(&mut self, index: usize, invocation: Invocation, keep: bool) -> Result<Frame<Done>>;
    /// Two copies of one, to be compared.
    fn twins(&self, index: usize) -> Result<[Run; 2]>;
    /// Takes the outcome of one that ran as a frame, or did not run.
    fn conclude(&mut self, index: usize, done: Result<Done>) -> Finished;
    /// Why one has failed.
    fn failure(&self, index: usize) -> Option<&Error>;
    /// What became of one that has an outcome.
    fn verdict(&self, index: usize) -> Verdict;
    /// What one has answered, to be compared, unless it may differ. Runs code of the user's.
    fn digest(&self, index: usize) -> Option<Digest>;
    /// What one came to whose answer is kept as bytes.
    fn remembered(&self, index: usize) -> Remembered;
    /// Their bytes; from here on they are what these say. Runs code of the user's.
    ///
    /// # Errors
    /// When they cannot be written, or read again, or the log has no name for their method.
    fn log(&mut self, instances: &Instances) -> Result<Logged>;
    /// The [`Outcomes`] of all of them.
    fn outcomes(&mut self) -> &mut dyn Any;
}

/// Calls of one method.
pub(crate) struct Batch<M: Method> {
    /// `None` for one that has run and need not run again.
    calls: SmallVec<[Option<Call<M>>; 1]>,
    outcomes: Outcomes<M::Output>,
}

impl<M: Method> Batch<M> {
    pub(crate) fn one(call: Call<M>) -> Box<dyn Calls> {
        Box::new(Self { calls: SmallVec::from_buf([Some(call)]), outcomes: SmallVec::new() })
    }

    pub(crate) fn many(calls: Vec<Call<M>>) -> Box<dyn Calls> {
        let calls = calls.into_iter().map(Some).collect();
        Box::new(Self { calls, outcomes: SmallVec::new() })
    }

    /// The call to run; a copy if it is to be kept. Copying arguments is user code.
    fn take(&mut self, index: usize, keep: bool) -> Result<Call<M>> {
        let call = &mut self.calls[index];
        if keep
            && let Some(kept) = call
            && let Some(copy) = caught(|| kept.copy())?
        {
            return Ok(copy);
        }
        call.take().ok_or_else(|| Error::internal("a request that has run is to run again"))
    }

    fn set(&mut self, index: usize, outcome: Result<M::Output>) -> Finished {
        let commit = outcome.as_ref().is_ok_and(|output| !M::is_err(output));
        let mispredicted = outcome.as_ref().err().and_then(Error::owner_without_ticket);
        if self.outcomes.is_empty() {
            self.outcomes.resize_with(self.calls.len(), || None);
        }
        if let Some(before) = self.outcomes[index].replace(outcome.map_err(Box::new)) {
            discard(before);
        }
        Finished { commit, mispredicted }
    }
}

impl<M: Method> Calls for Batch<M> {
    fn len(&self) -> usize {
        self.calls.len()
    }

    fn repeatable(&self) -> bool {
        M::repeatable()
    }

    fn plan(
        &self,
        index: usize,
        method: MethodId,
        methods: &Methods,
        peers: usize,
        into: &mut Vec<Ticket>,
    ) -> (usize, Planned) {
        let Some(call) = &self.calls[index] else { unreachable!("what is planned has not run") };
        plan(call, method, methods, peers, into)
    }

    fn split(mut self: Box<Self>, owners: &[u16], peers: usize) -> Vec<Box<dyn Calls>> {
        let parts = divided(self.calls.drain(..), owners, peers).into_iter();
        parts.map(|calls| Box::new(Self { calls, outcomes: SmallVec::new() }) as Box<dyn Calls>).collect()
    }

    fn prefetch(&self, which: Range<usize>, worker: &Worker) {
        // How an argument is serialised is user code; if it panics, it will do so again where it counts.
        let _ = caught(|| worker.prefetch(self.calls[which].iter().flatten()));
        visit::reset();
    }

    fn run(&mut self, index: usize, worker: &Rc<Worker>, keep: bool) -> Finished {
        let outcome = self.take(index, keep).and_then(|call| run_alone(worker, call));
        self.set(index, outcome)
    }

    fn frame(&mut self, index: usize, invocation: Invocation, keep: bool) -> Result<Frame<Done>> {
        let call = self.take(index, keep)?;
        let path = invocation.next();
        Ok(frame(call, invocation, path, Gives::Typed))
    }

    fn twins(&self, index: usize) -> Result<[Run; 2]> {
        self.calls[index].as_ref().map_or_else(|| Err(Error::internal("a request has run unseen")), twins)
    }

    fn conclude(&mut self, index: usize, done: Result<Done>) -> Finished {
        self.set(index, done.and_then(|done| done.output.output::<M>()))
    }

    fn failure(&self, index: usize) -> Option<&Error> {
        self.outcomes.get(index)?.as_ref()?.as_ref().err().map(|error| &**error)
    }

    fn verdict(&self, index: usize) -> Verdict {
        let outcome = self.outcomes.get(index).and_then(Option::as_ref);
        Verdict::of(outcome.map(|outcome| outcome.as_ref().map(M::is_err).map_err(|error| &**error)))
    }

    fn digest(&self, index: usize) -> Option<Digest> {
        if M::Entity::NONDETERMINISM {
            return None;
        }
        Some(match self.outcomes.get(index) {
            Some(Some(Ok(output))) => digest_output::<M>(output),
            _ => Digest::default(),
        })
    }

    fn remembered(&self, _: usize) -> Remembered {
        Err(Error::internal("the answer of a request with an id is kept as bytes"))
    }

    fn log(&mut self, instances: &Instances) -> Result<Logged> {
        let not_logged = || Error::NotLogged { entity: <M::Entity as Entity>::NAME, method: M::NAME };
        let instance = instances.id::<M>().ok_or_else(not_logged)?;
        let (mut bytes, mut key_end) = (Vec::new(), 0);
        for call in self.calls.iter_mut().flatten() {
            let start = bytes.len();
            let read = caught(|| {
                key_end = write_call(call, &mut bytes)?;
                read_call(&bytes[start..])
            });
            let Call { key, args } = std::mem::replace(call, read.flatten()?);
            discard(key);
            discard(args);
        }
        Ok(Logged { instance, bytes, key_end })
    }

    fn outcomes(&mut self) -> &mut dyn Any {
        &mut self.outcomes
    }
}

/// What each worker gets of these, in their order.
pub(super) fn divided<T, Part: Default + Extend<T>>(
    all: impl Iterator<Item = T>,
    owners: &[u16],
    peers: usize,
) -> Vec<Part> {
    let mut parts: Vec<Part> = std::iter::repeat_with(Part::default).take(peers).collect();
    for (one, owner) in all.zip(owners) {
        parts[usize::from(*owner)].extend([one]);
    }
    parts
}

impl<M: Method> Drop for Batch<M> {
    fn drop(&mut self) {
        // One by one: dropped as one, a second panic would end the process.
        for Call { key, args } in self.calls.drain(..).flatten() {
            discard(key);
            discard(args);
        }
        discard_all(self.outcomes.drain(..));
    }
}
