use thalweg::prelude::*;

pub struct Account {
    pub id: u64,
}

#[entity]
impl Account {
    pub fn id(&self) -> u64 {
        self.id
    }
}

fn main() {}
