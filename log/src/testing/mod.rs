//! Disks for tests: one that loses power, and one that fails.
mod faulty;
mod power;

pub use faulty::{Fault, Faulty, FaultyFile};
pub use power::{Power, PowerFile, PowerLock};

use crate::disk::{Disk, RealDisk};

/// A disk whose syncs can fail as they do on Linux: the error is said once, and what was written is then taken for clean
/// although it never reaches the disk.
pub trait FailSync: Disk {
    /// A sync of this file fails.
    fn fail_sync(&self, file: &Self::File);
    /// A sync of the directory fails.
    fn fail_sync_dir(&self);
}

/// What was written stays unsynced.
impl FailSync for RealDisk {
    fn fail_sync(&self, _: &Self::File) {}
    fn fail_sync_dir(&self) {}
}

/// Numbers that are the same for the same seed: splitmix64.
#[derive(Clone, Debug)]
pub struct Draw(u64);

impl Draw {
    /// The numbers of this seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }
    /// Any number.
    pub fn any(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
    /// A number below this one, which is not 0.
    pub fn below(&mut self, end: u64) -> u64 {
        self.any() % end
    }
    /// As [`below`](Self::below), for sizes.
    pub fn size_below(&mut self, end: usize) -> usize {
        usize::try_from(self.below(end as u64)).expect("below a size")
    }
}
