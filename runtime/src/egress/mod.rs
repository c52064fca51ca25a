//! Where answers leave.
pub(crate) mod outcome;
pub(crate) mod verdict;
pub(crate) mod witness;
pub(crate) mod watermark;
pub(crate) mod ids;
pub(crate) mod outbox;
pub(crate) mod answers;
pub(crate) mod reply;
