//! What the user's code looks like: calls, places of `self`, attributes, and the macros whose arguments are expressions.
//!
//! What a call site is, is decided here and nowhere else: [`calls`] numbers the sites of a body once, on the model, and
//! both the code and the graph read the numbers.
pub(crate) mod attributes;
pub(crate) mod calls;
pub(crate) mod macros;
pub(crate) mod fields;
pub(crate) mod places;
