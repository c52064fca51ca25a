//! Plain Rust objects, compiled to a transactional dataflow.
//!
//! Write entities with [`entity`], start an [`App`], and every call is a serializable transaction over any number of
//! entities. The README of the repository has a program to begin with; ARCHITECTURE.md tells how it works.
//!
//! The modules are floors: each imports only those that stand before it, and a test sees to that.
#![forbid(unsafe_code)]
#[cfg(test)]
extern crate self as thalweg; // tests in here have entities, too

mod base;
mod codec;
mod methods;
mod state;
mod egress;
mod entity;
mod request;
mod program;
mod durable;
mod sequence;
mod execute;
mod dataflow;
mod app;
pub mod data_dir;
pub mod testing;

#[cfg(doc)]
pub mod example;
#[cfg(test)]
mod failing;

pub use app::{App, Counts, Handle};
pub use base::ambient::{TransactionId, now, random, transaction};
pub use base::emitted::emit;
pub use base::error::Error;
pub use base::room::Bound;
pub use base::storage_fault::StorageFault;
pub use egress::reply::{Replies, Reply};
pub use entity::call::{
    Awaitable, Call, CallWithId, Callable, Join, JoinAll, Ref, TryJoinAll, join, join_all, try_join_all,
};
pub use entity::run::invoke::MAX_DEPTH;
pub use entity::traits::{Entity, Key, Methods, Portable, State};
#[doc(hidden)]
pub use entity::unmade::{Awaited, AwaitedInsideAnEntity};
pub use methods::counts::MethodCounts;
pub use methods::watch::RunningMethod;
pub use program::catalog::MethodInfo;
pub use serde;
pub use state::table::Table;
pub use testing::{oracle, simulation};
pub use thalweg_graph as graph;
pub use thalweg_macros::entity;
pub use thalweg_sink as sink;

/// What a program that uses an app may return from `main`: every [`Error`], and every error of a method, goes into it
/// with `?`. The calls themselves return a plain `Result<_, Error>`.
pub type Result<T = (), E = Box<dyn std::error::Error + Send + Sync>> = std::result::Result<T, E>;

/// What comes of a [`Table`]: its entries and its iterators, as in `std::collections::btree_map`.
pub mod table {
    pub use crate::state::table::{Entry, Iter, Keys, OccupiedEntry, Range, Table, VacantEntry, Values};
}

/// What an entity's module needs.
pub mod prelude {
    pub use crate::{App, Call, Handle, Ref, Table, entity, join, join_all, try_join_all};
}

/// What generated code needs; not for people.
#[doc(hidden)]
pub mod generated {
    pub use crate::base::class_id::ClassId;
    pub use crate::base::hash::StableHasher;
    pub use crate::codec::Arguments;
    pub use crate::entity::autoref::*;
    pub use crate::entity::call::Base;
    pub use crate::entity::explore::Explorer;
    pub use crate::entity::outcome::{NeverErr, Outcome, SometimesErr, unclear};
    pub use crate::entity::run::context::{Held, MethodContext, NeverAwaited, Site};
    pub use crate::entity::tables::{Merging, NeverMerges, NeverShown, Shown};
    pub use crate::entity::traits::{
        Constructed, Entity, Exists, Facts, KeyNamed, Method, MethodVisitor, Methods, Portable, State, Stub,
        bits_of,
    };
    pub use crate::entity::unfit::Unfit;
    pub use crate::entity::unmade::Refused;
    pub use crate::entity::values::{
        Argument, ByBytes, ByClone, Computed, Kind, KnownParameters, NeverComputed, NeverCopied, NeverCopies,
        NeverDecoded, NeverPlain, NeverTwin, NeverVisited, key_as,
    };
    pub use crate::entity::visit::ValueVisitor;
    pub use crate::state::loan::Lendable;
    pub use crate::state::table::ByRow;
    pub use crate::{Call, Ref};
    pub use core;
    pub use serde;
    pub use std;
    pub use thalweg_graph::Access;
}
