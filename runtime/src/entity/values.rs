//! What generated code asks of the values and the types in a method, by method resolution: the macro sees no types.
//!
//! rustc tries the receivers of a method in order and takes the first that applies: what a type can do is found before the
//! answer for every other type (`Never..`).
use crate::codec::{self, Arguments};
use crate::entity::call::Ref;
use crate::entity::traits::Entity;
use crate::entity::visit::ValueVisitor;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::any::Any;
use std::marker::PhantomData;

/// An argument, looked at by method resolution: the inherent methods win where they apply.
pub struct Argument<'a, T>(pub &'a T);

impl<T: Serialize> Argument<'_, T> {
    /// Finds the references in parameter number `place`.
    pub fn visit(&self, place: usize, visitor: &mut ValueVisitor<'_>) {
        visitor.parameter(place, self.0);
    }
}

/// A value that a method computes: a reference, or something else that has a function `at`.
pub struct Computed<'a, T>(pub &'a T);

impl<E: Entity> Computed<'_, Ref<E>> {
    /// Shows the reference.
    pub fn visit(&self, visitor: &mut ValueVisitor<'_>) {
        visitor.reference::<E>(Ref::key(self.0));
    }
}

/// The answer for every other type: it is no reference, and may hold what the plan does not know.
pub trait NeverComputed {
    /// Says so.
    fn visit(&self, visitor: &mut ValueVisitor<'_>) {
        visitor.unsure();
    }
}
impl<T> NeverComputed for &Computed<'_, T> {}

/// The key of an entity as the field that a method names, if that is the key. `field` gives the field its type.
pub fn key_as<E: Entity, T: 'static>(number: u64, key: &E::Key, _: fn(&E) -> &T) -> Option<&T> {
    let key: &dyn Any = key;
    key.downcast_ref().filter(|_| number == E::KEY_NUMBER)
}

/// The answer for every other type: nothing is found. rustc complains about the type elsewhere.
pub trait NeverVisited {
    /// Does nothing.
    fn visit(&self, _: usize, _: &mut ValueVisitor<'_>) {}
}
impl<T> NeverVisited for &Argument<'_, T> {}

/// A second copy of an argument that can be copied: the first of three ways, of which method resolution takes the first
/// that applies.
pub trait ByClone<T> {
    /// The copy.
    fn twin(&self) -> Option<T>;
}
impl<T: Clone> ByClone<T> for &Argument<'_, T> {
    fn twin(&self) -> Option<T> {
        Some(self.0.clone())
    }
}

/// The answer for every other type that travels: the copy by way of bytes.
pub trait ByBytes<T> {
    /// The copy.
    fn twin(&self) -> Option<T>;
}
impl<T: Serialize + DeserializeOwned> ByBytes<T> for &&Argument<'_, T> {
    fn twin(&self) -> Option<T> {
        codec::decode(&codec::encode(self.0)).ok()
    }
}

/// The answer for every other type: there is none. rustc complains about the type elsewhere.
pub trait NeverTwin<T> {
    /// Always `None`.
    fn twin(&self) -> Option<T> {
        None
    }
}
impl<T> NeverTwin<T> for Argument<'_, T> {}

impl<T: Clone> Argument<'_, T> {
    /// The copy.
    pub fn copy(&self) -> Option<T> {
        Some(self.0.clone())
    }
}

/// The type of an argument, looked at by method resolution.
pub struct Kind<T>(PhantomData<fn(T)>);

impl<T> Kind<T> {
    /// The type of no argument in particular.
    #[allow(clippy::new_without_default)]
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<T: Clone> Kind<T> {
    /// Whether values can be copied.
    pub fn copies(&self) -> bool {
        true
    }
}

impl<T: DeserializeOwned> Kind<T> {
    /// Parameter number `place`, from its bytes.
    pub fn decode(&self, place: usize, arguments: &mut Arguments<'_>) -> Option<T> {
        arguments.next(place)
    }
}

/// The answer for every other type: it cannot be read. rustc complains about the type elsewhere.
pub trait NeverDecoded<T> {
    /// Always `None`.
    fn decode(&self, _: usize, _: &mut Arguments<'_>) -> Option<T> {
        None
    }
}
impl<T> NeverDecoded<T> for &Kind<T> {}

/// The answer for every other type: they cannot.
pub trait NeverCopies {
    /// Always `false`.
    fn copies(&self) -> bool {
        false
    }
}
impl<T> NeverCopies for &Kind<T> {}

/// The answer for every other type: there is no copy.
pub trait NeverCopied<T> {
    /// Always `None`.
    fn copy(&self) -> Option<T> {
        None
    }
}
impl<T> NeverCopied<T> for &Argument<'_, T> {}

impl<T: Plain> Kind<T> {
    /// Whether serialising a value shows every reference in it, and methods with std's names are std's.
    pub fn is_plain(&self) -> bool {
        true
    }
    /// Whether there is a reference in it.
    pub fn holds(&self) -> bool {
        T::HOLDS
    }
}

/// The answer for every other type: that depends on it.
pub trait NeverPlain {
    /// Always `false`.
    fn is_plain(&self) -> bool {
        false
    }
    /// Perhaps.
    fn holds(&self) -> bool {
        true
    }
}
impl<T> NeverPlain for &Kind<T> {}

/// What is known of the types of a method's parameters, a bit for each.
#[derive(Clone, Copy, Debug, Default)]
pub struct KnownParameters {
    /// Those of std's types, and references.
    pub plain: u64,
    /// Those that may hold references.
    pub holds: u64,
}

/// Types of std's, and references: nothing about them is the user's.
pub trait Plain {
    /// Whether there is a reference in it.
    const HOLDS: bool;
}
macro_rules! plain {
    ($($ty:ty),+) => { $(impl Plain for $ty { const HOLDS: bool = false; })+ };
}
plain!((), bool, char, u8, u16, u32, u64, u128, usize, i8, i16, i32, i64, i128, isize, f32, f64, String);
impl<E: Entity> Plain for Ref<E> {
    const HOLDS: bool = true;
}
macro_rules! plain_of {
    ($($ty:ty: $($part:ident)+;)+) => {
        $(impl<$($part: Plain),+> Plain for $ty { const HOLDS: bool = $($part::HOLDS)||+; })+
    };
}
plain_of! {
    Option<A>: A;
    std::result::Result<A, B>: A B;
    Box<A>: A;
    Vec<A>: A;
    std::collections::VecDeque<A>: A;
    std::collections::BTreeSet<A>: A;
    std::collections::BTreeMap<A, B>: A B;
    crate::state::table::Table<A, B>: A B;
    (A,): A;
    (A, B): A B;
    (A, B, C): A B C;
    (A, B, C, D): A B C D;
}
impl<A: Plain, const N: usize> Plain for [A; N] {
    const HOLDS: bool = A::HOLDS;
}
