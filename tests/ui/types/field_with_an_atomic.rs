//! A counter that changes behind `&self`.
use std::sync::atomic::AtomicU64;
use thalweg::prelude::*;

#[entity(auto)]
pub struct Door {
    #[key]
    id: u64,
    hits: AtomicU64,
}

#[entity]
impl Door {
    pub fn new(id: u64) -> Self {
        Self { id, hits: AtomicU64::new(0) }
    }
    pub fn id(&self) -> u64 {
        let _ = &self.hits;
        self.id
    }
}

fn main() {}
