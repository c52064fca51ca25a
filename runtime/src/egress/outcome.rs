//! What comes of calls.
use crate::base::error::{Error, Result};
use smallvec::SmallVec;

/// The answer to a call. Errors are rare and large, so they travel in a box.
pub(crate) type Outcome<T> = Result<T, Box<Error>>;

/// The outcomes of a batch by the indices of its calls, as far as there are any.
pub(crate) type Outcomes<T> = SmallVec<[Option<Outcome<T>>; 1]>;
