//! A call that has not been made is no value: what users would do with its result says so.
//!
//! Each trait is implemented under a bound that nothing meets, so that rustc shows the message of the bound instead of
//! an operator that is missing.
use crate::call::{Call, Join, JoinAll, TryJoinAll};
use crate::entity::Method;
use std::fmt;
use std::future::{Future, IntoFuture, Ready};
use std::ops;
use std::pin::Pin;
use std::task::{Context, Poll};

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
    Call<M>: AwaitedInsideAnEntity,
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
            $name<T>: AwaitedInsideAnEntity,
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

macro_rules! operators {
    ($($trait:ident $method:ident)+) => {$(
        impl<M: Method, R> ops::$trait<R> for Call<M>
        where
            Call<M>: Awaited,
        {
            type Output = M::Output;
            fn $method(self, _: R) -> M::Output {
                unreachable!("nothing meets the bound")
            }
        }
    )+};
}
operators!(Add add Sub sub Mul mul Div div Rem rem BitAnd bitand BitOr bitor BitXor bitxor Shl shl Shr shr);

impl<M: Method> ops::Not for Call<M>
where
    Call<M>: Awaited,
{
    type Output = M::Output;
    fn not(self) -> M::Output {
        unreachable!("nothing meets the bound")
    }
}

impl<M: Method> ops::Neg for Call<M>
where
    Call<M>: Awaited,
{
    type Output = M::Output;
    fn neg(self) -> M::Output {
        unreachable!("nothing meets the bound")
    }
}

impl<M: Method, R: ?Sized> PartialEq<R> for Call<M>
where
    Call<M>: Awaited,
{
    fn eq(&self, _: &R) -> bool {
        false
    }
}

impl<M: Method, R: ?Sized> PartialOrd<R> for Call<M>
where
    Call<M>: Awaited,
{
    fn partial_cmp(&self, _: &R) -> Option<std::cmp::Ordering> {
        None
    }
}

impl<M: Method> fmt::Display for Call<M>
where
    Call<M>: Awaited,
{
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }
}
