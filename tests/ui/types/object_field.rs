use thalweg::prelude::*;

#[entity]
pub struct Account {
    #[key]
    id: u64,
    show: Option<Box<dyn std::fmt::Debug>>,
}

#[entity]
impl Account {
    pub fn there(&self) -> bool {
        true
    }
}

fn main() {}
