//! What generated code asks of types, where rustc knows them and a macro does not: by method resolution, in which the
//! first of several candidates wins, and by bounds that nothing meets, whose message tells what is wrong.
use crate::entity::call::Call;
use crate::entity::traits::Method;
use crate::entity::unmade::{Awaited, Outside};
use crate::state::loan::Lendable;
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, VecDeque};
use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Arc;

/// The value of a statement.
pub struct Statement<'a, T: ?Sized>(pub &'a T);

impl<M: Method> Statement<'_, Call<M>> {
    /// Refused: a call in the place of a statement is never made.
    pub fn is_made(&self)
    where
        Call<M>: Made,
    {
    }
}

/// The answer for every other type.
pub trait AnyStatement {
    /// Nothing is wrong.
    fn is_made(&self) {}
}
impl<T: ?Sized> AnyStatement for &Statement<'_, T> {}

/// The value of a `let` with a type that is not that of a call.
pub struct Bound<T>(PhantomData<T>);

impl<T> Bound<T> {
    /// Of this value.
    pub fn of(_: &T) -> Self {
        Self(PhantomData)
    }
}

impl<M: Method> Bound<Call<M>> {
    /// Refused: a call has no value before it is made.
    pub fn value<T>(&self, _: Call<M>) -> T
    where
        Outside<M>: Awaited,
    {
        unreachable!("nothing meets the bound")
    }
}

/// The answer for every other type.
pub trait AnyBound {
    /// What is bound.
    type Value;
    /// It as it is.
    fn value(&self, value: Self::Value) -> Self::Value {
        value
    }
}
impl<T> AnyBound for &Bound<T> {
    type Value = T;
}

/// Met by nothing.
#[diagnostic::on_unimplemented(
    message = "this call is never made",
    label = "a call does nothing until it is awaited",
    note = "write `.await` behind it, or `.send()` if nobody waits for its result"
)]
pub trait Made {}

/// The receiver of a method that is called with a call among its arguments: `self.list` in
/// `self.list.push(price().await)`. The arguments are evaluated before it is looked at, which is Rust's order for a
/// receiver that the method takes by reference.
pub struct Receiver<'a, T: ?Sized>(pub &'a T);

/// Lists and their like: the methods by whose names a receiver comes here take them by reference.
pub trait ListReceiver {
    /// Nothing is wrong.
    fn is_borrowed(&self) {}
}

macro_rules! lists {
    ($([$($generics:tt)*] $ty:ty),+ $(,)?) => {
        $(impl<$($generics)*> ListReceiver for &&&Receiver<'_, $ty> {})+
    };
}
lists! {
    [T] Vec<T>, [T] VecDeque<T>, [T] [T], [T, const N: usize] [T; N], [T] Option<T>, [] String, [] str,
    [K, V] BTreeMap<K, V>, [T] BTreeSet<T>, [T] BinaryHeap<T>, [K, V, S] std::collections::HashMap<K, V, S>,
    [T, S] std::collections::HashSet<T, S>,
}

/// A receiver that can be copied: a method could take it by value, and then it is evaluated before the arguments.
pub trait CopiedReceiver {
    /// The type.
    type Value;
    /// Refused.
    fn is_borrowed(&self)
    where
        Self::Value: ByReference,
    {
    }
}
impl<T: Copy> CopiedReceiver for &&Receiver<'_, T> {
    type Value = T;
}

/// A receiver behind which there is another one that could be copied.
pub trait DerefReceiver {
    /// The type.
    type Value;
    /// Refused.
    fn is_borrowed(&self)
    where
        Self::Value: ByReference,
    {
    }
}
impl<T: Deref> DerefReceiver for &Receiver<'_, T> {
    type Value = T;
}

/// Any other receiver: it can only be taken by reference.
pub trait AnyReceiver {
    /// Nothing is wrong.
    fn is_borrowed(&self) {}
}
impl<T: ?Sized> AnyReceiver for Receiver<'_, T> {}

/// Met by nothing.
#[diagnostic::on_unimplemented(
    message = "whether this or the call among the arguments comes first depends on how `{Self}` is taken",
    label = "may be copied before the call or looked at after it",
    note = "bind the argument with `let` before"
)]
pub trait ByReference {}

/// The left side of a comparison with a call on its right.
pub struct Operand<'a, T: ?Sized>(pub &'a T);

/// The left side as it was before the call.
pub struct Copied<T>(T);

impl<T> Copied<T> {
    /// The value from before.
    pub fn or<'a>(&'a self, _: &'a T) -> &'a T {
        &self.0
    }
}

macro_rules! scalars {
    ($($ty:ty)+) => {$(
        impl Operand<'_, $ty> {
            /// Numbers are compared by value: the left one is read before the right side runs.
            pub fn before(&self) -> Copied<$ty> {
                Copied(*self.0)
            }
        }
    )+};
}
scalars!(i8 i16 i32 i64 i128 isize u8 u16 u32 u64 u128 usize f32 f64 bool char);

/// Everything else is compared by reference: it is looked at after the right side has run.
pub trait LaterOperand {
    /// Nothing is read before.
    fn before(&self) -> AtItsPlace {
        AtItsPlace
    }
}
impl<T: ?Sized> LaterOperand for &Operand<'_, T> {}

/// See [`LaterOperand`].
pub struct AtItsPlace;

impl AtItsPlace {
    /// The value as it is now.
    pub fn or<'a, T: ?Sized>(&'a self, place: &'a T) -> &'a T {
        place
    }
}

/// What is matched while a guard makes a call: a copy, for a callee may change the original.
pub fn matched<T: Matched>(place: &T) -> T {
    *place
}

/// A value that can be copied.
#[diagnostic::on_unimplemented(
    message = "a guard makes a call while `self` is matched, and a callee may call back and change it",
    label = "cannot be copied",
    note = "match on a copy: `match self.field.clone()`"
)]
pub trait Matched: Copy {}
#[diagnostic::do_not_recommend]
impl<T: Copy> Matched for T {}

/// Met by nothing.
#[diagnostic::on_unimplemented(
    message = "a private function of an entity cannot be called from outside of its own methods",
    label = "private",
    note = "make it `pub` to let others call it"
)]
pub trait PublicMethod {}

/// Met by nothing.
#[diagnostic::on_unimplemented(
    message = "this function takes no `self` and is no constructor, so it cannot be called on a reference",
    label = "neither a method nor a constructor",
    note = "constructors return `Self` or `Result<Self, _>`, written out in their signature"
)]
pub trait ReturnsItself {}

/// The state of an entity, to be lent.
pub struct Lending<E>(Cell<Option<Arc<E>>>);

impl<E> Lending<E> {
    /// The state.
    pub fn new(state: Arc<E>) -> Self {
        Self(Cell::new(Some(state)))
    }
}

/// A state that may go to another worker.
pub trait Lends {
    /// The state without its type.
    fn lend(&self) -> Option<Lendable>;
}
impl<E: Send + Sync + 'static> Lends for Lending<E> {
    fn lend(&self) -> Option<Lendable> {
        self.0.take().map(|state| state as Lendable)
    }
}

/// The answer for every other type; a field of it is refused.
pub trait NeverLends {
    /// Always `None`.
    fn lend(&self) -> Option<Lendable> {
        None
    }
}
impl<E> NeverLends for &Lending<E> {}

/// A state that has been lent, to be used.
pub struct Borrowing<E>(Cell<Option<Lendable>>, PhantomData<fn() -> E>);

impl<E> Borrowing<E> {
    /// The state without its type.
    pub fn new(state: Lendable) -> Self {
        Self(Cell::new(Some(state)), PhantomData)
    }
}

/// A state that may come from another worker.
pub trait Borrows<E> {
    /// The state.
    fn borrow(&self) -> Option<Arc<E>>;
}
impl<E: Send + Sync + 'static> Borrows<E> for Borrowing<E> {
    fn borrow(&self) -> Option<Arc<E>> {
        self.0.take()?.downcast().ok()
    }
}

/// The answer for every other type; a field of it is refused.
pub trait NeverBorrows<E> {
    /// Always `None`.
    fn borrow(&self) -> Option<Arc<E>> {
        None
    }
}
impl<E> NeverBorrows<E> for &Borrowing<E> {}
