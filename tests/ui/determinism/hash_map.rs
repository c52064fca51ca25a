//! The order of iteration of a `HashMap` changes from run to run.
use thalweg::prelude::*;

#[entity]
pub struct Account {
    #[key]
    id: u64,
    seen: std::collections::HashMap<u64, i64>,
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
