//! What a transaction did, as bytes: the calls in their order, with their answers, and the states it left.
use crate::base::emitted::{self, Bare};
use crate::base::error::{Error, Result};
use crate::base::guard::{caught, discard};
use crate::codec::{Form, decode, encode, first_shown, shown};
use crate::entity::call::Call;
use crate::entity::run::twice::encoded;
use crate::entity::traits::{Entity, Method};
use crate::entity::visit::ValueVisitor;
use std::any::TypeId;
use std::cell::RefCell;
use thalweg_graph::Access;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// A method was called.
    Called(Callee, Vec<u8>),
    /// It returned.
    Returned(Callee, Vec<u8>),
}

/// A method and the entity it was called on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Callee {
    entity: &'static str,
    method: &'static str,
    access: Access,
    key: Vec<u8>,
}

/// A state that a transaction left; `None` for an entity that it removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) entity: &'static str,
    pub(crate) class: TypeId,
    pub(crate) key: Vec<u8>,
    pub(crate) state: Option<Vec<u8>>,
}

/// How a transaction ended; its answer is that of its first call.
pub(crate) struct Ended {
    pub(crate) failed: Option<Error>,
    pub(crate) commit: bool,
}

impl Ended {
    pub(crate) fn of<T>(outcome: &Result<T>, is_err: fn(&T) -> bool) -> Self {
        let commit = outcome.as_ref().is_ok_and(|output| !is_err(output));
        Self { failed: outcome.as_ref().err().cloned(), commit }
    }
}

/// All that a transaction did.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) events: Vec<Event>,
    /// Why there is no answer.
    pub(crate) failed: Option<String>,
    pub(crate) commit: bool,
    pub(crate) written: Vec<Written>,
    /// What it emitted.
    pub(crate) emitted: Vec<Bare>,
    /// Whether an entity took part that is allowed to differ.
    pub(crate) allowed: bool,
    /// What is wrong, whatever another run does; with the method.
    pub(crate) fault: Option<Difference>,
}

/// A method, and what of it differed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Difference {
    pub(crate) method: String,
    pub(crate) what: String,
}

/// Writes down what happens.
#[derive(Default)]
pub(crate) struct Recorder(RefCell<Notes>);

#[derive(Default)]
struct Notes {
    events: Vec<Event>,
    running: Vec<Callee>,
    allowed: bool,
    fault: Option<Difference>,
}

impl Recorder {
    // What is generic here is compiled for every method of a user's; so it does no more than make bytes.

    /// Writes down a call.
    pub(crate) fn called<M: Method>(&self, call: &Call<M>) {
        let mut arguments = Vec::new();
        M::visit(&call.args, &mut ValueVisitor::encoding(Form::Binary, &mut arguments));
        self.call::<M::Entity>(M::NAME, M::ACCESS, &call.key, arguments);
    }

    fn call<E: Entity>(&self, method: &'static str, access: Access, key: &E::Key, arguments: Vec<u8>) {
        let callee = Callee { entity: E::NAME, method, access, key: encode(key) };
        self.note(callee, arguments, E::NONDETERMINISM);
    }

    fn note(&self, callee: Callee, arguments: Vec<u8>, allowed: bool) {
        let notes = &mut *self.0.borrow_mut();
        notes.allowed |= allowed;
        notes.running.push(callee.clone());
        notes.events.push(Event::Called(callee, arguments));
    }

    /// Writes down the answer to the last call that has none.
    pub(crate) fn returned<M: Method>(&self, output: &M::Output) {
        let mut answer = Vec::new();
        M::visit_output(output, &mut ValueVisitor::encoding(Form::Binary, &mut answer));
        self.answer(answer);
    }

    fn answer(&self, answer: Vec<u8>) {
        let notes = &mut *self.0.borrow_mut();
        let callee = notes.running.pop();
        notes.events.extend(callee.map(|callee| Event::Returned(callee, answer)));
    }

    /// Something is wrong with the method that runs.
    pub(crate) fn fault(&self, what: String) {
        let notes = &mut *self.0.borrow_mut();
        let method = notes.running.last().map(Callee::name).unwrap_or_default();
        notes.fault.get_or_insert(Difference { method, what });
    }

    /// What has been written down since the last time.
    pub(crate) fn take(&self, ended: Ended, written: Vec<Written>) -> Record {
        let Notes { events, allowed, fault, .. } = self.0.take();
        let Ended { failed, commit } = ended;
        let (written, emitted) = if commit { (written, emitted::peek()) } else { (Vec::new(), Vec::new()) };
        Record {
            events,
            failed: failed.map(|error| error.to_string()),
            commit,
            written,
            emitted,
            allowed,
            fault,
        }
    }
}

impl Event {
    fn callee(&self) -> &Callee {
        let (Self::Called(callee, _) | Self::Returned(callee, _)) = self;
        callee
    }
}

impl Callee {
    pub(crate) fn name(&self) -> String {
        format!("{}::{}", self.entity, self.method)
    }

    fn shown(&self) -> String {
        format!("`{}` on {}", self.name(), shown(&self.key))
    }
}

impl Written {
    pub(crate) fn new<E: Entity>(key: &E::Key, state: Option<&E>) -> Self {
        let key = caught(|| encode(key)).unwrap_or_default();
        Self { entity: E::NAME, class: TypeId::of::<E>(), key, state: state.map(encoded) }
    }

    /// Whether the state is another when it is read back, and how.
    pub(crate) fn lost<E: Entity>(&self) -> Option<String> {
        let bytes = self.state.as_deref()?;
        let again = match caught(|| decode::<E>(bytes)) {
            Ok(Ok(state)) => {
                let again = encoded(&state);
                discard(state);
                Ok(again)
            }
            Ok(Err(error)) => Err(error.to_string()),
            Err(panic) => Err(panic.to_string()),
        };
        self.differs(bytes, again)
    }

    /// What is said of a state that was read back from its bytes, if it became other bytes or none.
    fn differs(&self, bytes: &[u8], again: Result<Vec<u8>, String>) -> Option<String> {
        let name = self.name();
        match again {
            Ok(again) if again == bytes => None,
            Ok(again) => {
                let [was, is] = [bytes, &again].map(shown);
                Some(format!("{name} is another when it is read back from its bytes: {was}, and then {is}"))
            }
            Err(error) => Some(format!("{name} cannot be read back from its bytes: {error}")),
        }
    }

    pub(crate) fn name(&self) -> String {
        format!("{} {}", self.entity, shown(&self.key))
    }

    pub(crate) fn shown(&self) -> String {
        self.state.as_deref().map_or_else(|| "nothing".to_owned(), shown)
    }
}

impl Record {
    /// The method that wrote to an entity last, or else the root.
    pub(crate) fn writer(&self, written: &Written) -> String {
        let wrote = |callee: &&Callee| {
            callee.access != Access::Read && callee.entity == written.entity && callee.key == written.key
        };
        let callees = || self.events.iter().map(Event::callee);
        callees().rfind(wrote).or_else(|| callees().next()).map(Callee::name).unwrap_or_default()
    }

    /// What another run from the same state did that this one did not.
    pub(crate) fn difference(&self, other: &Self) -> Option<Difference> {
        let differ = self.calls_differ(other).or_else(|| self.answers_differ(other));
        differ.or_else(|| self.states_differ(other)).or_else(|| self.emitted_differ(other))
    }

    fn emitted_differ(&self, other: &Self) -> Option<Difference> {
        let longest = self.emitted.len().max(other.emitted.len());
        let two = (0..longest).map(|at| (self.emitted.get(at), other.emitted.get(at)));
        let (a, b) = two.into_iter().find(|(a, b)| a != b)?;
        let text = |event: Option<&Bare>| event.map_or("nothing more", |(_, body)| body).to_owned();
        let method = self.events.first().map(|event| event.callee().name()).unwrap_or_default();
        Some(Difference { method, what: format!("it emitted {}, and then {}", text(a), text(b)) })
    }

    fn calls_differ(&self, other: &Self) -> Option<Difference> {
        let mut running: Vec<&Callee> = Vec::new();
        let longest = self.events.len().max(other.events.len());
        for at in 0..longest {
            let (a, b) = (self.events.get(at), other.events.get(at));
            // The arguments of the root are copies, and no doing of its method.
            let same = a == b
                || at == 0
                    && matches!((a, b), (Some(Event::Called(a, _)), Some(Event::Called(b, _))) if a == b);
            match (same, a) {
                (true, Some(Event::Called(callee, _))) => running.push(callee),
                (true, _) => drop(running.pop()),
                (false, _) => {
                    let method = running.last().map(|callee| callee.name()).unwrap_or_default();
                    let what = format!("it {}, and then {}", did(a), did(b));
                    return Some(Difference { method, what });
                }
            }
        }
        None
    }

    fn answers_differ(&self, other: &Self) -> Option<Difference> {
        if self.failed == other.failed && self.commit == other.commit {
            return None;
        }
        let text = |failed: &Option<String>| match failed {
            Some(error) => format!("failed ({error})"),
            None => "answered".to_owned(),
        };
        // What failed is the method that had not returned.
        let mut running = Vec::new();
        for event in &self.events {
            match event {
                Event::Called(callee, _) => running.push(callee),
                Event::Returned(..) => drop(running.pop()),
            }
        }
        let root = || self.events.first().map(Event::callee);
        let method = running.pop().or_else(root).map(Callee::name).unwrap_or_default();
        Some(Difference {
            method,
            what: format!("it {}, and then {}", text(&self.failed), text(&other.failed)),
        })
    }

    fn states_differ(&self, other: &Self) -> Option<Difference> {
        let of = |record: &Self, like: &Written| {
            let mut all = record.written.iter();
            all.find(|written| written.class == like.class && written.key == like.key).cloned()
        };
        let both = self.written.iter().chain(&other.written);
        let differs = both.clone().find(|written| of(self, written) != of(other, written))?;
        let text =
            |record: &Self| of(record, differs).map_or_else(|| "as it was".to_owned(), |it| it.shown());
        let what = format!("it left {} as {}, and then as {}", differs.name(), text(self), text(other));
        Some(Difference { method: self.writer(differs), what })
    }
}

fn did(event: Option<&Event>) -> String {
    match event {
        Some(Event::Called(callee, arguments)) => {
            format!("called {} with {}", callee.shown(), list(arguments))
        }
        Some(Event::Returned(_, answer)) => format!("answered {}", shown(answer)),
        None => "made no more calls".to_owned(),
    }
}

/// Arguments stand one after the other.
fn list(mut bytes: &[u8]) -> String {
    let mut all = Vec::new();
    while !bytes.is_empty() {
        let Some((text, rest)) = first_shown(bytes) else {
            all.push(String::from_utf8_lossy(bytes).into_owned());
            break;
        };
        all.push(text);
        bytes = rest;
    }
    format!("({})", all.join(", "))
}
