//! What the engine asks of a state that it keeps.
use crate::state::loan::Lendable;
use std::hash::Hash;
use std::sync::Arc;

/// The state of an entity, which knows its key.
pub(crate) trait Stored: Clone + 'static {
    type Key: Eq + Hash;
    fn own_key(&self) -> &Self::Key;
    /// Without its type, on its way to another worker.
    fn to_lendable(state: Arc<Self>) -> Lendable;
    /// With its type again.
    fn from_lendable(state: Lendable) -> Arc<Self>;
}
