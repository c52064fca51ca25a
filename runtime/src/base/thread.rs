//! What this thread is: a worker, which must never wait, or somebody else's; and how much stack its methods have.
use crate::base::error::{Error, Result};
use std::cell::Cell;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    /// No worker. It may wait.
    Outside,
    /// It runs transactions: whoever waits here for a transaction waits for himself.
    Worker,
    /// A worker that wakes somebody. An executor may poll the woken task at once, and that is not waiting.
    Waking,
}

/// The stack that a method has when it starts, unless [`crate::App::stack`] says otherwise.
pub(crate) const STACK: usize = 2 << 20;

thread_local! {
    static ROLE: Cell<Role> = const { Cell::new(Role::Outside) };
    static METHOD_STACK: Cell<usize> = const { Cell::new(STACK) };
}

/// Puts back what the thread was before.
struct Before(Role, usize);

impl Drop for Before {
    fn drop(&mut self) {
        ROLE.set(self.0);
        METHOD_STACK.set(self.1);
    }
}

/// Runs something as a worker whose methods have so much stack.
pub(crate) fn as_worker<T>(stack: usize, run: impl FnOnce() -> T) -> T {
    let _before = Before(ROLE.replace(Role::Worker), METHOD_STACK.replace(stack));
    run()
}

/// Wakes somebody.
pub(crate) fn waking<T>(wake: impl FnOnce() -> T) -> T {
    let here = if ROLE.get() == Role::Outside { Role::Outside } else { Role::Waking };
    let _before = Before(ROLE.replace(here), METHOD_STACK.get());
    wake()
}

/// The stack that a method has when it starts here.
#[inline]
pub(crate) fn method_stack() -> usize {
    METHOD_STACK.get()
}

/// Whether this thread is a worker.
pub(crate) fn is_worker() -> bool {
    ROLE.get() != Role::Outside
}

/// Asks before this thread is blocked.
pub(crate) fn may_block(what: &'static str) -> Result<()> {
    if is_worker() { Err(Error::InsideTransaction { what }) } else { Ok(()) }
}

/// Asks before a future is left waiting by whoever polls it here.
pub(crate) fn may_wait(what: &'static str) -> Result<()> {
    if ROLE.get() == Role::Worker { Err(Error::InsideTransaction { what }) } else { Ok(()) }
}
