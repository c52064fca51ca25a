//! Where an entity lives: a hash that is the same on every platform and in every release, and the class numbers.
use crate::Entity;
use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicU32, Ordering};

/// The number of shards; a shard is the unit of placement.
pub const SHARDS: u64 = 4096;

/// Where an entity is found: by which hash in its class, at which worker, and under which ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Location {
    /// The hash of the key, the same everywhere.
    pub(crate) hash: u64,
    /// What its tickets are for. Two entities may share one by chance; then they also share a queue, which makes
    /// transactions wait that need not, and nothing else.
    pub(crate) lock: u64,
    /// The number of its class in this process.
    pub(crate) class: u32,
    /// The worker that owns it.
    pub(crate) owner: usize,
}

impl Location {
    pub(crate) fn of<E: Entity>(key: &E::Key, peers: usize) -> Self {
        let mut hasher = StableHasher::default();
        key.hash(&mut hasher);
        let hash = hasher.finish();
        let placed = if E::PARTITIONED {
            let mut hasher = StableHasher::default();
            E::place(key, &mut hasher);
            hasher.finish()
        } else {
            hash
        };
        // The class's number differs between processes; a ticket never leaves one.
        let class = E::class().index() as u32;
        Self { hash, lock: hash ^ mixed(class), class, owner: worker_of(placed, peers) }
    }
}

/// The hash of a key, wherever its entity is.
pub(crate) fn key_hash<E: Entity>(key: &E::Key) -> u64 {
    Location::of::<E>(key, 1).hash
}

/// What makes locks of classes differ.
fn mixed(class: u32) -> u64 {
    u64::from(class).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// The hash of an entity's key, by its lock.
pub(crate) fn hash_of(lock: u64, class: u32) -> u64 {
    lock ^ mixed(class)
}

/// A worker as tickets and loans name it; there are not more of them than [`SHARDS`].
pub(crate) fn worker_number(worker: usize) -> u16 {
    u16::try_from(worker).unwrap_or_else(|_| unreachable!("there are not so many workers"))
}

/// The shard of a hash is worked by this worker.
#[inline]
fn worker_of(hash: u64, peers: usize) -> usize {
    if peers == 1 { 0 } else { ((hash % SHARDS) as usize) % peers }
}

/// A hasher whose result depends on nothing but the bytes: integers are fed little-endian, `usize` as `u64`.
#[derive(Default)]
pub struct StableHasher(u64);

impl StableHasher {
    /// Feeds one value.
    pub fn feed(&mut self, value: &impl Hash) {
        value.hash(self);
    }
    /// Feeds a whole key.
    pub fn feed_key<E: crate::Entity>(&mut self, key: &E::Key) {
        key.hash(self);
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

static CLASSES: AtomicU32 = AtomicU32::new(1);

/// The number of a class in this process, given out on first use; only an index, never shown or stored.
pub struct ClassId(AtomicU32);

impl ClassId {
    /// A number not yet given out.
    #[allow(clippy::new_without_default)]
    pub const fn new() -> Self {
        Self(AtomicU32::new(0))
    }
    pub(crate) fn index(&self) -> usize {
        match self.0.load(Ordering::Relaxed) {
            0 => self.assign(),
            id => id as usize - 1,
        }
    }
    fn assign(&self) -> usize {
        let fresh = CLASSES.fetch_add(1, Ordering::Relaxed);
        match self.0.compare_exchange(0, fresh, Ordering::Relaxed, Ordering::Relaxed) {
            Ok(_) => fresh as usize - 1,
            Err(earlier) => earlier as usize - 1,
        }
    }
}
