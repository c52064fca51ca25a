//! The thread that repeats transactions, with a replica of the state as bytes.
//!
//! It is another thread than the worker's, so that what belongs to a thread is another there; and it has bytes, so that
//! every run begins with a state that has just been read, at other addresses and with other hashers.
use super::record::{Ended, Record, Written};
use crate::Error;
use crate::ambient::{self, Ambient};
use crate::call::Call;
use crate::entity::{Entity, Method};
use crate::error::Result;
use crate::flow::{Flow, World};
use crate::oracle::Plain;
use crate::plan::Methods;
use crate::task::{caught, discard};
use std::any::{Any, TypeId};
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;
use std::sync::{Arc, mpsc};
use std::task::Poll;
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
        let run = move || {
            let replica = Rc::new(Replica { methods, classes: RefCell::default() });
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
    classes: RefCell<HashMap<TypeId, Rc<dyn AnyCopies>>>,
}

/// The entities of a class, as bytes.
pub(crate) struct Copies<E: Entity>(RefCell<BTreeMap<E::Key, Vec<u8>>>);

impl<E: Entity> Copies<E> {
    /// An entity's bytes, with the key as it stands there.
    pub(crate) fn get(&self, key: &E::Key) -> Option<(E::Key, Vec<u8>)> {
        self.0.borrow().get_key_value(key).map(|(key, bytes)| (key.clone(), bytes.clone()))
    }
}

/// [`Copies`] without their type.
pub(crate) trait AnyCopies: Any {
    fn get(&self, key: &dyn Any) -> Option<Vec<u8>>;
    fn set(&self, key: &dyn Any, state: Option<Vec<u8>>);
}

impl<E: Entity> AnyCopies for Copies<E> {
    fn get(&self, key: &dyn Any) -> Option<Vec<u8>> {
        self.get(key.downcast_ref()?).map(|(_, bytes)| bytes)
    }
    fn set(&self, key: &dyn Any, state: Option<Vec<u8>>) {
        let Some(key) = key.downcast_ref::<E::Key>() else { return };
        let copies = &mut *self.0.borrow_mut();
        match state {
            Some(state) => drop(copies.insert(key.clone(), state)),
            None => drop(copies.remove(key)),
        }
    }
}

pub(crate) fn copies<E: Entity>() -> Rc<dyn AnyCopies> {
    Rc::new(Copies::<E>(RefCell::default()))
}

impl Replica {
    /// The copies of a class, which may be new.
    pub(crate) fn class(&self, class: TypeId, make: fn() -> Rc<dyn AnyCopies>) -> Rc<dyn AnyCopies> {
        self.classes.borrow_mut().entry(class).or_insert_with(make).clone()
    }

    /// The same, with their type.
    pub(crate) fn of<E: Entity>(&self) -> Result<Rc<Copies<E>>> {
        if !self.methods.has::<E>() {
            return Err(self.methods.stranger::<E>());
        }
        let copies = self.class(TypeId::of::<E>(), copies::<E>) as Rc<dyn Any>;
        Ok(copies.downcast().unwrap_or_else(|_| unreachable!("copies stand under their own type")))
    }

    /// Runs a transaction and forgets what it did, but for the record.
    pub(crate) fn run(self: &Rc<Self>, run: Run, ambient: Ambient) -> Record {
        let plain = Plain::shadow(self.clone());
        ambient::set(Some(ambient));
        let ended = run(&plain);
        let record = plain.recorded(ended);
        discard(plain);
        ambient::set(None);
        record
    }
}

/// A transaction, to be run on plain maps.
pub(crate) type Run = Box<dyn FnOnce(&Rc<Plain>) -> Ended + Send>;

/// See [`Run`].
pub(crate) fn run<M: Method>(call: Call<M>) -> Run {
    Box::new(move |plain| {
        let flow = Flow::new(World::Plain(plain.clone()));
        let polled = caught(|| plain.enter(&flow, call, flow.next()));
        let outcome = match (plain.take_doom(), polled) {
            (Some(error), _) | (None, Err(error)) => Err(error),
            (None, Ok(Poll::Ready(output))) => Ok(output),
            (None, Ok(Poll::Pending)) => Err(Error::Stopped),
        };
        let ended = Ended::of::<M>(&outcome);
        discard(outcome);
        ended
    })
}

/// Sorts what was written, so that runs can be compared.
pub(crate) fn sorted(mut written: Vec<Written>) -> Vec<Written> {
    written.sort_by(|a, b| (a.entity, &a.key).cmp(&(b.entity, &b.key)));
    written
}
