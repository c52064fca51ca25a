//! Locals may be borrowed across a call; `self` may be borrowed up to it.
#![deny(warnings)]
use thalweg::prelude::*;

#[entity]
pub struct Account {
    #[key]
    id: u64,
    names: Vec<String>,
}

#[entity]
impl Account {
    pub fn open(id: u64) -> Self {
        Self { id, names: vec![] }
    }

    pub fn count(&self) -> usize {
        self.names.len()
    }

    pub async fn local(&self, others: Vec<Ref<Account>>) -> usize {
        let mut counts = vec![0; others.len()];
        for (other, slot) in others.iter().zip(counts.iter_mut()) {
            *slot = other.count().await;
        }
        counts.iter().sum()
    }

    pub async fn before(&mut self, other: Ref<Account>) -> usize {
        let names = &mut self.names;
        names.push("a".to_owned());
        let len = self.names.iter().map(|name| name.len()).sum::<usize>();
        len + other.count().await
    }
}

fn main() {}
