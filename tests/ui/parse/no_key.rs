//! An entity without a key.
use thalweg::prelude::*;

#[entity]
pub struct Account {
    id: u64,
}

#[entity]
impl Account {
    pub fn open(id: u64) -> Self {
        Self { id }
    }
}

fn main() {}
