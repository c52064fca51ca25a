//! What can go wrong outside the user's own `Err`: one type, each text says what happened.
use crate::base::room::Bound;
use crate::base::storage_fault::StorageFault;
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use thiserror::Error;

/// A name that a program has. An alias, so that serde does not take it for something borrowed.
type Name = &'static str;

/// A transaction, or a request for one, that the system could not carry out.
///
/// In every case but [`Error::Undecided`] the state is as if the transaction had not been.
#[derive(Clone, Debug, Error, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Error {
    /// A call reached an entity that does not exist.
    #[error("{entity} {key} does not exist; create it first, or mark the entity #[entity(auto)]")]
    Missing {
        /// The class of the entity.
        #[serde(deserialize_with = "interned")]
        entity: Name,
        /// Its key.
        key: String,
    },
    /// A constructor was called on an entity that exists.
    #[error("{entity} {key} exists already; ask `exists()` before creating it")]
    AlreadyExists {
        /// The class of the entity.
        #[serde(deserialize_with = "interned")]
        entity: Name,
        /// Its key.
        key: String,
    },
    /// A constructor made an entity with another key than that of the reference it was called on, or a method changed
    /// the key of its entity: a field of it, or all of `self` with `*self = ..` or `mem::take(self)`.
    #[error(
        "{entity} {key} was given the key {made}; a constructor takes the key of its reference, and no method changes \
         it: to move a state, create the other entity and remove this one"
    )]
    WrongKey {
        /// The class of the entity.
        #[serde(deserialize_with = "interned")]
        entity: Name,
        /// The key of the reference.
        key: String,
        /// The key that it was given.
        made: String,
    },
    /// User code panicked; the panic was caught and the transaction undone.
    #[error("a method panicked: {message}")]
    Panicked {
        /// The panic's message.
        message: String,
    },
    /// Calls were nested deeper than [`crate::MAX_DEPTH`].
    #[error("calls are nested deeper than {limit}; is there an endless recursion?")]
    TooDeep {
        /// The limit.
        limit: u32,
    },
    /// The engine's own: a transaction reached an entity for which it has no ticket. It is run again, and never answered
    /// with this.
    #[doc(hidden)]
    #[error("{entity} {key} was called (`{method}`) without a ticket")]
    Unplanned {
        /// The class of the entity.
        #[serde(deserialize_with = "interned")]
        entity: Name,
        /// Its key.
        key: String,
        /// The method that was called on it.
        #[serde(deserialize_with = "interned")]
        method: Name,
        /// The worker that owns it.
        worker: usize,
    },
    /// A call went to another group of workers or to the log, and its arguments or its result are not what their bytes say.
    #[error(
        "a call of `{entity}::{method}` cannot go to another group of workers, or to the log: {what}; let what it takes \
         and gives be the same behind its bytes"
    )]
    NotPortable {
        /// The class of the entity.
        #[serde(deserialize_with = "interned")]
        entity: Name,
        /// The method.
        #[serde(deserialize_with = "interned")]
        method: Name,
        /// What went wrong.
        what: String,
    },
    /// A call to an entity whose class is not among those that the app was started with, nor reached from them.
    #[error("{entity} ({path}) is not part of the app `{app}`; register it with `.entity::<{entity}>()`")]
    NotInApp {
        /// The class of the entity.
        #[serde(deserialize_with = "interned")]
        entity: Name,
        /// The path of its struct.
        #[serde(deserialize_with = "interned")]
        path: Name,
        /// The name of the app.
        app: String,
    },
    /// A call by name to a class that the app does not have.
    #[error("there is no entity `{entity}`; the app has {}", list(.known))]
    UnknownEntity {
        /// The name that was called.
        entity: String,
        /// The classes of the app.
        known: Vec<String>,
    },
    /// A call by name of a method that the entity does not have.
    #[error("`{entity}` has no method `{method}`; it has {}", list(.known))]
    UnknownMethod {
        /// The class of the entity.
        entity: String,
        /// The name that was called.
        method: String,
        /// Its methods that can be called by name.
        known: Vec<String>,
    },
    /// A call by name of a method that has no such form.
    #[error("`{entity}::{method}` cannot be called by name: {why}")]
    NotByName {
        /// The class of the entity.
        entity: String,
        /// The method.
        method: String,
        /// The reason.
        #[serde(deserialize_with = "interned")]
        why: Name,
    },
    /// A call by name with something that is no key of the entity.
    #[error("this is no key of `{entity}`: {what}")]
    BadKey {
        /// The class of the entity.
        entity: String,
        /// Where it is wrong, and what was expected.
        what: String,
    },
    /// A call by name with arguments that the method does not take.
    #[error("`{entity}::{method}` does not take these arguments: {what}")]
    BadArgument {
        /// The class of the entity.
        entity: String,
        /// The method.
        method: String,
        /// Where they are wrong, as `lines[3].quantity`, and what was expected.
        what: String,
    },
    /// A transaction did not do the same when it ran again from the same state; see [`crate::App::check_determinism`].
    #[error(
        "`{method}` differs from run to run: {what}; take time, chance and identity from `thalweg::now()`, `random()` \
         and `transaction()`, keep what has an order in a `BTreeMap`, and everything else in arguments or plain fields"
    )]
    Nondeterministic {
        /// The method, as `Entity::method`.
        method: String,
        /// The first difference.
        what: String,
    },
    /// The queue of the handle's worker has no room for the request, or for all requests of a batch.
    #[error(
        "the queue is full: {full}, and it takes {capacity} requests (`App::queue`) with {bytes} bytes of arguments \
         (`App::queue_bytes`); wait, use a call that waits, or ask for less at once"
    )]
    Overloaded {
        /// How many requests may be in flight per worker: [`crate::App::queue`].
        capacity: usize,
        /// How many bytes of arguments they may have: [`crate::App::queue_bytes`].
        bytes: usize,
        /// Which of the two bounds was hit.
        full: Bound,
    },
    /// Something that waits was called where it would wait for itself: in a method of an entity, or in other code that
    /// a worker runs.
    #[error(
        "`{what}` was called inside a transaction, which would wait for itself; await the call in an async method, or \
         `submit` it and do not wait for the answer; stop and inspect an app from outside"
    )]
    InsideTransaction {
        /// What was called.
        #[serde(deserialize_with = "interned")]
        what: Name,
    },
    /// An app has not ended in the time that it was given: see [`crate::Handle::stop_within`].
    #[error("the app has not ended within {limit:?}; it runs {}; it goes on ending, and takes no requests", running_text(.running))]
    StillRunning {
        /// The time that it was given.
        limit: std::time::Duration,
        /// What runs on which worker, and for how long.
        running: Vec<String>,
    },
    /// A generic method was called from outside with types that no method of the program calls it with, in an app that keeps
    /// a log: what a log says of it could not be read back by another process.
    #[error(
        "`{entity}::{method}` is generic, and no method of the program calls it with these types, so the log cannot name it; \
         let a method that is not generic call it"
    )]
    NotLogged {
        /// The class of the entity.
        #[serde(deserialize_with = "interned")]
        entity: Name,
        /// The method.
        #[serde(deserialize_with = "interned")]
        method: Name,
    },
    /// The data directory cannot be used, for this reason. Nothing in it was changed by what failed.
    #[error("{what}")]
    Storage {
        /// The kind of reason.
        fault: StorageFault,
        /// What, where, and what to do.
        what: String,
    },
    /// The log could not be made durable, so whether the transaction stands is not known: after a restart it is there once, or
    /// not at all.
    #[error(
        "the log failed before the transaction was durable; after a restart it is there once or not at all; ask again \
         with the same request id"
    )]
    Undecided,
    /// The transaction ended the process each time that it was executed, and somebody has decided to leave it out: see
    /// [`DataDir::skip`](crate::data_dir::DataDir::skip).
    #[error("the transaction ended the process each time that it was executed, and is left out")]
    Skipped,
    /// The process has ended several times while the log was executed again, and always here.
    #[error(
        "the process has ended {deaths} times while epoch {epoch} was executed again; then ran {}; mend the method, or \
         leave the transaction out with `thalweg log skip DIR EPOCH.TRANSACTION`", suspects.join(" and ")
    )]
    Deadly {
        /// The epoch.
        epoch: u64,
        /// What ran when the process ended, as `epoch.transaction (Entity::method)`: one for each worker that ran something.
        suspects: Vec<String>,
        /// How often it has ended there.
        deaths: u64,
    },
    /// What the log holds did not come out as it did when it was logged: the program has changed, or a method depends on
    /// something besides its arguments and its state.
    #[error(
        "epoch {epoch}, transaction {transaction} (`{method}`) {recorded} when it was logged, and {replayed} when it is \
         replayed; {}; start the program that wrote the log once more and stop it, which drains the log, or take the \
         difference out of the method; `App::accept_divergence` takes what it comes to now", changed_text(.changed)
    )]
    Diverged {
        /// The epoch.
        epoch: u64,
        /// The place of the transaction in its epoch, from 0.
        transaction: u64,
        /// The method, as `Entity::method`.
        method: String,
        /// What became of it when it was logged.
        recorded: String,
        /// What becomes of it now.
        replayed: String,
        /// The classes that have changed since, as far as their own source says.
        changed: Vec<String>,
    },
    /// A method that writes was called on a copy that shows the past: see [`crate::App::at_epoch`].
    #[error(
        "`{entity}::{method}` writes, and this app shows the state behind epoch {epoch}, which is over; call methods that only read"
    )]
    ReadOnly {
        /// The class of the entity.
        entity: String,
        /// The method.
        method: String,
        /// The epoch.
        epoch: u64,
    },
    /// A request has an id that another one had: of the same method and entity, with other arguments.
    #[error(
        "the id of the request was another one's, with other arguments; give each request an id of its own"
    )]
    IdReused,
    /// There are so many ids that no further one can be remembered.
    #[error(
        "{most} ids of requests are remembered (`App::most_ids`), and none of them is old enough to be forgotten \
         (`App::remember_ids`); wait, or raise the bound"
    )]
    TooManyIds {
        /// How many ids are remembered: [`crate::App::most_ids`].
        most: usize,
    },
    /// A method emitted an event to a topic that no sink takes.
    ///
    /// In an app with a log this is what became of the transaction. Stop the app before it gets the sink: a log that is executed
    /// again with it would come out in another way.
    #[error("no sink takes the topic `{topic}`; give the app one with `App::sink`")]
    NoSink {
        /// The topic.
        topic: String,
    },
    /// A method emitted an event that cannot be written as JSON.
    #[error(
        "an event for the topic `{topic}` has no JSON: {what}; let its `Serialize` write what JSON can hold"
    )]
    BadEvent {
        /// The topic.
        topic: String,
        /// What is wrong.
        what: String,
    },
    /// A sink cannot be used, or does not fit the app. What it has not taken stays in the data directory, if there is one.
    #[error("the sink of {topics}: {what}")]
    Sink {
        /// Its topics.
        topics: String,
        /// What, and what to do.
        what: String,
    },
    /// The app was stopped before the request came.
    #[error("the app was stopped")]
    Stopped,
    /// A field of an entity has a type that undo cannot take back, or whose order differs from run to run, behind an
    /// alias. The app could not be started.
    #[error("the app cannot start: `{field}` of `{entity}` is a `{ty}`: {why}")]
    Field {
        /// The class of the entity.
        #[serde(deserialize_with = "interned")]
        entity: Name,
        /// The field.
        #[serde(deserialize_with = "interned")]
        field: Name,
        /// Its type, as rustc knows it.
        #[serde(deserialize_with = "interned")]
        ty: Name,
        /// What is wrong with it, and what to do.
        #[serde(deserialize_with = "interned")]
        why: Name,
    },
    /// The engine has broken down, or is not as it must be. Whoever waits for it is told this, and nothing that comes
    /// later is accepted.
    #[error("the engine failed: {what}; this is a bug in Thalweg; please report it")]
    Internal {
        /// What was found.
        what: String,
    },
    /// The app could not be started.
    #[error("the app cannot start: {0}")]
    Start(String),
}

/// A name in an error that has been read. There are as many as classes and methods, so they stay.
fn interned<'de, D: Deserializer<'de>>(deserializer: D) -> Result<&'static str, D::Error> {
    static NAMES: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    let name = String::deserialize(deserializer)?;
    let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = names.get(name.as_str()) {
        return Ok(known);
    }
    let name: &'static str = name.leak();
    names.insert(name);
    Ok(name)
}

fn running_text(running: &[String]) -> String {
    if running.is_empty() { "what had entered".to_owned() } else { running.join(", ") }
}

fn changed_text(changed: &[String]) -> String {
    match changed {
        [] => "no class has changed since".to_owned(),
        [one] => format!("`{one}` has changed since"),
        all => format!("{} have changed since", list(all)),
    }
}

/// Names, for a sentence.
fn list(names: &[String]) -> String {
    if names.is_empty() {
        return "none".to_owned();
    }
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

impl Error {
    /// What must be there is not.
    pub(crate) fn internal(what: &str) -> Self {
        Self::Internal { what: what.to_owned() }
    }

    /// The owner of the entity that was touched without a ticket, if that is what this says.
    pub(crate) fn owner_without_ticket(&self) -> Option<usize> {
        match self {
            Self::Unplanned { worker, .. } => Some(*worker),
            _ => None,
        }
    }
}

/// A result inside the engine.
pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;
