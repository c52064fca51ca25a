//! Compares what was answered with what the book foretold, and asks many entities at once.

use crate::workload::{Outcome, Pending};
use std::fmt::Debug;
use std::sync::{Arc, Mutex, PoisonError};
use thalweg::{Error, Reply};

/// The answers that were not as foretold. Clones share them.
#[derive(Clone, Default)]
pub struct Answers(Arc<Mutex<Wrong>>);

#[derive(Default)]
struct Wrong {
    count: u64,
    first: Option<String>,
}

impl Answers {
    /// Waits for an answer that must be `right`.
    pub fn expect<T>(&self, reply: Reply<T>, request: impl Debug + Send + 'static, right: T) -> Pending
    where
        T: Answer + PartialEq + Debug + Send + 'static,
    {
        let answers = self.clone();
        Box::new(move || {
            let said = reply.wait()?;
            if said != right {
                answers.note(format!("{request:?} was answered {said:?}, it must be {right:?}"));
            }
            Ok(said.outcome())
        })
    }

    fn note(&self, text: String) {
        let mut wrong = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        wrong.count += 1;
        wrong.first.get_or_insert(text);
    }

    /// # Errors
    /// When an answer was wrong.
    pub fn check(&self) -> thalweg::Result<()> {
        let wrong = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &wrong.first {
            None => Ok(()),
            Some(first) => Err(format!("{} answers are wrong, the first: {first}", wrong.count).into()),
        }
    }
}

/// What a method returned, as an outcome.
pub trait Answer {
    fn outcome(&self) -> Outcome;
}

impl<T, E> Answer for Result<T, E> {
    fn outcome(&self) -> Outcome {
        if self.is_ok() { Outcome::Committed } else { Outcome::Refused }
    }
}

/// Of methods that cannot refuse.
impl Answer for i64 {
    fn outcome(&self) -> Outcome {
        Outcome::Committed
    }
}

impl Answer for () {
    fn outcome(&self) -> Outcome {
        Outcome::Committed
    }
}

impl<T> Answer for Vec<T> {
    fn outcome(&self) -> Outcome {
        Outcome::Committed
    }
}

/// Waits for an answer of which nothing is expected but that it comes.
pub fn any<T: Send + 'static>(reply: Reply<T>) -> Pending {
    Box::new(move || reply.wait().map(|_| Outcome::Committed))
}

/// Sends a request for each key.
pub fn send<K, T: Send + 'static>(
    keys: impl IntoIterator<Item = K>,
    request: impl Fn(&K) -> Result<Reply<T>, Error>,
) -> Result<Vec<Pending>, Error> {
    keys.into_iter().map(|key| request(&key).map(any)).collect()
}

/// Sends all questions first and then collects the answers, in order.
pub fn ask<K, T>(
    keys: impl IntoIterator<Item = K>,
    question: impl Fn(&K) -> Result<Reply<T>, Error>,
) -> Result<Vec<(K, T)>, Error> {
    let sent = |key: K| question(&key).map(|reply| (key, reply));
    let asked: Vec<_> = keys.into_iter().map(sent).collect::<Result<_, _>>()?;
    asked.into_iter().map(|(key, reply)| Ok((key, reply.wait()?))).collect()
}

/// # Errors
/// When the two are not the same; the text names what was compared.
pub fn same<T: PartialEq + Debug>(what: impl FnOnce() -> String, found: T, right: T) -> thalweg::Result<()> {
    if found == right {
        return Ok(());
    }
    Err(format!("{}: the program says {found:?}, the book {right:?}", what()).into())
}
