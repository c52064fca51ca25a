//! Where answers leave.
pub(crate) mod outcome;
pub(crate) mod answers;
pub(crate) mod reply;
