use thalweg::prelude::*;

#[entity]
pub struct Account {
    #[key]
    id: (f64, u32),
}

#[entity]
impl Account {
    pub fn there(&self) -> bool {
        true
    }
}

fn main() {}
