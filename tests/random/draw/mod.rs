//! Draws a program from a seed, in two renderings that share nothing but their grammar.
//!
//! The first is entities as a user would write them. The second is ordinary functions over a world of maps: `self.x`
//! is a look into the map, a call is a function call at the same place of the same expression, so that its meaning
//! is rustc's and owes nothing to our compiler or runtime.

pub(crate) mod numbers;
mod two;
mod shape;
mod forms;
mod body;
mod value;
mod calls;
mod statements;
mod branches;
mod loops;
mod together;
mod existence;
mod attributes;
mod compare;
mod fields;
mod identity;
mod macros;
mod generic;
mod print;

pub use forms::{FORMS, may};
use std::collections::BTreeMap;

/// A program as Rust, and what occurs in it.
pub struct Drawn {
    /// A Rust module that holds both renderings and a table of what may be called.
    pub source: String,
    /// How often each form occurs.
    pub forms: BTreeMap<&'static str, usize>,
}

/// The program of a seed, always the same.
pub fn program(seed: u64) -> Drawn {
    let mut numbers = numbers::Numbers(seed);
    let shape = shape::Shape::draw(&mut numbers);
    let mut forms = BTreeMap::new();
    let bodies: Vec<_> =
        shape.methods().map(|method| body::draw(&mut numbers, &shape, method, &mut forms)).collect();
    Drawn { source: print::program(seed, &shape, &bodies), forms }
}
