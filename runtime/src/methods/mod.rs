//! The methods of a running program: what is planned, counted and watched of each.
pub(crate) mod counts;
pub(crate) mod table;
pub(crate) mod watch;
