//! Only structs and their impls are entities.
use thalweg::prelude::*;

#[entity]
pub fn account() {}

fn main() {}
