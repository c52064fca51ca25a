//! An entity has no parameters.
use thalweg::prelude::*;

#[entity]
pub struct Account<T> {
    #[key]
    id: u64,
    value: T,
}

fn main() {}
