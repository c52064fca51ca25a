//! Plain Rust objects, compiled to a transactional dataflow.
//!
//! Write entities with [`entity`], start an [`App`], and every call is a serializable transaction over any number of
//! entities. The README of the repository has a program to begin with; ARCHITECTURE.md tells how it works.
//!
//! The modules stand in the order of a request's way: `ingress → sequence → dataflow → execute → worker → reply`.
#![forbid(unsafe_code)]
#[cfg(test)]
extern crate self as thalweg; // tests in here have entities, too

mod error;
mod guard;
mod thread;
mod waker;
mod watch;
mod place;
mod entity;
mod autoref;
mod unmade;
mod outcome;
mod call;
mod catalog;
mod ambient;
mod clock;
mod harvest;
mod names;
mod fields;
mod measure;
mod program;
mod plan;
mod counts;
mod indices;
mod app;
mod room;
mod ingress;
mod request;
mod batch;
mod egress;
mod sequence;
mod message;
mod dataflow;
mod running;
mod execute;
mod queue;
mod worker;
mod txn_local;
mod access;
mod flow;
mod task;
mod cx;
mod plain;
mod state;
mod loan;
mod groups;
mod inspect;
mod codec;
mod twice;
mod reply;
#[cfg(test)]
mod failing;
#[cfg(doc)]
pub mod example;
pub mod oracle;
pub mod simulation;
pub mod testing;

pub use ambient::{TransactionId, now, random, transaction};
pub use app::{App, Counts, Handle};
pub use call::{Awaitable, Call, Join, JoinAll, Ref, TryJoinAll, join, join_all, try_join_all};
pub use catalog::MethodInfo;
pub use counts::MethodCounts;
pub use entity::{Entity, Key, Methods, Portable, State};
pub use error::{Bound, Error};
pub use reply::{Replies, Reply};
pub use serde;
pub use thalweg_graph as graph;
pub use thalweg_macros::entity;
#[doc(hidden)]
pub use unmade::{Awaited, AwaitedInsideAnEntity};
pub use watch::RunningMethod;

/// What a program that uses an app may return from `main`: every [`Error`], and every error of a method, goes into it
/// with `?`. The calls themselves return a plain `Result<_, Error>`.
pub type Result<T = (), E = Box<dyn std::error::Error + Send + Sync>> = std::result::Result<T, E>;

/// How deep calls may be nested.
///
/// It is the same at any number of workers, and low enough for an endless recursion to end in a fraction of a second also
/// where every call goes to another worker.
pub const MAX_DEPTH: u32 = 16_000;

/// What an entity's module needs.
pub mod prelude {
    pub use crate::{App, Call, Handle, Ref, entity, join, join_all, try_join_all};
}

/// What generated code needs; not for people.
#[doc(hidden)]
pub mod __private {
    pub use crate::autoref::*;
    pub use crate::call::Base;
    pub use crate::codec::Arguments;
    pub use crate::cx::{Cx, Held, NeverAwaited, Site};
    pub use crate::entity::{
        Argument, Constructed, Entity, Exists, Facts, KeyNamed, Kind, Method, MethodVisitor, Methods,
        Portable, State, Stub,
    };
    pub use crate::entity::{
        ByBytes, ByClone, NeverCopied, NeverCopies, NeverDecoded, NeverTwin, NeverVisited,
    };
    pub use crate::harvest::Harvest;
    pub use crate::loan::Lendable;
    pub use crate::outcome::{NeverErr, Outcome, SometimesErr, unclear};
    pub use crate::place::{ClassId, StableHasher};
    pub use crate::program::Explorer;
    pub use crate::unmade::Refused;
    pub use crate::{Call, Ref};
    pub use core;
    pub use serde;
    pub use std;
    pub use thalweg_graph::Access;
}
