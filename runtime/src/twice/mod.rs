//! Every transaction more than once, for tests: what does not come out the same is no transaction that a replay or
//! another worker could repeat.
//!
//! The worker hands each request to its *shadow* first, which runs it twice from the same state and forgets it; then the
//! worker runs it, and all that the three runs did is compared as bytes: answers, calls with their arguments, and the
//! states they left. One that differs, or whose writes undo does not take back, is undone and answered with
//! [`Error::Nondeterministic`]. What stands goes to the shadow as bytes.
mod record;
mod shadow;

pub(crate) use record::{Record, Recorder, Written};
pub(crate) use shadow::{Copies, Replica, sorted};

use crate::Error;
use crate::ambient::{self, Ambient};
use crate::call::Call;
use crate::codec::{encode, shown};
use crate::entity::{Entity, Method};
use crate::error::Result;
use crate::flow::Flow;
use crate::plan::Methods;
use crate::task::{caught, run_alone};
use crate::worker::Worker;
use record::Difference;
use shadow::{AnyCopies, Shadow, copies};
use std::any::{Any, TypeId};
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
    key: Box<dyn Any + Send>,
    /// The number of its class.
    class: usize,
    /// Makes room for the class in the replica.
    make: fn() -> Rc<dyn AnyCopies>,
    /// What is wrong with the state by itself.
    fault: Option<String>,
}

impl Touched {
    pub(crate) fn new<E: Entity>(key: &E::Key, state: Option<&E>) -> Self {
        let written = Written::new(key, state);
        let fault = if E::NONDETERMINISM { None } else { state.and_then(|_| written.lost::<E>()) };
        let (class, key) = (E::class().index(), Box::new(key.clone()));
        Self { written, key, class, make: copies::<E>, fault }
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
        shadow.ask(job).ok_or(Error::Stopped)
    }

    /// Runs a request as often as it takes; what it wrote is settled then.
    pub(crate) fn run<M: Method>(
        &self,
        worker: &Rc<Worker>,
        flow: &Flow,
        call: Call<M>,
        ambient: Ambient,
    ) -> (Result<M::Output>, bool) {
        let before = match self.repeat(&call, ambient) {
            Ok(record) => record,
            Err(error) => return (Err(error), false),
        };
        ambient::set(Some(ambient));
        let (outcome, commit) = run_alone::<M>(worker, flow, |path| flow.alone(worker, call, path));
        let touched = distinct(worker.touched());
        let written = sorted(touched.iter().map(|it| it.written.clone()).collect());
        let record = self.recorder.take::<M>(&outcome, written);
        let found = if before.allowed { None } else { before.difference(&record) };
        let faulty = touched.iter().find(|it| commit && it.fault.is_some());
        let faulty = faulty.map(|it| Difference {
            method: record.writer(&it.written),
            what: it.fault.clone().unwrap_or_default(),
        });
        let found = found.or(faulty);
        let commit = commit && found.is_none();
        worker.end(commit, None);
        let found = match self.settled(worker, &record, touched, commit) {
            Ok(left) => found.or(left),
            Err(error) => return (Err(error), commit),
        };
        (found.map_or(outcome, |difference| Err(difference.into())), commit)
    }

    /// The two runs of the shadow; the second one's record.
    fn repeat<M: Method>(&self, call: &Call<M>, ambient: Ambient) -> Result<Record> {
        let (first, second) = twins(call)?;
        let (first, second) =
            self.ask(move |replica| (replica.run::<M>(first, ambient), replica.run::<M>(second, ambient)))?;
        let fault = || first.fault.clone().or_else(|| second.fault.clone());
        let differs = || if first.allowed { None } else { first.difference(&second) };
        match fault().or_else(differs) {
            Some(difference) => Err(difference.into()),
            None => Ok(second),
        }
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
        for Touched { mut written, key, class, make, .. } in touched {
            if !commit {
                written.state = worker.encoded(class, &*key);
            }
            now.push((written, key, make));
        }
        let wrong = self.ask(move |replica| {
            let mut wrong = None;
            for (written, key, make) in now {
                let copies = replica.class(written.class, make);
                let known = copies.get(&*key);
                copies.set(&*key, written.state.clone());
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

/// Two copies of a call: one that has been bytes, as in a log, and one that is as like as can be.
fn twins<M: Method>(call: &Call<M>) -> Result<(Call<M>, Call<M>)> {
    let read = || caught(|| M::twin(&call.args)).ok().flatten().map(|args| Call::new(call.key.clone(), args));
    let copied = || caught(|| call.copy()).ok().flatten();
    let twins = read().or_else(copied).zip(copied().or_else(read));
    twins.ok_or_else(|| {
        let method = format!("{}::{}", <M::Entity as Entity>::NAME, M::NAME);
        Error::Nondeterministic {
            method,
            what: "its arguments cannot be read back from their own bytes".into(),
        }
    })
}

impl From<Difference> for Error {
    fn from(Difference { method, what }: Difference) -> Self {
        Self::Nondeterministic { method, what }
    }
}
