//! A field that others own, too, and that changes behind `&self`.
use std::sync::{Arc, Mutex};
use thalweg::prelude::*;

#[entity(auto)]
pub struct Door {
    #[key]
    id: u64,
    hits: Arc<Mutex<i64>>,
}

#[entity]
impl Door {
    pub fn new(id: u64) -> Self {
        Self { id, hits: Arc::default() }
    }
    pub fn id(&self) -> u64 {
        let _ = &self.hits;
        self.id
    }
}

fn main() {}
