//! The one place where user code is caught when it panics, and the ways to drop what is the user's.
//!
//! A worker runs code of the user's in many odd places: what a key does when it is hashed, an argument when it is
//! copied or serialised, a state when it is dropped, a panic's payload when nobody wants it, a waker when it is woken.
//! None of it may end the worker.
use crate::base::error::{Error, Result};
use std::any::Any;
use std::mem::needs_drop;
use std::ops::{Deref, DerefMut};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// Runs user code; a panic becomes an error.
pub(crate) fn caught<T>(run: impl FnOnce() -> T) -> Result<T> {
    catch_unwind(AssertUnwindSafe(run)).map_err(panicked)
}

/// What [`refuse`] unwinds with.
struct Refusal(Error);

/// Ends the method that runs on this thread with an error of ours: its transaction fails with that.
pub(crate) fn refuse(error: Error) -> ! {
    resume_unwind(Box::new(Refusal(error)))
}

fn panicked(panic: Box<dyn Any + Send>) -> Error {
    let panic = match panic.downcast::<Refusal>() {
        Ok(refusal) => return refusal.0,
        Err(panic) => panic,
    };
    Error::Panicked { message: said(panic) }
}

/// Runs code of ours that nobody should have to catch; a panic becomes what it says.
pub(crate) fn survived<T>(run: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(run)).map_err(said)
}

/// The panic of what runs, if it does not come to its end.
fn catch(run: &mut dyn FnMut()) -> Option<Box<dyn Any + Send>> {
    catch_unwind(AssertUnwindSafe(run)).err()
}

/// What a panic says.
fn said(panic: Box<dyn Any + Send>) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    discard(panic);
    text.unwrap_or_else(|| "a value that is not text".into())
}

/// Drops a value of the user's: what that does is user code.
pub(crate) fn discard<T>(value: T) {
    if needs_drop::<T>() {
        let mut value = Some(value);
        dropping(&mut || drop(value.take()));
    }
}

/// Compiled once, and not for every type of the user's.
fn dropping(run: &mut dyn FnMut()) {
    catch(run).into_iter().for_each(forget);
}

/// The payload of a panic may panic in its turn, and so may the payload of that one: it is let go of for good.
fn forget(payload: Box<dyn Any + Send>) {
    let mut payload = Some(payload);
    catch(&mut || drop(payload.take())).into_iter().for_each(std::mem::forget);
}

/// Drops values of the user's one by one. Dropped as one, a second panic would end the process.
pub(crate) fn discard_all<T>(values: impl IntoIterator<Item = T>) {
    values.into_iter().for_each(discard);
}

/// A value of the user's that may be dropped anywhere.
#[derive(Debug)]
pub(crate) struct Guarded<T>(Option<T>);

impl<T> Guarded<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(Some(value))
    }

    pub(crate) fn into_inner(mut self) -> T {
        self.0.take().unwrap_or_else(|| unreachable!("a guarded value is there until it is taken"))
    }
}

impl<T> Deref for Guarded<T> {
    type Target = T;
    fn deref(&self) -> &T {
        self.0.as_ref().unwrap_or_else(|| unreachable!("a guarded value is there until it is taken"))
    }
}

impl<T> DerefMut for Guarded<T> {
    fn deref_mut(&mut self) -> &mut T {
        self.0.as_mut().unwrap_or_else(|| unreachable!("a guarded value is there until it is taken"))
    }
}

impl<T> Drop for Guarded<T> {
    fn drop(&mut self) {
        if let Some(value) = self.0.take() {
            discard(value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::panic_any;

    /// Panics when it is dropped, with one that is one smaller.
    struct Bomb(u32);
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic_any(Bomb(self.0.saturating_sub(1)));
        }
    }

    #[test]
    fn payloads_that_panic_are_let_go_of() {
        let message = "a value that is not text".to_owned();
        assert_eq!(caught(|| panic_any(Bomb(3))), Err::<(), _>(Error::Panicked { message }));
        discard(Bomb(3));
        drop(Guarded::new(Bomb(3)));
        discard_all([Bomb(1), Bomb(1), Bomb(1)]);
    }

    #[test]
    fn a_drop_may_panic_while_another_panic_goes_on() {
        let fell = survived(|| {
            let _one = Guarded::new(Bomb(1));
            let _two = Guarded::new(Bomb(1));
            panic!("ours");
        });
        assert_eq!(fell, Err::<(), _>("ours".to_owned()));
    }
}
