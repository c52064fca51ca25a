//! Where an entity is, by its key.
use crate::base::hash::{StableHasher, key_hash};
use crate::base::location::{Location, worker_of};
use crate::entity::traits::Entity;
use std::hash::{Hash, Hasher};

impl Location {
    pub(crate) fn of<E: Entity>(key: &E::Key, peers: usize) -> Self {
        let hash = key_hash(key);
        let placed = if E::PARTITIONED {
            let mut hasher = StableHasher::default();
            E::place(key, &mut hasher);
            hasher.finish()
        } else {
            hash
        };
        let class = E::CLASS;
        Self { hash, lock: hash ^ class.salt(), class, owner: worker_of(placed, peers) }
    }
}

impl StableHasher {
    /// Feeds a whole key.
    pub fn feed_key<E: Entity>(&mut self, key: &E::Key) {
        key.hash(self);
    }
}
