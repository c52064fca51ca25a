//! The entities of one class on one worker, and those of them that are lent; and tables, the large
//! collections in them.
pub(crate) mod stored;
pub(crate) mod saving;
pub(crate) mod content;
pub(crate) mod loan;
pub(crate) mod class;
pub(crate) mod table;
