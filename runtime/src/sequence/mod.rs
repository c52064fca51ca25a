//! The one order.
pub(crate) mod parcel;
pub(crate) mod order;
