//! An entity owns what it holds.
use thalweg::prelude::*;

#[entity]
pub struct Account<'a> {
    #[key]
    id: u64,
    name: &'a str,
}

fn main() {}
