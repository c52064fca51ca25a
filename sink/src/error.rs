//! Everything that can go wrong, and what to do about it.
use std::io;
use std::path::{Path, PathBuf};

/// What this crate returns.
pub type Result<T, E = SinkError> = std::result::Result<T, E>;

/// Why a sink cannot take events.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SinkError {
    /// The operating system refuses something.
    #[error("{path}: cannot {doing}: {source}; mend the cause and open the sink again", path = path.display())]
    Io {
        /// With what.
        path: PathBuf,
        /// What was tried.
        doing: &'static str,
        /// The refusal.
        source: io::Error,
    },
    /// Somebody has opened the sink with a higher generation.
    #[error("generation {generation} is shut out: generation {known} has opened the sink; stop this one")]
    Shutout {
        /// The one that was refused.
        generation: u64,
        /// The highest one that has opened the sink.
        known: u64,
    },
    /// Bytes are missing or wrong that were committed.
    #[error("{file}: damage at offset {offset}: {what}; nothing was changed", file = file.display())]
    Damaged {
        /// The file.
        file: PathBuf,
        /// Where in it the first wrong byte may be.
        offset: u64,
        /// What is wrong, and what can be done.
        what: String,
    },
    /// An event or a position does not follow what was written before.
    #[error("topic {topic:?}: {expected} is next, not {found}; open the sink again and go on from there")]
    Order {
        /// The topic.
        topic: String,
        /// What is next.
        expected: u64,
        /// What was given.
        found: u64,
    },
    /// The text of an event cannot be kept.
    #[error("topic {topic:?}, offset {offset}: {what}; give the event as JSON text in one line")]
    Body {
        /// The topic.
        topic: String,
        /// The place in the topic.
        offset: u64,
        /// What is wrong.
        what: String,
    },
    /// The sink was never opened, or not since its last error.
    #[error("the sink is not open; open it first")]
    NotOpen,
    /// Anything else that a sink of your own may meet.
    #[error(transparent)]
    Other(Box<dyn std::error::Error + Send + Sync>),
}

/// Says what was tried, and with what.
pub(crate) fn refused(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> SinkError {
    move |source| SinkError::Io { path: path.to_owned(), doing, source }
}
