//! The corpus: every shape of program the compiler must get right.
//!
//! A program is a few small entities and a script of calls. The script runs on the oracle (the methods as
//! written, one request at a time on plain maps) and on the engine at 1, 2 and 4 workers, as threads and simulated. Every reply and the
//! final state must be the same bytes everywhere. The oracle shares the bodies with the engine, so each script
//! also carries the replies a reader of the Rust works out by hand.
//!
//! The bodies are deliberately clumsy where the clumsiness is the shape under test.
#![allow(clippy::all, reason = "an odd way to write something is often the very thing under test")]

#[macro_use]
mod harness;
#[path = "../workloads/kind.rs"]
mod kind;
mod cell;
mod straight;
mod branches;
mod by_name;
mod loops;
mod calls;
mod references;
mod plans;
mod existence;
mod errors;
mod together;
mod ownership;
mod names;
mod keys;
mod identity;
mod classes;
mod fields;
mod determinism;
mod repeated;
mod generics;
mod system;
mod workers;
mod shipped;
mod computed;
mod conditions;
mod macros;
mod operands;
mod guards;
mod undo;
mod tables;
mod waits;
mod limits;
mod long;
mod drawn;
mod durable;
mod checkpoints;
mod events;
mod ids;
