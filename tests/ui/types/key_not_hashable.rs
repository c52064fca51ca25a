//! A key that cannot be hashed.
use thalweg::prelude::*;

#[entity]
pub struct Account {
    #[key]
    id: f64,
}

#[entity]
impl Account {
    pub fn open(id: f64) -> Self {
        Self { id }
    }
}

fn main() {}
