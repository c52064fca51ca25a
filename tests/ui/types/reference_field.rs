use thalweg::prelude::*;

#[entity]
pub struct Account {
    #[key]
    id: u64,
    name: &'static str,
}

#[entity]
impl Account {
    pub fn there(&self) -> bool {
        true
    }
}

fn main() {}
