//! The way an answer takes back to whoever asked.
use crate::Error;
use crate::request::{Collected, Outcome};
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use tokio::sync::oneshot;

/// The answer to a submitted request, when it comes: a future, on any executor, or [`Reply::wait`].
#[must_use = "the answer tells whether the transaction stands"]
#[derive(Debug)]
pub struct Reply<T>(pub(crate) oneshot::Receiver<Outcome<T>>);

impl<T> Reply<T> {
    /// Blocks the thread until the answer comes.
    ///
    /// # Errors
    /// As [`crate::Handle::call`].
    pub fn wait(self) -> Result<T, Error> {
        block_on(self)
    }
}

impl<T> Future for Reply<T> {
    type Output = Result<T, Error>;
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx).map(|answer| opened(answer.ok()))
    }
}

/// The answers to a batch, when all of them are there: a future, on any executor, or [`Replies::wait`].
#[must_use = "the answers tell which transactions stand"]
#[derive(Debug)]
pub struct Replies<T>(pub(crate) oneshot::Receiver<Collected<T>>);

impl<T> Replies<T> {
    /// Blocks the thread until the answers come; they stand in the order of the calls.
    ///
    /// # Errors
    /// [`Error::Stopped`] when the app ended before. An answer of its own has each call, as [`crate::Handle::call`].
    pub fn wait(self) -> Result<Vec<Result<T, Error>>, Error> {
        block_on(self)
    }
}

impl<T> Future for Replies<T> {
    type Output = Result<Vec<Result<T, Error>>, Error>;
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let open = |answers: Collected<T>| answers.into_iter().map(opened).collect();
        Pin::new(&mut self.0).poll(cx).map(|answers| answers.map(open).map_err(|_| Error::Stopped))
    }
}

fn opened<T>(answer: Option<Outcome<T>>) -> Result<T, Error> {
    answer.map_or(Err(Error::Stopped), |outcome| outcome.map_err(|error| *error))
}

struct Parked(Thread);

impl Wake for Parked {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Runs a future on this thread.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Parked(thread::current())));
    let mut cx = Context::from_waker(&waker);
    loop {
        match future.as_mut().poll(&mut cx) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}
