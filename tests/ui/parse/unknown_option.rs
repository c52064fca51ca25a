//! An option that does not exist.
use thalweg::prelude::*;

#[entity(automatic)]
pub struct Account {
    #[key]
    id: u64,
}

#[entity]
impl Account {
    pub fn open(id: u64) -> Self {
        Self { id }
    }
}

fn main() {}
