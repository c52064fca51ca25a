//! A name that is no word.
use thalweg::prelude::*;

#[entity(auto, name = "an order")]
pub struct Order {
    #[key]
    id: u64,
}

#[entity]
impl Order {
    pub fn new(id: u64) -> Self {
        Self { id }
    }
}

fn main() {}
