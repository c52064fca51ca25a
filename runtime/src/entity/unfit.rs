//! What stands in for a key that the compiler has complained about, so that rustc does not do so, too.
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;

/// See the head of this module; there is no value of it.
pub struct Unfit<T>(PhantomData<fn() -> T>);

impl<T> Clone for Unfit<T> {
    fn clone(&self) -> Self {
        Self(PhantomData)
    }
}
impl<T> fmt::Debug for Unfit<T> {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }
}
impl<T> PartialEq for Unfit<T> {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}
impl<T> Eq for Unfit<T> {}
impl<T> PartialOrd for Unfit<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl<T> Ord for Unfit<T> {
    fn cmp(&self, _: &Self) -> Ordering {
        Ordering::Equal
    }
}
impl<T> Hash for Unfit<T> {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}
impl<T> Serialize for Unfit<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_unit()
    }
}
impl<'de, T> Deserialize<'de> for Unfit<T> {
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        Ok(Self(PhantomData))
    }
}
