//! What the program has on the heap. Counted are the bytes it asked for; the allocator's own use comes on top.

use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use std::alloc::System;

#[global_allocator]
static HEAP: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// What is allocated at a moment, or from one to another.
#[derive(Clone, Copy, Debug, Default)]
pub struct Heap {
    pub bytes: i64,
    pub pieces: i64,
}

impl Heap {
    pub fn now() -> Self {
        let stats = HEAP.stats();
        Self {
            bytes: stats.bytes_allocated as i64 - stats.bytes_deallocated as i64,
            pieces: stats.allocations as i64 - stats.deallocations as i64,
        }
    }

    /// What has come since then.
    pub fn since(before: Self) -> Self {
        let now = Self::now();
        Self { bytes: now.bytes - before.bytes, pieces: now.pieces - before.pieces }
    }
}
