//! Judges the programs of a batch: replies and final state of the plain rendering are what is expected; the oracle,
//! and the engine at 1 to 4 workers, must give the same bytes: with threads, and simulated under drawn schedules with
//! epochs of odd sizes.

pub mod plain;
#[macro_use]
pub mod engine;
mod requests;
mod sides;
mod verdict;

pub use verdict::{Line, Verdict, Ways};

use std::fs::File;
use std::io::Write;
use std::path::Path;
use thalweg::oracle::Oracle;
use thalweg::prelude::App;

/// A drawn program and how to run it on each side.
pub struct Program {
    /// What it was drawn from.
    pub seed: u64,
    /// How many keys each class has.
    pub keys: u64,
    /// What may be called from outside.
    pub roots: &'static [Root],
    /// The app with all classes.
    pub app: fn() -> App,
    /// Makes a call on the engine.
    pub submit: engine::Submit,
    /// Makes a call on the oracle.
    pub oracle: fn(&mut Oracle, &Request) -> String,
    /// The plain rendering.
    pub plain: fn() -> plain::Plain,
}

/// A method that is called from outside.
pub struct Root {
    /// Class and method.
    pub name: &'static str,
    /// What it is.
    pub kind: Kind,
}

/// What a root is, for the mixture of requests.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A constructor.
    Open,
    /// The question every entity answers.
    Exists,
    /// The end of an entity.
    Remove,
    /// A method that makes calls.
    Calls,
    /// One that makes none.
    Leaf,
}

/// A call from outside; a root takes of the arguments what it needs.
#[derive(Clone, Debug)]
pub struct Request {
    /// The place in [`Program::roots`].
    pub root: usize,
    /// The entity that is called.
    pub key: u64,
    /// How deep it may call.
    pub fuel: i64,
    /// The argument where a number is wanted.
    pub number: i64,
    /// The arguments where references are wanted, by their places.
    pub refs: [u64; 3],
    /// The argument where a list is wanted.
    pub list: Vec<u64>,
}

/// The `main` of a batch: judges its programs one after the other and writes a line to the file named first for each
/// begin and end, so that it is known who has ended the process or hangs. Seeds after it are left out.
pub fn main(programs: &[Program]) {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().expect("the first argument names the file for the verdicts");
    let without: Vec<u64> = arguments.map(|seed| seed.parse().expect("a seed is a number")).collect();
    let mut file = File::options().append(true).open(path).expect("the file for the verdicts is there");
    let mut write = |line: &Line| {
        let text = serde_json::to_string(line).expect("a verdict is JSON");
        writeln!(file, "{text}").expect("a verdict can be written");
    };
    drawn_panics_are_quiet();
    for program in programs.iter().filter(|program| !without.contains(&program.seed)) {
        write(&Line::Begins(program.seed));
        write(&Line::Ends(verdict::judge(program)));
    }
}

/// Panics are part of what is drawn; only those of others are worth a line.
fn drawn_panics_are_quiet() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        let file = info.location().map_or("", |location| location.file());
        let name = Path::new(file).file_name().and_then(|name| name.to_str());
        if !name.is_some_and(|name| name.starts_with("drawn_")) {
            before(info);
        }
    }));
}
