//! References and calls: plain values that name an entity, and a method of it with its arguments.
use crate::base::location::Location;
use crate::entity::explore::{Described, Explorer};
use crate::entity::run::invoke::Invocation;
use crate::entity::run::joins::Branch;
use crate::entity::traits::{Entity, Method, Stub};
use crate::entity::visit;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::any::TypeId;
use std::cmp::Ordering;
use std::fmt;
use std::future::Future;
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::pin::Pin;
use std::task::Poll;

/// A typed reference to an entity: its key. It is a plain value: keep it, send it, compare it.
///
/// The entity's methods are found on it and give a [`Call`].
pub struct Ref<E: Entity> {
    stub: E::Stub,
}

impl<E: Entity> Ref<E> {
    /// A reference to the entity with this key; the entity need not exist.
    pub fn at(key: E::Key) -> Self {
        Self { stub: E::Stub::new(Base { key }) }
    }
    /// The key. An associated function, so that an entity may have a method of that name.
    pub fn key(this: &Self) -> &E::Key {
        &this.stub.base().key
    }
    /// Which of so many workers owns the entity. It depends on nothing but the key.
    pub fn owner(this: &Self, workers: usize) -> usize {
        Location::of::<E>(Self::key(this), workers.max(1)).owner
    }
}

impl<E: Entity> Deref for Ref<E> {
    type Target = E::Stub;
    fn deref(&self) -> &E::Stub {
        &self.stub
    }
}
impl<E: Entity> Clone for Ref<E> {
    fn clone(&self) -> Self {
        Self::at(Self::key(self).clone())
    }
}
impl<E: Entity> PartialEq for Ref<E> {
    fn eq(&self, other: &Self) -> bool {
        Self::key(self) == Self::key(other)
    }
}
impl<E: Entity> Eq for Ref<E> {}
impl<E: Entity> PartialOrd for Ref<E> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl<E: Entity> Ord for Ref<E> {
    fn cmp(&self, other: &Self) -> Ordering {
        Self::key(self).cmp(Self::key(other))
    }
}
impl<E: Entity> Hash for Ref<E> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Self::key(self).hash(state);
    }
}
impl<E: Entity> fmt::Debug for Ref<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({:?})", E::NAME, Self::key(self))
    }
}
impl<E: Entity> Serialize for Ref<E> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        visit::found::<E>(Self::key(self));
        // A key may hold references, too.
        Self::key(self).serialize(serializer)
    }
}
impl<'de, E: Entity> Deserialize<'de> for Ref<E> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        E::Key::deserialize(deserializer).map(Self::at)
    }
}

/// The innermost part of a reference: the key, and the calls every entity answers.
pub struct Base<E: Entity> {
    key: E::Key,
}

impl<E: Entity> Base<E> {
    /// The key.
    pub fn key(&self) -> &E::Key {
        &self.key
    }
}

/// A call that has not been made yet: a reference, a method, its arguments. A plain value.
///
/// Inside an entity, `.await` makes it in the same transaction; outside, `app.call(..)` makes it one.
#[must_use = "a call does nothing until it is awaited inside an entity or given to `app.call(..)`"]
pub struct Call<M: Method> {
    pub(crate) key: <M::Entity as Entity>::Key,
    pub(crate) args: M::Args,
}

/// A call with an id: see [`Call::with_id`].
#[must_use = "a call does nothing until it is given to `app.call(..)`"]
pub struct CallWithId<M: Method> {
    call: Call<M>,
    id: String,
}

impl<M: Method> Call<M> {
    /// The same call as a request with an id, for a handle: it is executed once, however often it is asked for.
    ///
    /// Whoever asks again, with the same id for the same method of the same entity, gets the answer of the first time, and an
    /// error if that was one. That holds across restarts of an app with a data directory, for
    /// [`App::remember_ids`](crate::App::remember_ids). So a request may be repeated whose answer did not come: after
    /// [`Error::Undecided`](crate::Error::Undecided), a timeout, or a crash on either side.
    ///
    /// ```
    /// # use thalweg::prelude::*;
    /// # #[entity(auto)]
    /// # pub struct Account { #[key] id: u64, balance: i64 }
    /// # #[entity]
    /// # impl Account {
    /// #     pub fn new(id: u64) -> Self { Self { id, balance: 0 } }
    /// #     pub fn deposit(&mut self, amount: i64) -> i64 { self.balance += amount; self.balance }
    /// # }
    /// # fn main() -> Result<(), thalweg::Error> {
    /// # let app = App::new("bank").entity::<Account>().start()?;
    /// let deposit = |amount| Account::at(1).deposit(amount).with_id("order 17");
    /// assert_eq!(app.call_blocking(deposit(30))?, 30);
    /// assert_eq!(app.call_blocking(deposit(30))?, 30); // not 60
    /// assert_eq!(app.call_blocking(deposit(31)), Err(thalweg::Error::IdReused));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// What was refused before it had a place in the order, as with [`Error::Overloaded`](crate::Error::Overloaded), is not
    /// remembered. The answer is kept as bytes: one that has none fails with
    /// [`Error::NotPortable`](crate::Error::NotPortable), and is undone.
    pub fn with_id(self, id: impl Into<String>) -> CallWithId<M> {
        CallWithId { call: self, id: id.into() }
    }
}

/// What a handle takes: a [`Call`], or one [with an id](Call::with_id).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no call",
    note = "give the handle a call, as in `app.call(Account::at(1).deposit(30))`"
)]
pub trait Callable: sealed::Sealed {
    /// The method that is called.
    type Method: Method;
    #[doc(hidden)]
    fn into_call(self) -> (Call<Self::Method>, Option<String>);
}

mod sealed {
    pub trait Sealed {}
}

impl<M: Method> sealed::Sealed for Call<M> {}
impl<M: Method> Callable for Call<M> {
    type Method = M;
    fn into_call(self) -> (Call<M>, Option<String>) {
        (self, None)
    }
}

impl<M: Method> sealed::Sealed for CallWithId<M> {}
impl<M: Method> Callable for CallWithId<M> {
    type Method = M;
    fn into_call(self) -> (Call<M>, Option<String>) {
        (self.call, Some(self.id))
    }
}

impl<M: Method> Call<M> {
    /// Used by generated code.
    #[doc(hidden)]
    pub fn new(key: <M::Entity as Entity>::Key, args: M::Args) -> Self {
        Self { key, args }
    }
    /// A second one, if the arguments can be copied.
    pub(crate) fn copy(&self) -> Option<Self> {
        Some(Self { key: self.key.clone(), args: M::copy(&self.args)? })
    }
}

impl<M: Method> fmt::Debug for Call<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({:?}).{}(..)", <M::Entity as Entity>::NAME, self.key, M::NAME)
    }
}

/// What may be awaited inside an entity: a call, or calls joined.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be awaited inside an entity",
    label = "not a call",
    note = "only calls to entities, `join` of at most twelve, `join_all` and `try_join_all` can be awaited there; other \
            futures would make the result depend on timing. Do the work before the transaction and pass its result as an \
            argument. To create an entity, call its constructor on a reference: `Account::at(key).open(..)`"
)]
pub trait Awaitable: Sized {
    /// What the await gives.
    type Output;
    /// Makes the calls, from left to right.
    #[doc(hidden)]
    fn perform(self, invocation: &Invocation) -> impl Future<Output = Self::Output>;
    /// Makes a call where nothing ever waits, without a coroutine of its own; gives back what is not one call.
    #[doc(hidden)]
    fn at_once(self, _: &Invocation) -> Result<Poll<Self::Output>, Self> {
        Err(self)
    }
    /// Makes the calls, from left to right, for nobody who wants their results.
    #[doc(hidden)]
    fn send(self, invocation: &Invocation) -> impl Future<Output = ()> {
        async move { drop(self.perform(invocation).await) }
    }
    /// Makes the calls, after which the caller only returns.
    #[doc(hidden)]
    fn last(self, invocation: &Invocation) -> impl Future<Output = Self::Output> {
        self.perform(invocation)
    }
    /// Says what the calls may meet; `false` when that is not known.
    #[doc(hidden)]
    fn parts(&self, invocation: &Invocation, into: &mut Vec<Branch>) -> bool;
    /// Names the callees.
    #[doc(hidden)]
    fn callees(into: &mut Vec<Described>);
}

impl<M: Method> Awaitable for Call<M> {
    type Output = M::Output;
    fn perform(self, invocation: &Invocation) -> impl Future<Output = M::Output> {
        invocation.perform(self)
    }
    fn at_once(self, invocation: &Invocation) -> Result<Poll<M::Output>, Self> {
        invocation.at_once(self)
    }
    fn send(self, invocation: &Invocation) -> impl Future<Output = ()> {
        invocation.send(self)
    }
    fn last(self, invocation: &Invocation) -> impl Future<Output = M::Output> {
        invocation.last(self)
    }
    fn parts(&self, invocation: &Invocation, into: &mut Vec<Branch>) -> bool {
        let part = invocation.part(self);
        let known = part.is_some();
        into.extend(part);
        known
    }
    fn callees(into: &mut Vec<Described>) {
        into.push(Described {
            class: TypeId::of::<M::Entity>(),
            method: M::NAME,
            visit: Explorer::visit_method::<M>,
        });
    }
}

/// Several calls of different types; made by [`join`].
#[must_use = "joined calls do nothing until awaited"]
pub struct Join<T>(T);

/// Makes several calls; the result is as if they were made from left to right.
pub fn join<T>(calls: T) -> Join<T> {
    Join(calls)
}

/// Whether calls can run side by side without a difference that anybody could see.
fn apart<A: Awaitable>(calls: &A, invocation: &Invocation) -> bool {
    let mut parts = Vec::new();
    calls.parts(invocation, &mut parts) && parts.len() > 1 && invocation.apart(parts)
}

macro_rules! join_tuple {
    ($($name:ident $call:ident),+) => {
        #[allow(non_snake_case, reason = "a value is called like its type")]
        impl<$($name: Awaitable),+> Awaitable for Join<($($name,)+)> {
            type Output = ($($name::Output,)+);
            async fn perform(self, invocation: &Invocation) -> Self::Output {
                let apart = apart(&self, invocation);
                let ($($call,)+) = self.0;
                $(let $call = (invocation.branch(apart), $call);)+
                if !apart {
                    return ($($call.1.perform(&$call.0).await,)+);
                }
                $(let mut $name = None;)+
                let parts: Vec<Pin<Box<dyn Future<Output = ()> + '_>>> = vec![$(Box::pin(async {
                    let (invocation, call) = $call;
                    $name = Some(call.perform(&invocation).await);
                })),+];
                invocation.side_by_side(parts).await;
                match ($($name,)+) {
                    ($(Some($call),)+) => ($($call,)+),
                    _ => std::future::pending().await,
                }
            }
            fn parts(&self, invocation: &Invocation, into: &mut Vec<Branch>) -> bool {
                let ($($call,)+) = &self.0;
                true $(&& $call.parts(invocation, into))+
            }
            fn callees(into: &mut Vec<Described>) {
                $($name::callees(into);)+
            }
        }
    };
}
join_tuple!(A a);
join_tuple!(A a, B b);
join_tuple!(A a, B b, C c);
join_tuple!(A a, B b, C c, D d);
join_tuple!(A a, B b, C c, D d, E e);
join_tuple!(A a, B b, C c, D d, E e, F f);
join_tuple!(A a, B b, C c, D d, E e, F f, G g);
join_tuple!(A a, B b, C c, D d, E e, F f, G g, H h);
join_tuple!(A a, B b, C c, D d, E e, F f, G g, H h, I i);
join_tuple!(A a, B b, C c, D d, E e, F f, G g, H h, I i, J j);
join_tuple!(A a, B b, C c, D d, E e, F f, G g, H h, I i, J j, K k);
join_tuple!(A a, B b, C c, D d, E e, F f, G g, H h, I i, J j, K k, L l);

/// Many calls of one type; made by [`join_all`].
#[must_use = "joined calls do nothing until awaited"]
pub struct JoinAll<A>(Vec<A>);

/// Makes many calls; the results come in order, as if the calls were made from left to right.
pub fn join_all<A: Awaitable>(calls: impl IntoIterator<Item = A>) -> JoinAll<A> {
    JoinAll(calls.into_iter().collect())
}

impl<A: Awaitable> Awaitable for JoinAll<A> {
    type Output = Vec<A::Output>;
    async fn perform(self, invocation: &Invocation) -> Self::Output {
        let apart = apart(&self, invocation);
        let calls: Vec<(Invocation, A)> =
            self.0.into_iter().map(|call| (invocation.branch(apart), call)).collect();
        if !apart {
            let mut results = Vec::with_capacity(calls.len());
            for (invocation, call) in calls {
                results.push(call.perform(&invocation).await);
            }
            return results;
        }
        let mut results: Vec<Option<A::Output>> = calls.iter().map(|_| None).collect();
        let parts = calls.into_iter().zip(&mut results);
        let parts = parts.map(|((invocation, call), result)| -> Pin<Box<dyn Future<Output = ()> + '_>> {
            Box::pin(async move { *result = Some(call.perform(&invocation).await) })
        });
        invocation.side_by_side(parts.collect()).await;
        results.into_iter().flatten().collect()
    }
    fn parts(&self, invocation: &Invocation, into: &mut Vec<Branch>) -> bool {
        self.0.iter().all(|call| call.parts(invocation, into))
    }
    fn callees(into: &mut Vec<Described>) {
        A::callees(into);
    }
}

/// Many calls that may fail; made by [`try_join_all`].
#[must_use = "joined calls do nothing until awaited"]
pub struct TryJoinAll<A>(Vec<A>);

/// Makes many calls from left to right and stops at the first `Err`, which is the result; calls after it are not made.
pub fn try_join_all<A: Awaitable<Output = Result<T, X>>, T, X>(
    calls: impl IntoIterator<Item = A>,
) -> TryJoinAll<A> {
    TryJoinAll(calls.into_iter().collect())
}

impl<A: Awaitable<Output = Result<T, X>>, T, X> Awaitable for TryJoinAll<A> {
    type Output = Result<Vec<T>, X>;
    async fn perform(self, invocation: &Invocation) -> Self::Output {
        let mut results = Vec::with_capacity(self.0.len());
        for call in self.0 {
            results.push(call.perform(invocation).await?);
        }
        Ok(results)
    }
    fn parts(&self, _: &Invocation, _: &mut Vec<Branch>) -> bool {
        false // a call after an `Err` is not made, so nothing runs before what stands left of it
    }
    fn callees(into: &mut Vec<Described>) {
        A::callees(into);
    }
}
