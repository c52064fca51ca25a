//! A field that changes behind `&self`.
use std::cell::Cell;
use thalweg::prelude::*;

#[entity(auto)]
pub struct Door {
    #[key]
    id: u64,
    hits: Cell<i64>,
    open: bool,
}

#[entity]
impl Door {
    pub fn new(id: u64) -> Self {
        Self { id, hits: Cell::new(0), open: false }
    }
    pub fn knock(&self) -> bool {
        self.hits.set(self.hits.get() + 1);
        self.open && self.id > 0
    }
}

fn main() {}
