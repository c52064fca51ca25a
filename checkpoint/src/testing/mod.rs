//! Object stores for tests: one that fails, and one that creates what is there.
mod careless;
mod faulty;

pub use careless::Careless;
pub use faulty::{Fault, Faulty};

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
