//! An entity with two keys.
use thalweg::prelude::*;

#[entity]
pub struct Account {
    #[key]
    id: u64,
    #[key]
    name: u64,
}

fn main() {}
