//! What one worker's part of an epoch means to another worker.
use crate::base::ticket::Ticket;
use crate::request::data::Request;
use crate::request::ingress::Inspect;

/// Where the call of a root is found: the index of its request in the parcel, and its own index there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RootAt {
    pub(crate) request: u32,
    pub(crate) index: u32,
}

/// What one worker has to know of one transaction.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) seq: u32,
    /// Its tickets here: a range of the parcel's. At its home, those of the whole group.
    pub(crate) tickets: std::ops::Range<u32>,
    /// Its home in this worker's group; `None` where that is this worker.
    pub(crate) home: Option<u16>,
    /// If this is its home, those in other groups.
    pub(crate) others: Others,
    /// The root, if it is here.
    pub(crate) root: Option<RootAt>,
    /// Whether the tickets are yet to be found by a scout, which starts here.
    pub(crate) dynamic: bool,
    /// Whether the tickets of a root that is here may be too few.
    pub(crate) presumed: bool,
    /// Whether this is a look and no transaction.
    pub(crate) look: bool,
}

/// Other workers: a range of the parcel's list.
pub(crate) type Others = std::ops::Range<u32>;

/// What one worker's part of an epoch means to another worker: from `sequence` to `execute`.
#[derive(Default)]
pub(crate) struct Parcel {
    pub(crate) epoch: u64,
    pub(crate) from: u32,
    pub(crate) to: u32,
    pub(crate) entries: Vec<Entry>,
    pub(crate) tickets: Vec<Ticket>,
    pub(crate) others: Vec<u32>,
    pub(crate) requests: Vec<Request>,
    pub(crate) looks: Vec<Inspect>,
}

impl Parcel {
    /// The bytes of the parcel, without what its requests hold.
    pub(crate) fn size(&self) -> usize {
        size_of::<Self>()
            + size_of_val(self.entries.as_slice())
            + size_of_val(self.tickets.as_slice())
            + size_of_val(self.others.as_slice())
    }
}
