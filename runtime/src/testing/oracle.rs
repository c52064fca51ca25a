//! The oracle: transactions one at a time on plain maps, without workers, undo logs or messages.
//!
//! It runs the same methods with another world behind them; see `plain`. What it says is what the runtime has to say, byte
//! for byte.
use crate::base::ambient::{self, Ambient, TransactionId};
use crate::base::emitted::{self, Bare, Topics};
use crate::base::error::Error;
use crate::base::guard::caught;
use crate::base::thread::{STACK, as_worker};
use crate::entity::call::Call;
use crate::entity::explore::Explorer;
use crate::entity::inspect::{self, Shown};
use crate::entity::names::{self, Named};
use crate::entity::run::invoke::{Invocation, Mode};
use crate::entity::run::overlay::Overlay;
use crate::entity::run::task::{self, with_stack};
use crate::entity::traits::{Method, Methods};
use std::rc::Rc;
use std::sync::Arc;

/// Runs calls one after the other, each as a transaction.
pub struct Oracle {
    overlay: Rc<Overlay>,
    seed: u64,
    clock: fn() -> u64,
    /// The time of the last transaction: none is before it, as in the engine.
    now: u64,
    number: u64,
    known: Explorer,
    topics: Option<Arc<Topics>>,
    events: Vec<(String, String)>,
}

impl Default for Oracle {
    fn default() -> Self {
        Self::new()
    }
}

impl Oracle {
    /// An oracle without entities, with seed 0 and a clock that stands at 0.
    pub fn new() -> Self {
        let (overlay, known, topics, events) = (Rc::default(), Explorer::default(), None, Vec::new());
        Self { overlay, seed: 0, clock: || 0, now: 0, number: 0, known, topics, events }
    }
    /// Tells of a class, and of those that it can reach. It matters to names alone: where two classes of an app have one
    /// name, it shows them by their paths, and the oracle has to know of both.
    pub fn entity<E: Methods>(mut self) -> Self {
        self.known.visit_entity::<E>();
        // What is wrong with the classes is what `App::start` says.
        let _ = self.known.explore();
        self
    }
    /// The seed of [`crate::random`].
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }
    /// The clock behind [`crate::now`], in microseconds.
    pub fn clock(mut self, clock: fn() -> u64) -> Self {
        self.clock = clock;
        self
    }

    /// Topics that methods may emit to.
    pub fn topics(mut self, topics: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.topics = Some(Arc::new(Topics::new(topics.into_iter().map(Into::into).collect())));
        self
    }
    /// What the transactions have emitted, in order: the topic, and the event as JSON.
    pub fn events(&self) -> &[(String, String)] {
        &self.events
    }

    /// Runs one transaction.
    ///
    /// # Errors
    /// As the runtime: see [`Error`].
    pub fn call<M: Method>(&mut self, call: Call<M>) -> Result<M::Output, Error> {
        let id = TransactionId { run: 0, handle: 0, number: self.number };
        self.number += 1;
        self.now = self.now.max((self.clock)());
        ambient::set(Some(Ambient { id, now: self.now, seed: self.seed, ..Ambient::default() }));
        let before = emitted::set_topics(self.topics.clone());
        emitted::start();
        let invocation = Invocation::new(Mode::Overlay(self.overlay.clone()));
        let enter = || self.overlay.enter(&invocation, call, invocation.next());
        let outcome = caught(|| as_worker(STACK, || with_stack(0, enter)));
        let result = task::outcome(self.overlay.take_doom(), outcome);
        let commit = result.as_ref().is_ok_and(|output| !M::is_err(output));
        self.overlay.end(commit);
        if let (Some(emitted), Some(topics)) = (emitted::take_events().filter(|_| commit), &self.topics) {
            let named = |(topic, body): Bare| (topics.name(topic).to_owned(), body);
            self.events.extend(emitted.in_order().into_iter().map(named));
        }
        emitted::set_topics(before);
        ambient::set(None);
        result
    }

    /// The whole state, as [`crate::Handle::inspect`] shows it.
    pub fn inspect(&self) -> serde_json::Value {
        let (touched, entities): (Vec<Named>, Vec<Vec<Shown>>) = self.overlay.inspect().into_iter().unzip();
        let mut all = touched.clone();
        all.extend(self.known.named().filter(|known| !touched.iter().any(|named| named.is(known))).cloned());
        let names = names::shown(&all);
        let name = |named: &Named| names.get(&named.class()).cloned().unwrap_or_default();
        inspect::whole([touched.iter().map(name).zip(entities).collect()].into_iter())
    }
}
