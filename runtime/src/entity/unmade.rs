//! A call that has not been made is no value: what users would do with its result says so.
//!
//! Each trait is implemented under a bound that nothing meets, so that rustc shows the message of the bound instead of
//! an operator that is missing.
use crate::entity::call::{Call, Join, JoinAll, TryJoinAll};
use crate::entity::run::context::MethodContext;
use crate::entity::traits::{Method, Methods};
use crate::entity::visit::ValueVisitor;
use std::fmt;
use std::future::{Future, IntoFuture, Ready};
use std::marker::PhantomData;
use std::ops;
use std::pin::Pin;
use std::task::{Context, Poll};
use thalweg_graph::Access;

/// Bears the bounds: of a bound on the call itself, rustc says what it says of every type that is no future.
pub struct Outside<T>(PhantomData<T>);

/// Met by nothing.
#[diagnostic::on_unimplemented(
    message = "this call has not been made, so it has no value yet",
    label = "a call, not its result",
    note = "inside a method of an entity write `.await` behind it; outside, give it to the app: `app.call(..).await`"
)]
pub trait Awaited {}

/// Met by nothing.
#[diagnostic::on_unimplemented(
    message = "a call cannot be awaited here",
    label = "only methods of entities await calls",
    note = "outside of them, give it to the app: `app.call(..).await`; inside, use `thalweg::join((a, b)).await` for several"
)]
pub trait AwaitedInsideAnEntity {}

impl<M: Method> Future for Call<M>
where
    Outside<M>: AwaitedInsideAnEntity,
{
    type Output = M::Output;
    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<M::Output> {
        Poll::Pending
    }
}

macro_rules! joined {
    ($($name:ident)+) => {$(
        impl<T> IntoFuture for $name<T>
        where
            Outside<T>: AwaitedInsideAnEntity,
        {
            type Output = ();
            type IntoFuture = Ready<()>;
            fn into_future(self) -> Ready<()> {
                std::future::ready(())
            }
        }
    )+};
}
joined!(Join JoinAll TryJoinAll);

// The bound is on the other operand: while rustc looks for the operator it does not know that one, so it finds ours, and
// what it reports in the end is the bound.
macro_rules! operators {
    ($($trait:ident $method:ident)+) => {$(
        impl<M: Method, R: Awaited> ops::$trait<R> for Call<M> {
            type Output = M::Output;
            fn $method(self, _: R) -> M::Output {
                unreachable!("nothing meets the bound")
            }
        }
    )+};
}
operators!(Add add Sub sub Mul mul Div div Rem rem BitAnd bitand BitOr bitor BitXor bitxor Shl shl Shr shr);

// With a number on the left. These operators have several impls in std already, so ours take nothing from inference; a
// comparison has one.
macro_rules! numbers {
    ($($number:ident)+) => {$(
        arithmetic!($number: Add add Sub sub Mul mul Div div Rem rem);
        arithmetic_assigned!($number: AddAssign add_assign SubAssign sub_assign MulAssign mul_assign);
    )+};
}
macro_rules! arithmetic {
    ($number:ident: $($trait:ident $method:ident)+) => {$(
        impl<M: Method> ops::$trait<Call<M>> for $number
        where
            Outside<M>: Awaited,
        {
            type Output = $number;
            fn $method(self, _: Call<M>) -> $number {
                unreachable!("nothing meets the bound")
            }
        }
    )+};
}
macro_rules! arithmetic_assigned {
    ($number:ident: $($trait:ident $method:ident)+) => {$(
        impl<M: Method> ops::$trait<Call<M>> for $number
        where
            Outside<M>: Awaited,
        {
            fn $method(&mut self, _: Call<M>) {
                unreachable!("nothing meets the bound")
            }
        }
    )+};
}
numbers!(i8 i16 i32 i64 i128 isize u8 u16 u32 u64 u128 usize f32 f64);

impl<M: Method> ops::Not for Call<M>
where
    Outside<M>: Awaited,
{
    type Output = M::Output;
    fn not(self) -> M::Output {
        unreachable!("nothing meets the bound")
    }
}

impl<M: Method> ops::Neg for Call<M>
where
    Outside<M>: Awaited,
{
    type Output = M::Output;
    fn neg(self) -> M::Output {
        unreachable!("nothing meets the bound")
    }
}

impl<M: Method, R: Awaited + ?Sized> PartialEq<R> for Call<M> {
    fn eq(&self, _: &R) -> bool {
        false
    }
}

impl<M: Method, R: Awaited + ?Sized> PartialOrd<R> for Call<M> {
    fn partial_cmp(&self, _: &R) -> Option<std::cmp::Ordering> {
        None
    }
}

impl<M: Method> fmt::Display for Call<M>
where
    Outside<M>: Awaited,
{
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }
}

/// A function that cannot be called on a reference, as a method whose result is whatever its caller makes of it: so
/// rustc says that it cannot be called, and nothing more.
pub struct Refused<E, T>(PhantomData<fn() -> (E, T)>);

impl<E: Methods, T: Send + 'static> Method for Refused<E, T> {
    type Entity = E;
    type Args = ();
    type Output = T;
    const NAME: &'static str = "";
    const ACCESS: Access = Access::Read;
    const SUSPENDS: bool = false;
    fn visit((): &(), _: &mut ValueVisitor<'_>) {}
    fn repeatable() -> bool {
        false
    }
    fn copy((): &()) -> Option<()> {
        None
    }
    async fn run(_: MethodContext<E>, _: Option<()>) -> T {
        unreachable!("a refused function is never called")
    }
    fn is_err(_: &T) -> bool {
        false
    }
}
