//! The one order.
pub(crate) mod parcel;
pub(crate) mod order;
pub(crate) mod epochs;
