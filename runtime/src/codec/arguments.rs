//! The arguments of a call, one behind the other.
use crate::codec::read::Reader;
use crate::codec::{Failure, Form};
use serde::de::DeserializeOwned;

/// The arguments of a call as bytes; read by generated code.
pub struct Arguments<'de> {
    reader: Reader<'de>,
    /// The first that could not be read, and why.
    failure: Option<(usize, Failure)>,
}

impl<'de> Arguments<'de> {
    pub(crate) fn new(form: Form, bytes: &'de [u8]) -> Self {
        Self { reader: Reader::new(form, bytes), failure: None }
    }

    /// The next, which is parameter number `place`.
    pub(crate) fn next<T: DeserializeOwned>(&mut self, place: usize) -> Option<T> {
        T::deserialize(&mut self.reader).map_err(|failure| self.failure = Some((place, failure))).ok()
    }

    /// How many bytes have not been read.
    pub(crate) fn left(&self) -> usize {
        self.reader.rest().len()
    }

    /// What could not be read: the parameter, and why.
    pub(crate) fn failure(self) -> Option<(usize, Failure)> {
        self.failure.or_else(|| self.reader.finish().err().map(|failure| (0, failure)))
    }
}
