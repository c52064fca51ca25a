//! The thread that repeats transactions, with a replica of the state as bytes.
//!
//! It is another thread than the worker's, so that what belongs to a thread is another there; and it has bytes, so that
//! every run begins with a state that has just been read, at other addresses and with other hashers.
use crate::base::ambient::{self, Ambient};
use crate::base::emitted;
use crate::base::error::{Error, Result};
use crate::base::guard::{caught, discard};
use crate::base::hash::key_hash;
use crate::entity::call::Call;
use crate::entity::run::invoke::{Invocation, Mode};
use crate::entity::run::overlay::Overlay;
use crate::entity::run::task::outcome;
use crate::entity::run::twice::record::{Ended, Record, Written};
use crate::entity::traits::{Entity, Method};
use crate::methods::table::Methods;
use std::any::{Any, TypeId};
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;

/// Something to do in the shadow.
type Job = Box<dyn FnOnce(&Rc<Replica>) + Send>;

/// The worker's end.
pub(crate) struct Shadow {
    jobs: Option<mpsc::Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl Shadow {
    pub(crate) fn start(methods: Arc<Methods>) -> Result<Self> {
        let (jobs, todo) = mpsc::channel::<Job>();
        let topics = emitted::topics();
        let run = move || {
            emitted::set_topics(topics);
            let replica = Rc::new(Replica { methods, entities: RefCell::default() });
            todo.into_iter().for_each(|job| job(&replica));
            discard(replica);
        };
        let thread = std::thread::Builder::new().name("thalweg-shadow".to_owned()).spawn(run);
        let thread = thread.map_err(|error| Error::Start(error.to_string()))?;
        Ok(Self { jobs: Some(jobs), thread: Some(thread) })
    }

    /// Does something there, and waits for it. `None` when the thread has ended, which is a mistake of ours.
    pub(crate) fn ask<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Rc<Replica>) -> T + Send + 'static,
    ) -> Option<T> {
        let (sender, answer) = mpsc::channel();
        let job: Job = Box::new(move |replica| drop(sender.send(job(replica))));
        self.jobs.as_ref()?.send(job).ok()?;
        answer.recv().ok()
    }
}

impl Drop for Shadow {
    fn drop(&mut self) {
        drop(self.jobs.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The state as bytes.
pub(crate) struct Replica {
    methods: Arc<Methods>,
    /// By class and by a hash of the key.
    entities: RefCell<HashMap<(TypeId, u64), Vec<Copied>>>,
}

/// An entity as bytes.
struct Copied {
    key: Box<dyn Any + Send>,
    state: Vec<u8>,
}

/// A key without its type, and what is known of the type.
pub(crate) struct Key {
    class: TypeId,
    hash: u64,
    pub(crate) key: Box<dyn Any + Send>,
    same: fn(&dyn Any, &dyn Any) -> bool,
}

impl Key {
    pub(crate) fn new<E: Entity>(key: &E::Key) -> Self {
        let (class, hash) = (TypeId::of::<E>(), key_hash(key));
        Self { class, hash, key: Box::new(key.clone()), same: same::<E::Key> }
    }
}

fn same<K: PartialEq + 'static>(a: &dyn Any, b: &dyn Any) -> bool {
    a.downcast_ref::<K>().zip(b.downcast_ref::<K>()).is_some_and(|(a, b)| a == b)
}

impl Replica {
    /// An entity's bytes, with the key as it stands there.
    pub(crate) fn get<E: Entity>(&self, key: &E::Key) -> Option<(E::Key, Vec<u8>)> {
        let entities = self.entities.borrow();
        let alike = entities.get(&(TypeId::of::<E>(), key_hash(key)))?;
        let with_key =
            |known: &Copied| known.key.downcast_ref::<E::Key>().cloned().zip(Some(known.state.clone()));
        with_key(alike.iter().find(|known| known.key.downcast_ref() == Some(key))?)
    }

    /// Puts an entity's bytes there, or removes it; gives those that were there.
    pub(crate) fn set(&self, key: Key, state: Option<Vec<u8>>) -> Option<Vec<u8>> {
        let entities = &mut *self.entities.borrow_mut();
        let alike = entities.entry((key.class, key.hash)).or_default();
        let at = alike.iter().position(|known| (key.same)(&*known.key, &*key.key));
        match (at, state) {
            (Some(at), Some(state)) => Some(std::mem::replace(&mut alike[at].state, state)),
            (Some(at), None) => Some(alike.remove(at).state),
            (None, Some(state)) => {
                alike.push(Copied { key: key.key, state });
                None
            }
            (None, None) => None,
        }
    }

    /// A class that the app does not have is an error.
    pub(crate) fn check<E: Entity>(&self) -> Result<()> {
        if self.methods.has::<E>() { Ok(()) } else { Err(self.methods.stranger::<E>()) }
    }

    /// Runs a transaction and forgets what it did, but for the record.
    pub(crate) fn run(self: &Rc<Self>, run: Run, ambient: Ambient) -> Record {
        let overlay = Overlay::shadow(self.clone());
        ambient::set(Some(ambient));
        emitted::start();
        let ended = run(&overlay);
        let record = overlay.recorded(ended);
        discard(overlay);
        ambient::set(None);
        record
    }
}

/// A transaction, to be run on plain maps.
pub(crate) type Run = Box<dyn FnOnce(&Rc<Overlay>) -> Ended + Send>;

/// See [`Run`].
pub(crate) fn run<M: Method>(call: Call<M>) -> Run {
    Box::new(move |overlay| {
        let invocation = Invocation::new(Mode::Overlay(overlay.clone()));
        let polled = caught(|| overlay.enter(&invocation, call, invocation.next()));
        let outcome = outcome(overlay.take_doom(), polled);
        let ended = Ended::of(&outcome, M::is_err);
        discard(outcome);
        ended
    })
}

/// Sorts what was written, so that runs can be compared.
pub(crate) fn sorted(mut written: Vec<Written>) -> Vec<Written> {
    written.sort_by(|a, b| (a.entity, &a.key).cmp(&(b.entity, &b.key)));
    written
}
