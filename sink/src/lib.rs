//! Where the events of a Thalweg program leave, exactly once.
//!
//! A transaction emits events to topics. The engine gives every committed event an offset, contiguous per topic from 0,
//! and hands the events in order to a [`Sink`]. After a crash it makes the same events with the same bytes again. So a
//! sink only has to keep "I have everything below n" together with the events, in one step. That is the whole protocol.
//!
//! ```
//! use thalweg_sink::{Event, JsonLines, Positions, Sink};
//!
//! # let dir = std::env::temp_dir().join(format!("thalweg-sink-doc-{}", std::process::id()));
//! let path = dir.join("events.jsonl");
//! let mut sink = JsonLines::new(&path);
//! let mut next: Positions = sink.open(1)?; // generation 1 of the engine
//! let sold = Event { topic: "sold", offset: next.get("sold"), epoch: 7, ordinal: 0, now: 5, body: r#"{"apples":3}"# };
//! sink.write(&[sold])?;
//! next.advance(&sold)?;
//! sink.commit(&next)?; // the event and "next is 1" are durable now, together
//!
//! let read: Vec<_> = JsonLines::read(&path)?.collect::<Result<_, _>>()?;
//! assert_eq!((read.len(), read[0].body.as_str()), (1, r#"{"apples":3}"#));
//! assert_eq!(sink.open(2)?.get("sold"), 1); // after a restart the engine goes on from here
//! # std::fs::remove_dir_all(dir).unwrap();
//! # Ok::<(), thalweg_sink::SinkError>(())
//! ```
//!
//! # What the engine promises
//!
//! - Only events of epochs that are durable and decided.
//! - The same bytes for the same offset of a topic, for ever.
//! - One [`open`](Sink::open) at a time. After an error it calls `open` again, later and later; it never skips an event.
//!
//! # What a sink promises
//!
//! - What was committed stays: each event once, in order, with its bytes.
//! - All that was written between two commits comes to stay together, of all topics, or nothing of it does.
//! - Who opened with a lower generation than somebody after him can change nothing any more.
//!
//! [`testing::check`] finds out whether a sink keeps this.
//!
//! # Where things are
//!
//! `event` and `positions` are what a sink deals with, `sink` the trait, and `memory` a sink for tests. `json_lines` is the
//! sink that writes a file: `format` its lines, `scan` and `end` how far they are sound, `side` the small files beside it,
//! `writer` what writes, `read` what reads, and `disk` the only door to storage.

#![forbid(unsafe_code)]

mod error;
mod event;
mod positions;
mod sink;
mod memory;
mod json_lines;
pub mod testing;

pub use error::{Result, SinkError};
pub use event::{Event, OwnedEvent};
pub use json_lines::{JsonLines, Reading};
pub use memory::Memory;
pub use positions::Positions;
pub use sink::Sink;
