//! A sink that writes a file: one event, one line of JSON.
mod disk;
mod paths;
mod format;
mod side;
mod scan;
mod end;
mod writer;
mod read;

pub use read::Reading;

use crate::testing::Watch;
use crate::{Event, Positions, Sink, SinkError};
use disk::Disk;
use paths::Paths;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use writer::Writer;

/// A sink that appends to a file. A line is one event and one JSON object:
///
/// ```
/// # use thalweg_sink::{Event, JsonLines, Sink};
/// # let dir = std::env::temp_dir().join(format!("thalweg-sink-lines-{}", std::process::id()));
/// # let path = dir.join("events.jsonl");
/// # let mut sink = JsonLines::new(&path);
/// # let mut next = sink.open(1)?;
/// # for (topic, body) in [("sold", r#"{"apples":3}"#), ("paid", "12")] {
/// #     let event = Event { topic, offset: 0, epoch: 7, ordinal: 0, now: 5, body };
/// #     sink.write(&[event])?;
/// #     next.advance(&event)?;
/// # }
/// # sink.commit(&next)?;
/// # let lines = std::fs::read_to_string(&path).unwrap();
/// # std::fs::remove_dir_all(dir).unwrap();
/// assert_eq!(lines, r#"
/// {"topic":"sold","offset":0,"epoch":7,"ordinal":0,"now":5,"before":{},"event":{"apples":3}}
/// {"topic":"paid","offset":0,"epoch":7,"ordinal":0,"now":5,"event":12,"end":{"bytes":158,"crc32c":"725b4aef"}}
/// "#.trim_start());
/// # Ok::<(), thalweg_sink::SinkError>(())
/// ```
///
/// The last line of a commit has the field `end`, and some first lines have `before`; whoever reads with `jq` need not
/// care. Lines behind the last `end` are not committed: they are removed by the next `open`, and come again. Take
/// [`read`](Self::read) to get only what is committed.
///
/// # What can be relied on
///
/// - A commit has been written and synced when it returns. Its lines come to stay together, or none of them does.
/// - `open` cuts off a torn tail, and only that. A bad line in front of a sound commit is [`SinkError::Damaged`], and
///   nothing is changed. A file that no sink has opened before is never cut.
/// - A lower generation is shut out, on this machine: the highest one is stored beside the events, and looked at under a
///   lock before each write. On a network file system that has no locks, this does not hold.
/// - The engine's `open` reads the last few MiB; see [`read_at_open`](Self::read_at_open). [`read`](Self::read) reads and
///   verifies everything.
///
/// One case cannot be told from a torn tail: damage to the last commit when the hint is lost as well.
///
/// # Files
///
/// Beside `events.jsonl` stand `.events.jsonl.lock`, `.events.jsonl.generation` and `.events.jsonl.hint`. Keep them
/// together. With [`rotate_at`](Self::rotate_at), further files follow: `events.jsonl.00000001` and so on, so that
/// `events.jsonl*` is everything in order. All but the last two may be moved elsewhere, the first one first.
#[derive(Debug)]
pub struct JsonLines {
    settings: Settings,
    writer: Option<Writer>,
}

#[derive(Clone)]
struct Settings {
    path: PathBuf,
    rotate_at: Option<u64>,
    read_at_open: u64,
    disk: Disk,
}

impl JsonLines {
    /// A sink that writes this file. Nothing is done before it is opened; `open` makes the directory, too.
    pub fn new(path: impl AsRef<Path>) -> Self {
        let path = path.as_ref().to_owned();
        let settings = Settings { path, rotate_at: None, read_at_open: 4 << 20, disk: Disk::default() };
        Self { settings, writer: None }
    }

    /// When a file has so many bytes, the next commit begins another one. A commit is never split. Without this, there is
    /// one file.
    #[must_use]
    pub fn rotate_at(mut self, bytes: u64) -> Self {
        self.settings.rotate_at = Some(bytes);
        self
    }

    /// An `open` reads about so many bytes, or twice as many, of commits that are there; 4 MiB if it is not said. The fewer,
    /// the more often all positions are written down.
    #[must_use]
    pub fn read_at_open(mut self, bytes: u64) -> Self {
        self.settings.read_at_open = bytes;
        self
    }

    /// Everything that is done with files goes through this, so that a test can make it fail.
    #[must_use]
    pub fn watched_by(mut self, watch: Arc<dyn Watch>) -> Self {
        self.settings.disk.watch = Some(watch);
        self
    }

    /// Reads all committed events, and verifies them.
    ///
    /// # Errors
    /// [`SinkError::Damaged`] if files are missing that must be there; when the directory cannot be read.
    pub fn read(path: impl AsRef<Path>) -> Result<Reading, SinkError> {
        Reading::new(Disk::default(), Paths::of(path.as_ref())?)
    }

    /// Does something with the writer. After an error there is none.
    fn with<T>(&mut self, act: impl FnOnce(&mut Writer) -> Result<T, SinkError>) -> Result<T, SinkError> {
        let mut writer = self.writer.take().ok_or(SinkError::NotOpen)?;
        let done = act(&mut writer)?;
        self.writer = Some(writer);
        Ok(done)
    }
}

impl Sink for JsonLines {
    fn open(&mut self, generation: u64) -> Result<Positions, SinkError> {
        self.writer = None;
        let writer = Writer::open(&self.settings, generation)?;
        let next = writer.committed.clone();
        self.writer = Some(writer);
        Ok(next)
    }
    fn write(&mut self, events: &[Event<'_>]) -> Result<(), SinkError> {
        self.with(|writer| writer.write(events))
    }
    fn commit(&mut self, next: &Positions) -> Result<(), SinkError> {
        self.with(|writer| writer.commit(next))
    }
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings").field("path", &self.path).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer").field("committed", &self.committed).finish_non_exhaustive()
    }
}
