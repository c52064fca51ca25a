//! What the caller decides.

/// The most groups of a store.
pub const MOST_GROUPS: usize = 1 << 14;
/// The most bytes of a record, and of the caller's bytes in a manifest.
pub const MOST_BYTES: usize = 1 << 30;

/// How checkpoints are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The log to which the checkpoints belong: what belongs to another one is refused. `None` takes what is there; a new
    /// store then draws one.
    pub id: Option<[u8; 16]>,
    /// How many groups a new store has. A store that is there keeps its own number.
    pub groups: usize,
    /// So many of the newest manifests survive [`retire`](crate::Store::retire); at least 1.
    pub keep: usize,
    /// A part is uploaded when it has so many bytes. A draft holds as many for each group that it has begun and not
    /// [finished](crate::Draft::finish).
    pub part_bytes: usize,
    /// A group with about so many parts of changes is wanted whole, however small they are.
    pub most_deltas: usize,
    /// A commit uploads so many parts at once.
    pub uploads: usize,
}

impl Default for Settings {
    /// 64 groups, 2 manifests, parts of 8 MiB, 64 parts of changes, 8 uploads at once, and no id.
    fn default() -> Self {
        Self { id: None, groups: 64, keep: 2, part_bytes: 8 << 20, most_deltas: 64, uploads: 8 }
    }
}

impl Settings {
    /// The default for the checkpoints of this log.
    pub fn new(id: [u8; 16]) -> Self {
        Self { id: Some(id), ..Self::default() }
    }

    pub(crate) fn check(&self) {
        let Self { groups, keep, part_bytes, most_deltas, uploads, .. } = *self;
        assert!((1..=MOST_GROUPS).contains(&groups), "a store has 1 to {MOST_GROUPS} groups, not {groups}");
        assert!(keep > 0, "the newest manifest is always kept");
        assert!((1..=MOST_BYTES).contains(&part_bytes), "a part has at most 1 GiB, not {part_bytes} bytes");
        assert!(most_deltas > 0, "a group has parts of changes before it is written whole");
        assert!(uploads > 0, "without an upload at once there is none");
    }

    /// How many parts of changes this group may have. Groups differ, so that not all are written whole at once.
    pub(crate) fn deltas(&self, group: usize, groups: usize) -> usize {
        let least = self.most_deltas.div_ceil(2);
        least + (self.most_deltas - least) * group / groups.max(1)
    }
}
