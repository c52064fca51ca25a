//! Events that a transaction has emitted, until it ends.
//!
//! A transaction's calls form a tree, and parts of it may run side by side and at several workers. So each method notes its
//! calls and its events as they come: they stand in the order of the program, whatever came first on the clock.
use crate::base::ambient::{self, Activation, activation, call_path, current};
use crate::base::digest::Digest;
use crate::base::error::Error;
use crate::base::guard::refuse;
use rustc_hash::FxHashMap;
use serde::Serialize;
use std::cell::{Cell, RefCell};
use std::sync::Arc;

/// The topics of an app, sorted by name; their numbers are their places.
#[derive(Debug, Default)]
pub(crate) struct Topics(Vec<String>);

impl Topics {
    pub(crate) fn new(mut names: Vec<String>) -> Self {
        names.sort();
        Self(names)
    }

    pub(crate) fn number(&self, name: &str) -> Option<u32> {
        let found = self.0.binary_search_by(|known| known.as_str().cmp(name)).ok()?;
        u32::try_from(found).ok()
    }

    pub(crate) fn name(&self, number: u32) -> &str {
        &self.0[number as usize]
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

/// What a transaction has noted at one worker, or at several.
#[derive(Clone, Debug, Default)]
pub(crate) struct Emitted {
    events: Vec<Noted>,
    calls: Vec<CallNoted>,
}

/// An event, and when its method emitted it.
#[derive(Clone, Debug)]
struct Noted {
    path: u64,
    stamp: u64,
    topic: u32,
    body: String,
}

/// The way to a call, the way to the method that made it, and when.
#[derive(Clone, Copy, Debug)]
struct CallNoted {
    path: u64,
    from: u64,
    stamp: u64,
}

/// An event without its place: the number of its topic, and its text.
pub(crate) type Bare = (u32, String);

impl Emitted {
    /// One event.
    #[cfg(test)]
    pub(crate) fn one(topic: u32, body: &str) -> Self {
        let event = Noted { path: 0, stamp: 1, topic, body: body.to_owned() };
        Self { events: vec![event], calls: Vec::new() }
    }

    fn is_empty(&self) -> bool {
        self.events.is_empty() && self.calls.is_empty()
    }

    /// A digest of the events, whatever order they are in.
    pub(crate) fn digest(&self) -> Digest {
        let digests = self.events.iter().map(|event| Digest::of(event.body.as_bytes()));
        digests.fold(Digest::default(), Digest::and)
    }

    pub(crate) fn has_events(&self) -> bool {
        !self.events.is_empty()
    }

    pub(crate) fn append(&mut self, mut other: Self) {
        self.events.append(&mut other.events);
        self.calls.append(&mut other.calls);
    }

    /// The events in the order of the program.
    pub(crate) fn in_order(self) -> Vec<Bare> {
        let Self { mut events, calls } = self;
        let one_method = events.windows(2).all(|two| two[0].path == two[1].path);
        if one_method {
            // A method runs on one thread, whose stamps grow.
            events.sort_by_key(|event| event.stamp);
        } else {
            let root = call_path(0, 1);
            let calls: FxHashMap<u64, CallNoted> = calls.into_iter().map(|call| (call.path, call)).collect();
            let way = |event: &Noted| {
                let (mut way, mut path) = (vec![event.stamp], event.path);
                while let Some(call) = calls.get(&path) {
                    way.push(call.stamp);
                    path = call.from;
                }
                assert!(path == root, "every call on the way to an event is noted");
                way.reverse();
                way
            };
            events.sort_by_cached_key(way);
        }
        events.into_iter().map(|event| (event.topic, event.body)).collect()
    }
}

thread_local! {
    static NOTES: RefCell<Emitted> = const { RefCell::new(Emitted { events: Vec::new(), calls: Vec::new() }) };
    static TOPICS: RefCell<Option<Arc<Topics>>> = const { RefCell::new(None) };
    /// Whether there are topics.
    static NOTING: Cell<bool> = const { Cell::new(false) };
    static STAMP: Cell<u64> = const { Cell::new(0) };
}

fn stamp() -> u64 {
    STAMP.set(STAMP.get() + 1);
    STAMP.get()
}

/// From here on, this thread runs methods of an app with these topics; gives those it had.
pub(crate) fn set_topics(topics: Option<Arc<Topics>>) -> Option<Arc<Topics>> {
    NOTING.set(topics.is_some());
    TOPICS.replace(topics)
}

/// The topics of this thread's app.
pub(crate) fn topics() -> Option<Arc<Topics>> {
    TOPICS.with_borrow(Clone::clone)
}

/// Whether methods that run on this thread may emit.
#[inline]
pub(crate) fn noting() -> bool {
    NOTING.get()
}

/// Notes a call, but for that of the root, which nobody makes.
#[inline]
pub(crate) fn called(from: u64, path: u64) {
    if noting() && from != 0 {
        note_call(from, path);
    }
}

/// The activation in which the call that `path` leads to makes an entity on first use.
pub(crate) fn first_use(path: u64) -> Activation {
    let made = ambient::first_use(path);
    called(path, made.path);
    made
}

fn note_call(from: u64, path: u64) {
    NOTES.with_borrow_mut(|notes| notes.calls.push(CallNoted { path, from, stamp: stamp() }));
}

/// What follows is another transaction, or another part of one. What a scout has noted is forgotten.
#[inline]
pub(crate) fn start() {
    if noting() {
        NOTES.with_borrow_mut(|notes| {
            notes.events.clear();
            notes.calls.clear();
        });
    }
}

/// What has been noted since [`start`], if anything has.
#[inline]
pub(crate) fn take() -> Option<Emitted> {
    if noting() { Some(NOTES.take()).filter(|noted| !noted.is_empty()) } else { None }
}

/// The events of what has been noted since [`start`], which stays.
pub(crate) fn peek() -> Vec<Bare> {
    NOTES.with_borrow(Clone::clone).in_order()
}

/// The same, if there are events.
#[inline]
pub(crate) fn take_events() -> Option<Emitted> {
    if noting() && NOTES.with_borrow(Emitted::has_events) { Some(NOTES.take()) } else { None }
}

/// Emits an event to a topic. It leaves the app if the transaction commits, when that is durable, and exactly once: the topic's
/// [`Sink`](crate::sink::Sink) gets it with an offset, which is the number of events in the topic before it.
///
/// The order of a topic is that of the transactions, and in a transaction that of the program. An event is written as JSON.
///
/// ```
/// use thalweg::prelude::*;
/// use thalweg::sink::Memory;
///
/// #[entity(auto)]
/// pub struct Shelf {
///     #[key]
///     name: String,
///     apples: u32,
/// }
///
/// #[entity]
/// impl Shelf {
///     pub fn new(name: String) -> Self {
///         Self { name, apples: 10 }
///     }
///     pub fn sell(&mut self, apples: u32) -> Result<(), String> {
///         thalweg::emit("sold", &apples);
///         self.apples = self.apples.checked_sub(apples).ok_or("too few")?; // an `Err` takes the event back
///         Ok(())
///     }
/// }
///
/// # fn main() -> thalweg::Result {
/// let sold = Memory::new();
/// let app = App::new("shop").entity::<Shelf>().sink("sold", sold.clone()).start()?;
/// for apples in [3, 30, 2] {
///     let _ = app.call_blocking(Shelf::at(String::from("left")).sell(apples))?;
/// }
/// app.stop()?;
/// let bodies: Vec<_> = sold.events().into_iter().map(|event| (event.offset, event.body)).collect();
/// assert_eq!(bodies, [(0, String::from("3")), (1, String::from("2"))]);
/// # Ok(())
/// # }
/// ```
///
/// The transaction is undone and answered with [`Error::NoSink`](crate::Error::NoSink) if no sink takes the topic
/// ([`App::sink`](crate::App::sink)), and with [`Error::BadEvent`](crate::Error::BadEvent) if the event has no JSON.
///
/// # Panics
/// Outside a method of an entity.
pub fn emit<T: Serialize + ?Sized>(topic: &str, event: &T) {
    current("emit");
    let number = TOPICS.with_borrow(|topics| topics.as_ref().and_then(|topics| topics.number(topic)));
    let Some(number) = number else { refuse(Error::NoSink { topic: topic.to_owned() }) };
    match serde_json::to_string(event) {
        Ok(body) => note_event(number, body),
        Err(error) => refuse(Error::BadEvent { topic: topic.to_owned(), what: error.to_string() }),
    }
}

fn note_event(topic: u32, body: String) {
    let path = activation().path;
    NOTES.with_borrow_mut(|notes| notes.events.push(Noted { path, stamp: stamp(), topic, body }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_stand_in_the_order_of_the_program() {
        // The root calls 2 and then 3, which calls 4; 3 is heard of at another worker, with other stamps.
        let event = |path, stamp, body: &str| Noted { path, stamp, topic: 0, body: body.to_owned() };
        let call = |from, path, stamp| CallNoted { path, from, stamp };
        let root = call_path(0, 1);
        let mut here = Emitted {
            events: vec![event(root, 9, "last"), event(root, 2, "first")],
            calls: vec![call(root, 2, 3), call(root, 3, 4)],
        };
        here.append(Emitted {
            events: vec![event(4, 3, "fourth"), event(3, 1, "third")],
            calls: vec![call(3, 4, 2)],
        });
        here.append(Emitted { events: vec![event(2, 700, "second")], calls: Vec::new() });
        let bodies: Vec<String> = here.in_order().into_iter().map(|(_, body)| body).collect();
        assert_eq!(bodies, ["first", "second", "third", "fourth", "last"]);
    }

    #[test]
    fn topics_are_numbered_by_their_names() {
        let topics = Topics::new(vec!["sold".to_owned(), "paid".to_owned()]);
        assert_eq!(
            (topics.number("paid"), topics.number("sold"), topics.number("lost")),
            (Some(0), Some(1), None)
        );
        assert_eq!(topics.name(1), "sold");
    }
}
