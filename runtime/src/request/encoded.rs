//! Calls of one method that come from the log: nobody waits for their results, so only what became of them is kept.
use crate::base::digest::Digest;
use crate::base::error::{Error, Result};
use crate::base::guard::discard;
use crate::base::hash::key_hash;
use crate::base::ids::MethodId;
use crate::base::ticket::Ticket;
use crate::egress::ids::Remembered;
use crate::egress::verdict::Verdict;
use crate::entity::run::invoke::{Invocation, Mode};
use crate::entity::run::shipped::{Instance, Instances};
use crate::entity::run::task::{Done, Frame, Gives, Payload, Progress, Remote, Task};
use crate::entity::run::twice::Run;
use crate::entity::run::worker::Worker;
use crate::methods::table::{Methods, Planned};
use crate::request::batch::{Calls, Finished, Logged, divided};
use std::any::Any;
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;

/// See the head of this file.
pub(crate) struct Encoded {
    instance: Instance,
    bytes: Arc<[u8]>,
    calls: Vec<One>,
    /// Whether answers are kept as bytes.
    remember: bool,
}

/// A hash of a request: one with an id is asked again with the same. Of the method's type it has what it is generic over, and
/// not where it stands.
pub(crate) fn body_hash(instance: &Instance, bytes: &[u8]) -> u64 {
    let types = (instance.types)().split_once('<').map(|(_, types)| types);
    key_hash(&(types, bytes))
}

struct One {
    /// `None` after it has run.
    call: Option<Box<dyn Remote>>,
    /// Its bytes.
    at: Range<usize>,
    /// It is not executed.
    skipped: bool,
    outcome: Option<Result<bool>>,
    /// The bytes of its answer, if they are kept.
    answer: Arc<[u8]>,
    digest: Digest,
}

impl Encoded {
    /// So many calls from their bytes, of which these, by their indices, are not executed. Runs code of the user's.
    ///
    /// # Errors
    /// When they cannot be read.
    pub(crate) fn read(
        instance: Instance,
        bytes: &[u8],
        count: usize,
        remember: bool,
        skipped: &[usize],
    ) -> Result<Box<dyn Calls>> {
        let mut start = 0;
        let calls = (0..).zip(instance.read_all(bytes, count)?).map(|(index, (call, end))| {
            let (at, skipped) = (std::mem::replace(&mut start, end)..end, skipped.contains(&index));
            One {
                call: Some(call),
                at,
                skipped,
                outcome: None,
                answer: Arc::default(),
                digest: Digest::default(),
            }
        });
        Ok(Box::new(Self { instance, calls: calls.collect(), bytes: bytes.into(), remember }))
    }

    /// The call to run; it can be read again.
    fn take(&mut self, index: usize) -> Result<Box<dyn Remote>> {
        let One { call, at, .. } = &mut self.calls[index];
        match call.take() {
            Some(call) => Ok(call),
            None => self.instance.read(&self.bytes[at.clone()]),
        }
    }

    fn set(&mut self, index: usize, outcome: Result<(bool, Arc<[u8]>, Digest)>) -> Finished {
        let one = &mut self.calls[index];
        let outcome = match outcome {
            Ok((is_err, answer, digest)) => {
                (one.answer, one.digest) = (answer, digest);
                Ok(is_err)
            }
            Err(error) => {
                (one.answer, one.digest) = (Arc::default(), Digest::default());
                Err(error)
            }
        };
        let commit = outcome == Ok(false);
        let mispredicted = outcome.as_ref().err().and_then(Error::owner_without_ticket);
        self.calls[index].outcome = Some(outcome);
        Finished { commit, mispredicted }
    }
}

impl Calls for Encoded {
    fn len(&self) -> usize {
        self.calls.len()
    }

    fn repeatable(&self) -> bool {
        true
    }

    fn plan(
        &self,
        index: usize,
        method: MethodId,
        methods: &Methods,
        peers: usize,
        into: &mut Vec<Ticket>,
    ) -> (usize, Planned) {
        let Some(call) = &self.calls[index].call else { unreachable!("what is planned has not run") };
        call.plan(method, methods, peers, into)
    }

    fn split(mut self: Box<Self>, owners: &[u16], peers: usize) -> Vec<Box<dyn Calls>> {
        let Self { instance, bytes, calls, remember } = &mut *self;
        let part = |calls| Self { instance: *instance, bytes: bytes.clone(), calls, remember: *remember };
        let parts = divided(calls.drain(..), owners, peers).into_iter();
        parts.map(|calls| Box::new(part(calls)) as Box<dyn Calls>).collect()
    }

    fn prefetch(&self, _: Range<usize>, _: &Worker) {}

    fn run(&mut self, index: usize, worker: &Rc<Worker>, keep: bool) -> Finished {
        let mut task = Task::root(self.frame(index, Invocation::new(Mode::Local(worker.clone())), keep));
        match task.poll(worker) {
            Progress::Ended { .. } => self.conclude(index, task.into_outcome()),
            _ => self.conclude(index, Err(Error::internal("a request that can wait for nobody waits"))),
        }
    }

    fn frame(&mut self, index: usize, invocation: Invocation, _: bool) -> Result<Frame<Done>> {
        if self.calls[index].skipped {
            return Err(Error::Skipped);
        }
        let call = self.take(index)?;
        let path = invocation.next();
        Ok(call.frame(invocation, path, if self.remember { Gives::Kept } else { Gives::Witnessed }))
    }

    fn twins(&self, _: usize) -> Result<[Run; 2]> {
        Err(Error::internal("what is replayed is not compared with itself"))
    }

    fn conclude(&mut self, index: usize, done: Result<Done>) -> Finished {
        let outcome = done.map(|done| match done.output {
            Payload::Bytes(answer) => {
                let digest = Digest::of(&answer);
                (done.is_err, answer.into(), digest)
            }
            Payload::Digest(digest) => (done.is_err, Arc::default(), digest),
            Payload::Typed(_) => unreachable!("what is replayed gives no value"),
        });
        self.set(index, outcome)
    }

    fn failure(&self, index: usize) -> Option<&Error> {
        self.calls.get(index)?.outcome.as_ref()?.as_ref().err()
    }

    fn verdict(&self, index: usize) -> Verdict {
        let outcome = self.calls[index].outcome.as_ref();
        Verdict::of(outcome.map(|outcome| outcome.as_ref().copied()))
    }

    fn digest(&self, index: usize) -> Option<Digest> {
        (!self.instance.may_differ).then_some(self.calls[index].digest)
    }

    fn remembered(&self, index: usize) -> Remembered {
        let One { outcome, answer, .. } = &self.calls[index];
        match outcome {
            Some(Ok(_)) => Ok(answer.clone()),
            Some(Err(error)) => Err(error.clone()),
            None => Err(Error::internal("a request ended without an outcome")),
        }
    }

    fn log(&mut self, _: &Instances) -> Result<Logged> {
        Err(Error::internal("what is replayed is in the log"))
    }

    fn outcomes(&mut self) -> &mut dyn Any {
        unreachable!("nobody waits for what is replayed")
    }
}

impl Drop for Encoded {
    fn drop(&mut self) {
        self.calls.drain(..).for_each(|one| discard(one.call));
    }
}
