use thalweg::prelude::*;

#[entity]
pub struct Account {
    #[key]
    id: u64,
}

impl Account {
    pub fn id(&self) -> u64 {
        self.id
    }
}

fn main() {
    let _ = App::new("bank").entity::<Account>();
}
