//! Sends many calls at once, without keeping all their answers.

use std::collections::VecDeque;
use thalweg::{Error, Reply};

/// Calls that were sent and not yet answered, at most.
const IN_FLIGHT: usize = 1_000;

pub struct Window<T>(VecDeque<Reply<T>>);

impl<T> Window<T> {
    pub fn new() -> Self {
        Self(VecDeque::new())
    }

    /// Takes a call that was sent and gives the answer to an older one, when there are many.
    pub fn sent(&mut self, reply: Reply<T>) -> Option<Result<T, Error>> {
        self.0.push_back(reply);
        let late = self.0.len() > IN_FLIGHT;
        late.then(|| self.0.pop_front()).flatten().map(Reply::wait)
    }

    /// The answers still to come.
    pub fn rest(self) -> impl Iterator<Item = Result<T, Error>> {
        self.0.into_iter().map(Reply::wait)
    }
}
