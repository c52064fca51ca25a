//! The way an answer takes back to whoever asked.
use crate::base::error::Error;
use crate::base::guard::{discard, discard_all};
use crate::base::thread::{may_block, may_wait};
use crate::base::waker::{Relay, block_on};
use crate::egress::outcome::{Outcome, Outcomes};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::sync::oneshot;
use tokio::sync::oneshot::error::TryRecvError;

/// The answer to a submitted request, when it comes: a future, on any executor, or [`Reply::wait`].
///
/// Dropping it takes nothing back. The transaction runs all the same, and whether it stands is then not known: one that
/// is submitted again because its answer did not come in time may happen twice.
#[must_use = "the answer tells whether the transaction stands"]
#[derive(Debug)]
pub struct Reply<T>(Way<Outcome<T>>);

/// The way on which an answer comes.
#[derive(Debug)]
struct Way<T> {
    answer: oneshot::Receiver<T>,
    relay: Relay,
}

impl<T> Way<T> {
    fn wait(&mut self, what: &'static str) -> Result<T, Error> {
        may_block(what)?;
        block_on(&mut self.answer).map_err(|_| lost())
    }

    /// What has come and nobody has taken; nothing comes after this.
    fn unwanted(&mut self) -> Option<T> {
        self.answer.close();
        self.answer.try_recv().ok()
    }

    fn poll(&mut self, cx: &mut Context<'_>, what: &'static str) -> Poll<Result<T, Error>> {
        match self.answer.try_recv() {
            Ok(answer) => return Poll::Ready(Ok(answer)),
            Err(TryRecvError::Closed) => return Poll::Ready(Err(lost())),
            Err(TryRecvError::Empty) => may_wait(what)?,
        }
        let answer = &mut self.answer;
        self.relay.poll(cx, |cx| Pin::new(answer).poll(cx)).map_err(|_| lost())
    }
}

/// A request is answered whatever happens to it.
fn lost() -> Error {
    Error::internal("an answer was dropped on its way")
}

impl<T> Reply<T> {
    pub(crate) fn new(answer: oneshot::Receiver<Outcome<T>>) -> Self {
        Self(Way { answer, relay: Relay::default() })
    }

    /// Blocks the thread until the answer comes.
    ///
    /// # Errors
    /// As [`crate::Handle::call`]. [`Error::InsideTransaction`] on a worker, where it would never come.
    pub fn wait(mut self) -> Result<T, Error> {
        self.0.wait("Reply::wait")?.map_err(|error| *error)
    }
}

impl<T> Drop for Reply<T> {
    fn drop(&mut self) {
        discard(self.0.unwanted());
    }
}

impl<T> Future for Reply<T> {
    type Output = Result<T, Error>;
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.poll(cx, "Reply").map(|answer| answer?.map_err(|error| *error))
    }
}

/// The answers to a batch, when all of them are there: a future, on any executor, or [`Replies::wait`].
///
/// As with [`Reply`], dropping it takes nothing back.
#[must_use = "the answers tell which transactions stand"]
#[derive(Debug)]
pub struct Replies<T>(Way<Outcomes<T>>);

impl<T> Replies<T> {
    pub(crate) fn new(answers: oneshot::Receiver<Outcomes<T>>) -> Self {
        Self(Way { answer: answers, relay: Relay::default() })
    }

    /// Blocks the thread until the answers come; they stand in the order of the calls.
    ///
    /// # Errors
    /// [`Error::InsideTransaction`] on a worker, where they would never come. An answer of its own has each call, as
    /// [`crate::Handle::call`].
    pub fn wait(mut self) -> Result<Vec<Result<T, Error>>, Error> {
        self.0.wait("Replies::wait").map(opened)
    }
}

impl<T> Drop for Replies<T> {
    fn drop(&mut self) {
        // One by one: dropped as one, the second panic would end the process.
        discard_all(self.0.unwanted().into_iter().flatten());
    }
}

impl<T> Future for Replies<T> {
    type Output = Result<Vec<Result<T, Error>>, Error>;
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.poll(cx, "Replies").map(|answers| answers.map(opened))
    }
}

fn opened<T>(answers: Outcomes<T>) -> Vec<Result<T, Error>> {
    answers
        .into_iter()
        .map(|answer| answer.map_or_else(|| Err(lost()), |outcome| outcome.map_err(|e| *e)))
        .collect()
}
