//! The tables in a state, found by method resolution: the macro sees no types.
use crate::state::table::Merge;

/// A field that may be a table, or hold some.
pub struct Merging<'a, T>(pub &'a mut T);

impl<T: Merge> Merging<'_, T> {
    /// What was written to it is merged.
    pub fn merge(self) {
        self.0.merge();
    }
}

/// The answer for every other type: there is nothing to merge.
pub trait NeverMerges {
    /// Does nothing.
    fn merge(self);
}
impl<T> NeverMerges for Merging<'_, T> {
    fn merge(self) {}
}
