//! From the hashes of keys to indices in a list; several keys may have one hash.
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

/// See the module.
#[derive(Clone, Default)]
pub(crate) struct Indices(FxHashMap<u64, SmallVec<[u32; 1]>>);

impl Indices {
    pub(crate) fn add(&mut self, hash: u64, index: usize) {
        let index = u32::try_from(index).unwrap_or_else(|_| unreachable!("so many do not fit in memory"));
        self.0.entry(hash).or_default().push(index);
    }

    pub(crate) fn of(&self, hash: u64) -> impl Iterator<Item = usize> + '_ {
        self.0.get(&hash).into_iter().flatten().map(|index| *index as usize)
    }
}
