//! A field that cannot be stored.
use thalweg::prelude::*;

#[derive(Clone)]
pub struct Opaque;

#[entity]
pub struct Account {
    #[key]
    id: u64,
    opaque: Opaque,
}

#[entity]
impl Account {
    pub fn open(id: u64) -> Self {
        Self { id, opaque: Opaque }
    }
}

fn main() {}
