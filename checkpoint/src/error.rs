//! Everything that can go wrong, and what to do about it.

/// What this crate returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a checkpoint cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The text is no place for checkpoints.
    #[error(
        "{location}: {what}; give a directory, or file://, memory:///, s3://, gs:// or az:// with a place"
    )]
    Location {
        /// The text.
        location: String,
        /// What is wrong with it.
        what: String,
    },
    /// This build cannot reach such a store.
    #[error("{location}: this build has no such store; build it with the feature `{feature}`")]
    Feature {
        /// The place that was asked for.
        location: String,
        /// What to build with.
        feature: &'static str,
    },
    /// The store does not refuse to create what is there. Two writers could both succeed.
    #[error(
        "{location}: the store does not honour conditional creates ({what}), so that two writers would overwrite each \
         other; use another store, or switch conditional puts on"
    )]
    Unconditional {
        /// The store.
        location: String,
        /// What it did instead.
        what: String,
    },
    /// An object is not what was written.
    #[error(
        "{object}: damage at offset {offset}: {what}; nothing was changed; restore this object from a copy, or, to fall \
         back to an older checkpoint, remove the manifests that need it"
    )]
    Damaged {
        /// The manifest or part.
        object: String,
        /// Where in it the first wrong byte may be.
        offset: u64,
        /// What is wrong.
        what: String,
    },
    /// An object is not there, but a manifest names it.
    #[error(
        "{object}: this object is missing; nothing was changed; restore it from a copy, or, to fall back to an older \
         checkpoint, remove the manifests that need it"
    )]
    Missing {
        /// The object.
        object: String,
    },
    /// The object was written by another release.
    #[error("{object}: its format is {found}, this release reads {known}; use the release that wrote it")]
    Format {
        /// The manifest or part.
        object: String,
        /// Its format.
        found: u32,
        /// Ours.
        known: u32,
    },
    /// The object belongs to another log.
    #[error(
        "{object}: it belongs to {found}, not to {wanted}; give the place of the checkpoints that belong to this log",
        found = hex(found), wanted = hex(wanted)
    )]
    Foreign {
        /// The manifest or part.
        object: String,
        /// Whose it is.
        found: [u8; 16],
        /// Whose it should be.
        wanted: [u8; 16],
    },
    /// Another writer has committed.
    #[error(
        "{object}: another writer has committed this manifest; only one may go on: stop this one, or open the store \
         again and load what is there"
    )]
    Fenced {
        /// The manifest of the other writer.
        object: String,
    },
    /// A draft cannot build on this manifest.
    #[error(
        "a draft cannot build on manifest {base}, the newest is {newest}; begin with the newest one, or with none and \
         write everything"
    )]
    Stale {
        /// What the caller gave.
        base: u64,
        /// What is there.
        newest: u64,
    },
    /// The store was opened for reading.
    #[error("{location}: opened for reading only, cannot {doing}; open it for writing")]
    ReadOnly {
        /// The store.
        location: String,
        /// What was tried.
        doing: &'static str,
    },
    /// A copy would stand beside other checkpoints.
    #[error("{location}: there are checkpoints already; give a place without any")]
    Occupied {
        /// The place.
        location: String,
    },
    /// A record or the caller's bytes of a manifest have too many bytes. Nothing of it was taken.
    #[error("{bytes} bytes are too many for one {what}; the most is {most}")]
    TooLarge {
        /// What it is.
        what: &'static str,
        /// It has so many.
        bytes: usize,
        /// So many may be.
        most: usize,
    },
    /// The store refuses something.
    #[error("{object}: cannot {doing}: {source}; mend the cause and open the store again")]
    Store {
        /// What was tried.
        doing: &'static str,
        /// With what.
        object: String,
        /// The refusal.
        source: object_store::Error,
    },
}

impl Error {
    /// A wrong byte.
    pub(crate) fn damaged(object: &str, offset: usize, what: impl Into<String>) -> Self {
        Self::Damaged { object: object.to_owned(), offset: offset as u64, what: what.into() }
    }
}

fn hex(id: &[u8; 16]) -> String {
    id.iter().map(|byte| format!("{byte:02x}")).collect()
}
