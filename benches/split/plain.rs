//! What a call and a frame cost in Rust itself, without anything around them.
use crate::CALLS;
use std::collections::HashMap;
use std::future::Future;
use std::hint::black_box;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

/// As the entity of the same name in `entities.rs`.
struct Cell {
    value: i64,
}

impl Cell {
    #[inline(never)]
    fn get(&self) -> i64 {
        black_box(self.value)
    }
}

/// A call on a struct one has at hand.
pub fn call() -> i64 {
    let cell = black_box(Cell { value: 1 });
    (0..CALLS).map(|_| cell.get()).sum()
}

/// The same on a struct that is looked up by its key for every call, as an entity is.
pub fn looked_up() -> impl FnMut() -> i64 {
    let cells: HashMap<u64, Cell> = (0..16).map(|id| (id, Cell { value: 1 })).collect();
    move || (0..CALLS).map(|_| cells.get(&black_box(1)).map_or(0, Cell::get)).sum()
}

/// A frame that is made, suspends once and is resumed to its end, for every call.
pub fn frame() -> i64 {
    let resumed = |_| {
        let mut frame = frame_of(1);
        assert!(poll(&mut frame).is_pending());
        match poll(&mut frame) {
            Poll::Ready(value) => value,
            Poll::Pending => 0,
        }
    };
    (0..CALLS).map(resumed).sum()
}

/// One frame that suspends for every call: the same without making it.
pub fn resumption() -> i64 {
    let mut frame = frame_of(CALLS);
    loop {
        if let Poll::Ready(value) = poll(&mut frame) {
            return value;
        }
    }
}

type Frame = Pin<Box<dyn Future<Output = i64>>>;

#[inline(never)]
fn poll(frame: &mut Frame) -> Poll<i64> {
    frame.as_mut().poll(&mut Context::from_waker(Waker::noop()))
}

#[inline(never)]
fn frame_of(cuts: u32) -> Frame {
    Box::pin(async move {
        let mut total = 0;
        for _ in 0..cuts {
            Cut(false).await;
            total += black_box(1);
        }
        total
    })
}

/// Pending once.
struct Cut(bool);

impl Future for Cut {
    type Output = ();
    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.0, true) { Poll::Ready(()) } else { Poll::Pending }
    }
}
