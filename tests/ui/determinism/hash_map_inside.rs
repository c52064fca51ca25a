//! Inside another type, too.
use std::collections::HashMap;
use thalweg::prelude::*;

#[entity]
pub struct Account {
    #[key]
    id: u64,
    seen: Option<Vec<HashMap<u64, i64>>>,
}

#[entity]
impl Account {
    pub fn open(id: u64) -> Self {
        Self { id, seen: None }
    }
}

fn main() {}
