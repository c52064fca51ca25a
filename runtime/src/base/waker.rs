//! Wakers of callers: user code that is called where a panic would end a worker, or keep others from being woken.
//!
//! What the engine keeps is a waker of its own that calls the caller's inside the guard.
use crate::base::guard::{Guarded, caught};
use crate::base::thread::waking;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

/// Stands in for the waker of a caller, from poll to poll.
#[derive(Debug, Default)]
pub(crate) struct Relay(Option<Arc<Caller>>);

#[derive(Debug)]
struct Caller(Guarded<Waker>);

impl Wake for Caller {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }
    fn wake_by_ref(self: &Arc<Self>) {
        // A caller that cannot be woken is as good as gone; the transaction stands all the same.
        let _ = caught(|| waking(|| self.0.wake_by_ref()));
    }
}

impl Relay {
    /// Polls something for the caller of this context. The stand-in is made once for each waker.
    pub(crate) fn poll<T>(
        &mut self,
        cx: &mut Context<'_>,
        poll: impl FnOnce(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        let waker = Waker::from(self.caller(cx));
        let polled = poll(&mut Context::from_waker(&waker));
        if polled.is_ready() {
            self.0 = None;
        }
        polled
    }

    fn caller(&mut self, cx: &Context<'_>) -> Arc<Caller> {
        let known = self.0.take().filter(|known| known.0.will_wake(cx.waker()));
        let caller = known.unwrap_or_else(|| Arc::new(Caller(Guarded::new(cx.waker().clone()))));
        self.0.insert(caller).clone()
    }
}

/// A future whose waker is never the caller's own.
pub(crate) async fn relayed<F: Future>(future: F) -> F::Output {
    let (mut future, mut relay) = (pin!(future), Relay::default());
    std::future::poll_fn(|cx| relay.poll(cx, |cx| Pin::as_mut(&mut future).poll(cx))).await
}

struct Parked(Thread);

impl Wake for Parked {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Runs a future of ours on this thread.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Parked(thread::current())));
    let mut cx = Context::from_waker(&waker);
    loop {
        match future.as_mut().poll(&mut cx) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    struct Counts(AtomicUsize);
    impl Wake for Counts {
        fn wake(self: Arc<Self>) {
            assert_eq!(self.0.fetch_add(1, Ordering::SeqCst), 0, "woken a second time");
        }
    }

    #[test]
    fn the_stand_in_stays_the_same_and_wakes_inside_the_guard() {
        let counts = Arc::new(Counts(AtomicUsize::new(0)));
        let waker = Waker::from(counts.clone());
        let (mut relay, mut kept) = (Relay::default(), Vec::new());
        for _ in 0..3 {
            let polled: Poll<()> = relay.poll(&mut Context::from_waker(&waker), |cx| {
                kept.push(cx.waker().clone());
                Poll::Pending
            });
            assert!(polled.is_pending());
        }
        assert!(kept.iter().all(|waker| waker.will_wake(&kept[0])), "made once");
        kept.into_iter().for_each(Waker::wake); // the second and third panic
        assert_eq!(counts.0.load(Ordering::SeqCst), 3);
    }
}
