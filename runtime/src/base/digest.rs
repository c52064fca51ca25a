//! Two bytes that stand for what a transaction gave and emitted: whether a replay comes to the same.
use crate::base::hash::key_hash;

/// See the head of this file. Of two that differ in what they stand for, one in 65,536 is the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Digest(pub(crate) u16);

impl Digest {
    /// That of these bytes.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let hash = key_hash(&bytes);
        Self((hash ^ hash >> 16 ^ hash >> 32 ^ hash >> 48) as u16)
    }

    /// That of this and of something else, in whatever order things are added.
    #[must_use]
    pub(crate) fn and(self, Self(other): Self) -> Self {
        Self(self.0.wrapping_add(other))
    }
}
