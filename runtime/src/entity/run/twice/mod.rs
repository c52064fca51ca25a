//! Every transaction more than once, for tests: what does not come out the same is no transaction that a replay or
//! another worker could repeat.
//!
//! The worker hands each request to its *shadow* first, which runs it twice from the same state and forgets it; then the
//! worker runs it, and all that the three runs did is compared as bytes: answers, calls with their arguments, and the
//! states they left. One that differs, or whose writes undo does not take back, is undone and answered with
//! [`Error::Nondeterministic`]. What stands goes to the shadow as bytes.
mod record;
mod shadow;

pub(crate) use record::{Ended, Record, Recorder, Written};
pub(crate) use shadow::{Replica, Run, sorted};

use crate::base::ambient::Ambient;
use crate::base::class_id::ClassId;
use crate::base::error::{Error, Result};
use crate::base::guard::caught;
use crate::codec::{encode, shown};
use crate::entity::call::Call;
use crate::entity::run::worker::Worker;
use crate::entity::traits::{Entity, Method};
use crate::methods::table::Methods;
use record::Difference;
use shadow::{Key, Shadow};
use std::any::TypeId;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

/// What a worker has that checks its transactions.
pub(crate) struct Twice {
    shadow: Result<Shadow>,
    pub(crate) recorder: Recorder,
}

/// An entity that a transaction wrote, with what the shadow has to know of it.
pub(crate) struct Touched {
    written: Written,
    key: Key,
    class: ClassId,
    /// What is wrong with the state by itself.
    fault: Option<String>,
}

impl Touched {
    pub(crate) fn new<E: Entity>(key: &E::Key, state: Option<&E>) -> Self {
        let written = Written::new(key, state);
        let fault = if E::NONDETERMINISM { None } else { state.and_then(|_| written.lost::<E>()) };
        Self { written, key: Key::new::<E>(key), class: E::CLASS, fault }
    }
}

/// A state as bytes; how it is serialised is user code.
pub(crate) fn encoded<E: Entity>(state: &E) -> Vec<u8> {
    caught(|| encode(state)).unwrap_or_else(|panic| panic.to_string().into_bytes())
}

impl Twice {
    pub(crate) fn new(methods: Arc<Methods>) -> Self {
        Self { shadow: Shadow::start(methods), recorder: Recorder::default() }
    }

    fn ask<T: Send + 'static>(&self, job: impl FnOnce(&Rc<Replica>) -> T + Send + 'static) -> Result<T> {
        let shadow = self.shadow.as_ref().map_err(Error::clone)?;
        shadow.ask(job).ok_or_else(|| Error::Internal {
            what: "the thread that repeats transactions has ended".to_owned(),
        })
    }

    /// The two runs of the shadow; the second one's record.
    pub(crate) fn before(&self, [first, second]: [Run; 2], ambient: Ambient) -> Result<Record> {
        let (first, second) =
            self.ask(move |replica| (replica.run(first, ambient), replica.run(second, ambient)))?;
        let fault = || first.fault.clone().or_else(|| second.fault.clone());
        let differs = || if first.allowed { None } else { first.difference(&second) };
        match fault().or_else(differs) {
            Some(difference) => Err(difference.into()),
            None => Ok(second),
        }
    }

    /// Compares with what the worker has done itself, and settles what it has written; whether that stands.
    ///
    /// # Errors
    /// When there is a difference.
    pub(crate) fn after(&self, worker: &Rc<Worker>, before: &Record, ended: Ended) -> Result<bool> {
        let touched = distinct(worker.touched());
        let written = sorted(touched.iter().map(|it| it.written.clone()).collect());
        let commit = ended.commit;
        let record = self.recorder.take(ended, written);
        let found = if before.allowed { None } else { before.difference(&record) };
        let faulty = touched.iter().filter(|_| commit).find_map(|it| Some((it, it.fault.clone()?)));
        let faulty = faulty.map(|(it, what)| Difference { method: record.writer(&it.written), what });
        let found = found.or(faulty);
        let commit = commit && found.is_none();
        worker.end(commit, None);
        let left = self.settled(worker, &record, touched, commit)?;
        found.or(left).map_or(Ok(commit), |difference| Err(difference.into()))
    }

    /// Tells the shadow what stands now, and finds what undo has not taken back.
    fn settled(
        &self,
        worker: &Worker,
        record: &Record,
        touched: Vec<Touched>,
        commit: bool,
    ) -> Result<Option<Difference>> {
        let mut now = Vec::new();
        for Touched { mut written, key, class, .. } in touched {
            if !commit {
                written.state = worker.encoded(class, &*key.key);
            }
            now.push((written, key));
        }
        let wrong = self.ask(move |replica| {
            let mut wrong = None;
            for (written, key) in now {
                let known = replica.set(key, written.state.clone());
                if !commit && known != written.state && wrong.is_none() {
                    wrong = Some((written, known));
                }
            }
            wrong
        })?;
        Ok(wrong.map(|(written, known)| {
            let known = known.map_or_else(|| "nothing".to_owned(), |bytes| shown(&bytes));
            let (name, now) = (written.name(), written.shown());
            let what = format!("undo did not bring {name} back: it is {now}, and was {known}");
            Difference { method: record.writer(&written), what }
        }))
    }
}

/// An entity once, even if it came and went.
fn distinct(all: Vec<Touched>) -> Vec<Touched> {
    let mut by_key: BTreeMap<(TypeId, Vec<u8>), Touched> = BTreeMap::new();
    for touched in all {
        let key = (touched.written.class, touched.written.key.clone());
        match by_key.get(&key) {
            Some(known) if known.written.state.is_some() => {}
            _ => drop(by_key.insert(key, touched)),
        }
    }
    by_key.into_values().collect()
}

/// Runs of two copies of a call.
pub(crate) fn twins<M: Method>(call: &Call<M>) -> Result<[Run; 2]> {
    let twin = || -> Option<Run> {
        let args = caught(|| M::twin(&call.args)).ok()??;
        Some(shadow::run(Call::<M>::new(call.key.clone(), args)))
    };
    match (twin(), twin()) {
        (Some(first), Some(second)) => Ok([first, second]),
        _ => Err(unreadable(<M::Entity as Entity>::NAME, M::NAME)),
    }
}

fn unreadable(entity: &str, method: &str) -> Error {
    let what = "its arguments cannot be read back from their own bytes".to_owned();
    Error::Nondeterministic { method: format!("{entity}::{method}"), what }
}

impl From<Difference> for Error {
    fn from(Difference { method, what }: Difference) -> Self {
        Self::Nondeterministic { method, what }
    }
}
