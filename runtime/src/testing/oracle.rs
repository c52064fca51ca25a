//! The oracle: transactions one at a time on plain maps, without workers, undo logs or messages.
//!
//! It runs the same methods with another world behind them; see `plain`. What it says is what the runtime has to say, byte
//! for byte.
use crate::base::ambient::{self, Ambient, TransactionId};
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

/// Runs calls one after the other, each as a transaction.
pub struct Oracle {
    overlay: Rc<Overlay>,
    seed: u64,
    clock: fn() -> u64,
    /// The time of the last transaction: none is before it, as in the engine.
    now: u64,
    number: u64,
    known: Explorer,
}

impl Default for Oracle {
    fn default() -> Self {
        Self::new()
    }
}

impl Oracle {
    /// An oracle without entities, with seed 0 and a clock that stands at 0.
    pub fn new() -> Self {
        Self { overlay: Rc::default(), seed: 0, clock: || 0, now: 0, number: 0, known: Explorer::default() }
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

    /// Runs one transaction.
    ///
    /// # Errors
    /// As the runtime: see [`Error`].
    pub fn call<M: Method>(&mut self, call: Call<M>) -> Result<M::Output, Error> {
        let id = TransactionId { run: 0, handle: 0, number: self.number };
        self.number += 1;
        self.now = self.now.max((self.clock)());
        ambient::set(Some(Ambient { id, now: self.now, seed: self.seed, ..Ambient::default() }));
        let invocation = Invocation::new(Mode::Overlay(self.overlay.clone()));
        let enter = || self.overlay.enter(&invocation, call, invocation.next());
        let outcome = caught(|| as_worker(STACK, || with_stack(0, enter)));
        let result = task::outcome(self.overlay.take_doom(), outcome);
        let commit = result.as_ref().is_ok_and(|output| !M::is_err(output));
        self.overlay.end(commit);
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
