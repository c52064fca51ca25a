//! An enum is no entity.
use thalweg::prelude::*;

#[entity]
pub enum Account {
    Open { id: u64 },
    Closed,
}

fn main() {}
