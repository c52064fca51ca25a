//! A user's module under the strictest lints: what is generated for it gives them nothing to say.
#![deny(clippy::pedantic, clippy::nursery, missing_docs, unreachable_pub, unused)]
use thalweg::prelude::*;

/// A counter.
#[entity(auto)]
pub(crate) struct Counter {
    #[key]
    id: u64,
    n: u64,
}

#[entity]
impl Counter {
    /// New.
    #[must_use]
    pub(crate) const fn new(id: u64) -> Self {
        Self { id, n: 0 }
    }
    /// Adds one.
    pub(crate) const fn add(&mut self) -> u64 {
        self.n += 1;
        self.n
    }
    /// Adds one to another.
    pub(crate) async fn pass(&mut self, to: Ref<Self>) -> u64 {
        to.add().await + self.id
    }
    /// Adds one to many.
    pub(crate) async fn pass_all(&self, to: Vec<Ref<Self>>) -> Result<u64, String> {
        let mut sum = 0;
        for to in to {
            sum += to.add().await;
        }
        if sum > 100 { Err(format!("{sum} of {}", self.id)) } else { Ok(sum) }
    }
}
