//! A queue whose copies share all pages that do not change, so that a long one is cheap to copy.
//!
//! A district's queue grows without end in a mix without deliveries, and the system copies the district before its
//! first write in each transaction.

use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::sync::Arc;

/// Entries of a page: few enough to copy one on each write, enough to have few pages.
const PAGE: usize = 256;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Queue<T> {
    /// None of them is empty.
    pages: VecDeque<Arc<VecDeque<T>>>,
}

impl<T: Clone> Queue<T> {
    pub fn push(&mut self, entry: T) {
        match self.pages.back_mut() {
            Some(page) if page.len() < PAGE => Arc::make_mut(page).push_back(entry),
            _ => self.pages.push_back(Arc::new([entry].into())),
        }
    }

    pub fn pop(&mut self) -> Option<T> {
        let page = Arc::make_mut(self.pages.front_mut()?);
        let entry = page.pop_front();
        if page.is_empty() {
            self.pages.pop_front();
        }
        entry
    }

    /// From the oldest to the newest.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.pages.iter().flat_map(|page| page.iter())
    }
}

impl<T: Clone> FromIterator<T> for Queue<T> {
    fn from_iter<I: IntoIterator<Item = T>>(entries: I) -> Self {
        let mut queue = Self { pages: VecDeque::new() };
        entries.into_iter().for_each(|entry| queue.push(entry));
        queue
    }
}
