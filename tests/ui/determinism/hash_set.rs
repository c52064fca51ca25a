//! The order of iteration of a `HashSet` changes from run to run.
use thalweg::prelude::*;

#[entity]
pub struct Account {
    #[key]
    id: u64,
    seen: std::collections::HashSet<u64>,
}

#[entity]
impl Account {
    pub fn open(id: u64) -> Self {
        Self {
            id,
            seen: Default::default(),
        }
    }
}

fn main() {}
