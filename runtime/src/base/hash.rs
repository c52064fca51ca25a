//! Where an entity lives: a hash that is the same on every platform and in every release.
use std::hash::{Hash, Hasher};

/// The number of shards; a shard is the unit of placement.
pub const SHARDS: u64 = 4096;

/// The hash of a key, wherever its entity is.
pub(crate) fn key_hash(key: &impl Hash) -> u64 {
    let mut hasher = StableHasher::default();
    key.hash(&mut hasher);
    hasher.finish()
}

/// A hasher whose result depends on nothing but the bytes: integers are fed little-endian, `usize` as `u64`.
#[derive(Default)]
pub struct StableHasher(u64);

impl StableHasher {
    /// Feeds one value.
    pub fn feed(&mut self, value: &impl Hash) {
        value.hash(self);
    }
    #[inline]
    fn word(&mut self, word: u64) {
        // One round of a multiply-fold (as in wyhash): cheap, and well mixed for small keys.
        let product = u128::from(self.0 ^ word ^ 0x9e37_79b9_7f4a_7c15) * 0xd6e8_feb8_6659_fd93_u128;
        self.0 = (product as u64) ^ ((product >> 64) as u64);
    }
}

impl Hasher for StableHasher {
    #[inline]
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.word(u64::from_le_bytes(word));
        }
        self.word(bytes.len() as u64);
    }
    fn write_u8(&mut self, n: u8) {
        self.word(n.into());
    }
    fn write_u16(&mut self, n: u16) {
        self.word(n.into());
    }
    fn write_u32(&mut self, n: u32) {
        self.word(n.into());
    }
    #[inline]
    fn write_u64(&mut self, n: u64) {
        self.word(n);
    }
    fn write_u128(&mut self, n: u128) {
        self.word(n as u64);
        self.word((n >> 64) as u64);
    }
    fn write_usize(&mut self, n: usize) {
        self.word(n as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where entities live depends on these: they never change.
    #[test]
    fn the_hash_of_a_key_is_the_same_in_every_release() {
        assert_eq!(key_hash(&1_u64), 17_506_462_009_081_979_429);
        assert_eq!(key_hash(&"thalweg"), 16_567_545_148_815_306_527);
        assert_eq!(
            key_hash(&(1_u8, -1_i32, String::from("a longer text, of more words"))),
            16_160_884_965_442_075_809
        );
    }
}
