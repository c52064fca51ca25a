//! A field of one thread.
use thalweg::prelude::*;

#[entity(auto)]
pub struct Door {
    #[key]
    id: u64,
    signs: Vec<std::rc::Rc<str>>,
}

#[entity]
impl Door {
    pub fn new(id: u64) -> Self {
        Self { id, signs: Vec::new() }
    }
    pub fn id(&self) -> u64 {
        let _ = &self.signs;
        self.id
    }
}

fn main() {}
