//! A field whose type holds one that changes behind `&self`.
use std::cell::RefCell;
use thalweg::prelude::*;

#[derive(Clone, Default, serde::Serialize, serde::Deserialize)]
pub struct Log {
    lines: RefCell<Vec<String>>,
}

#[entity(auto)]
pub struct Door {
    #[key]
    id: u64,
    log: Log,
}

#[entity]
impl Door {
    pub fn new(id: u64) -> Self {
        Self { id, log: Log::default() }
    }
    pub fn knock(&self) -> u64 {
        self.log.lines.borrow_mut().push("knock".to_owned());
        self.id
    }
}

fn main() {}
