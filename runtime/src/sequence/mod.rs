//! The one order.
pub(crate) mod parcel;
pub(crate) mod marks;
pub(crate) mod order;
pub(crate) mod epochs;
