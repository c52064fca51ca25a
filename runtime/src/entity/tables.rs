//! The tables in a state, found by method resolution: the macro sees no types.
use crate::state::table::{ByRow, Merge};

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

/// A field that may be a table.
pub struct Shown<'a, T>(pub &'a T);

impl<'a, T: ByRow> Shown<'a, T> {
    /// Shows it.
    pub fn show(self, number: u8, see: &mut dyn FnMut(u8, &'a dyn ByRow)) {
        see(number, self.0);
    }
}

/// The answer for every other type.
pub trait NeverShown<'a> {
    /// Does nothing.
    fn show(self, number: u8, see: &mut dyn FnMut(u8, &'a dyn ByRow));
}
impl<'a, T> NeverShown<'a> for Shown<'a, T> {
    fn show(self, _: u8, _: &mut dyn FnMut(u8, &'a dyn ByRow)) {}
}
