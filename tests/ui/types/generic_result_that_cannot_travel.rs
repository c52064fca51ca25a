//! A result that a type parameter decides, and that nothing says can travel.
use thalweg::prelude::*;

pub trait Maker: serde::Serialize + serde::de::DeserializeOwned + Send + 'static {
    type Made: Send + 'static;
    fn make(&self) -> Self::Made;
}

#[entity(auto)]
pub struct Shop {
    #[key]
    id: u64,
}

#[entity]
impl Shop {
    pub fn new(id: u64) -> Self {
        Self { id }
    }
    pub fn made<M: Maker>(&self, maker: M) -> M::Made {
        maker.make()
    }
}

fn main() {}
