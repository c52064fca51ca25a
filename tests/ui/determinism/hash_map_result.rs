use std::collections::HashMap;
use thalweg::prelude::*;

#[entity]
pub struct Shelf {
    #[key]
    id: u64,
}

#[entity]
impl Shelf {
    pub fn new(id: u64) -> Self {
        Self { id }
    }
    pub fn counts(&self) -> HashMap<u64, u64> {
        [(self.id, 1)].into_iter().collect()
    }
}

fn main() {}
