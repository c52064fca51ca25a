//! What all of it stands on. Nothing here knows a type of a user's.
pub(crate) mod error;
pub(crate) mod guard;
pub(crate) mod thread;
pub(crate) mod waker;
pub(crate) mod varint;
pub(crate) mod class_id;
pub(crate) mod hash;
pub(crate) mod location;
pub(crate) mod ids;
pub(crate) mod ticket;
pub(crate) mod indices;
pub(crate) mod ambient;
pub(crate) mod clock;
pub(crate) mod heat;
pub(crate) mod groups;
pub(crate) mod room;
pub(crate) mod text;
