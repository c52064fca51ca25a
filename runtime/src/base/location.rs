//! Where an entity is: which worker owns it, and under which hash and lock.
use crate::base::class_id::ClassId;
use crate::base::hash::SHARDS;

/// Where an entity is found: by which hash in its class, at which worker, and under which ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Location {
    /// The hash of the key, the same everywhere.
    pub(crate) hash: u64,
    /// What its tickets are for. Two entities may share one by chance; then they also share a queue, which makes
    /// transactions wait that need not, and nothing else.
    pub(crate) lock: u64,
    pub(crate) class: ClassId,
    /// The worker that owns it.
    pub(crate) owner: usize,
}

/// The hash of an entity's key, by its lock.
pub(crate) fn hash_of(lock: u64, class: ClassId) -> u64 {
    lock ^ class.salt()
}

/// A worker as tickets and loans name it; there are not more of them than [`SHARDS`].
pub(crate) fn worker_number(worker: usize) -> u16 {
    u16::try_from(worker).unwrap_or_else(|_| unreachable!("there are not so many workers"))
}

/// The worker that owns the hash's shard.
#[inline]
pub(crate) fn worker_of(hash: u64, peers: usize) -> usize {
    if peers == 1 { 0 } else { ((hash % SHARDS) as usize) % peers }
}
