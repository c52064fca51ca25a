//! What a slot holds.
use crate::state::stored::Stored;
use std::sync::Arc;

/// The state of an entity in its slot.
pub(super) enum Content<E> {
    /// There is no entity; an old state may still be put back.
    Vacant,
    Here(E),
    /// On the heap, for it has been lent; others may read it.
    Shared(Arc<E>),
    /// Lent to a writer.
    Away,
}

impl<E: Stored> Content<E> {
    pub(super) fn get(&self) -> Option<&E> {
        match self {
            Self::Here(state) => Some(state),
            Self::Shared(state) => Some(state),
            Self::Vacant | Self::Away => None,
        }
    }

    /// The state, to be written: nobody reads it at this time.
    pub(super) fn get_mut(&mut self) -> Option<&mut E> {
        match self {
            Self::Here(state) => Some(state),
            Self::Shared(state) => Some(alone(state)),
            Self::Vacant | Self::Away => None,
        }
    }

    /// The state on the heap.
    pub(super) fn share(&mut self) -> Option<&Arc<E>> {
        if let Self::Here(_) = self
            && let Self::Here(state) = std::mem::replace(self, Self::Away)
        {
            *self = Self::Shared(Arc::new(state));
        }
        match self {
            Self::Shared(state) => Some(state),
            _ => None,
        }
    }
}

/// The state that a writer has, which is in no other hands.
pub(crate) fn alone<E>(state: &mut Arc<E>) -> &mut E {
    Arc::get_mut(state).unwrap_or_else(|| unreachable!("who writes a state has it alone"))
}
