//! Calls of one method that come from the log: nobody waits for their results, so only what became of them is kept.
use crate::base::error::{Error, Result};
use crate::base::guard::discard;
use crate::base::ids::MethodId;
use crate::base::ticket::Ticket;
use crate::egress::witness::Verdict;
use crate::entity::run::invoke::{Invocation, Mode};
use crate::entity::run::shipped::{Instance, Instances};
use crate::entity::run::task::{Done, Frame, Progress, Remote, Task};
use crate::entity::run::twice::Run;
use crate::entity::run::worker::Worker;
use crate::methods::table::{Methods, Planned};
use crate::request::batch::{Calls, Finished, Logged, divided};
use std::any::Any;
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;

/// See the head of this file.
pub(crate) struct Replayed {
    instance: Instance,
    bytes: Arc<[u8]>,
    calls: Vec<One>,
}

struct One {
    /// `None` after it has run.
    call: Option<Box<dyn Remote>>,
    /// Its bytes.
    at: Range<usize>,
    outcome: Option<Result<bool>>,
}

impl Replayed {
    /// So many calls from their bytes. Runs code of the user's.
    ///
    /// # Errors
    /// When they cannot be read.
    pub(crate) fn read(instance: Instance, bytes: &[u8], count: usize) -> Result<Box<dyn Calls>> {
        let mut start = 0;
        let calls = instance.read_all(bytes, count)?.into_iter().map(|(call, end)| {
            let at = std::mem::replace(&mut start, end)..end;
            One { call: Some(call), at, outcome: None }
        });
        Ok(Box::new(Self { instance, calls: calls.collect(), bytes: bytes.into() }))
    }

    /// The call to run; it can be read again.
    fn take(&mut self, index: usize) -> Result<Box<dyn Remote>> {
        let One { call, at, .. } = &mut self.calls[index];
        match call.take() {
            Some(call) => Ok(call),
            None => self.instance.read(&self.bytes[at.clone()]),
        }
    }

    fn set(&mut self, index: usize, outcome: Result<bool>) -> Finished {
        let commit = outcome == Ok(false);
        let mispredicted = outcome.as_ref().err().and_then(Error::owner_without_ticket);
        self.calls[index].outcome = Some(outcome);
        Finished { commit, mispredicted }
    }
}

impl Calls for Replayed {
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
        let Self { instance, bytes, calls } = &mut *self;
        let part = |calls| Self { instance: *instance, bytes: bytes.clone(), calls };
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
        let call = self.take(index)?;
        let path = invocation.next();
        Ok(call.frame(invocation, path, false))
    }

    fn twins(&self, _: usize) -> Result<[Run; 2]> {
        Err(Error::internal("what is replayed is not compared with itself"))
    }

    fn conclude(&mut self, index: usize, done: Result<Done>) -> Finished {
        let outcome = done.map(|done| {
            discard(done.output);
            done.is_err
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

    fn log(&mut self, _: &Instances) -> Result<Logged> {
        Err(Error::internal("what is replayed is in the log"))
    }

    fn outcomes(&mut self) -> &mut dyn Any {
        unreachable!("nobody waits for what is replayed")
    }
}

impl Drop for Replayed {
    fn drop(&mut self) {
        self.calls.drain(..).for_each(|one| discard(one.call));
    }
}
