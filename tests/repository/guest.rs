//! A user's module under the strictest lints: what is generated for it gives them nothing to say.
#![deny(clippy::pedantic, clippy::nursery, missing_docs, unused)]
use thalweg::prelude::*;

/// A counter.
#[entity(auto)]
pub struct Counter {
    #[key]
    id: u64,
    n: u64,
}

#[entity]
impl Counter {
    /// New.
    #[must_use]
    pub const fn new(id: u64) -> Self {
        Self { id, n: 0 }
    }
    /// Adds one.
    pub const fn add(&mut self) -> u64 {
        self.n += 1;
        self.n
    }
    /// Adds one to another.
    pub async fn pass(&mut self, to: Ref<Self>) -> u64 {
        to.add().await + self.id
    }
    /// Adds one to many.
    pub async fn pass_all(&self, to: Vec<Ref<Self>>) -> Result<u64, String> {
        let mut sum = 0;
        for to in to {
            sum += to.add().await;
        }
        if sum > 100 { Err(format!("{sum} of {}", self.id)) } else { Ok(sum) }
    }
}
