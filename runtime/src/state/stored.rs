//! What the engine asks of a state that it keeps.
use crate::state::loan::Lendable;
use crate::state::table::Tables;
use std::hash::Hash;
use std::sync::Arc;

/// Some of the fields of a state, a bit for each; all bits for the whole state.
pub(crate) type Which = u32;

/// The whole state.
pub(crate) const ALL: Which = Which::MAX;

/// What has to be kept before `which` is written, where `kept` is kept already. A whole state is kept as a whole.
pub(crate) fn to_keep(which: Which, kept: Which) -> Which {
    match which & !kept {
        0 => 0,
        _ if which == ALL => ALL,
        missing => missing,
    }
}

/// The state of an entity, which knows its key.
pub(crate) trait Stored: Clone + 'static {
    type Key: Eq + Hash;
    fn own_key(&self) -> &Self::Key;
    /// The bytes of a key. Runs code of the user's.
    ///
    /// # Errors
    /// When it has none.
    fn key_bytes(key: &Self::Key) -> Result<Vec<u8>, String>;
    /// The bytes of the state. Runs code of the user's.
    ///
    /// # Errors
    /// When it has none.
    fn state_bytes(&self) -> Result<Vec<u8>, String>;
    /// The tables among its fields.
    fn tables(&self) -> Tables<'_>;
    /// The hash of a key.
    fn hash_of_key(key: &Self::Key) -> u64;
    /// Old values of some of its fields.
    type Parts: Default + 'static;
    /// These without their type.
    fn to_lendable_parts(parts: Self::Parts) -> Lendable;
    /// Whether old states are kept by field.
    const IN_PARTS: bool;
    /// What was written to these fields since they were copied last is merged into them, where they are tables. Runs code of
    /// the user's.
    fn merge_tables(&mut self, which: Which);
    /// Copies these fields.
    fn keep_parts(&self, which: Which, to: &mut Self::Parts);
    /// Exchanges the fields that have been copied with what was kept.
    fn put_parts_back(&mut self, parts: &mut Self::Parts);
    /// Without its type, on its way to another worker.
    fn to_lendable(state: Arc<Self>) -> Lendable;
    /// With its type again.
    fn from_lendable(state: Lendable) -> Arc<Self>;
}
