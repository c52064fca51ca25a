//! Draws a program from a seed, in two renderings that share nothing but their grammar.
//!
//! The first is entities as a user would write them. The second is ordinary functions over a world of maps: `self.x`
//! is a look into the map, a call is a function call at the same place of the same expression, so that its meaning
//! is rustc's and owes nothing to our compiler or runtime.

pub mod numbers;
mod two;
mod shape;
mod features;
mod body;
mod value;
mod calls;
mod statements;
mod branches;
mod loops;
mod together;
mod existence;
mod print;

pub use features::FEATURES;
use std::collections::BTreeSet;

/// A program as Rust, and what occurs in it.
pub struct Drawn {
    pub source: String,
    pub features: BTreeSet<&'static str>,
}

pub fn program(seed: u64) -> Drawn {
    let mut numbers = numbers::Numbers(seed);
    let shape = shape::Shape::draw(&mut numbers);
    let mut features = BTreeSet::new();
    let bodies: Vec<_> =
        shape.methods().map(|method| body::draw(&mut numbers, &shape, method, &mut features)).collect();
    Drawn { source: print::program(seed, &shape, &bodies), features }
}
