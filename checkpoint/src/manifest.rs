//! A manifest: what a checkpoint consists of.
use crate::format::{self, MANIFEST, u32_at, u64_at};
use crate::names::{self, PartName};
use crate::part::Entry;
use crate::settings::MOST_GROUPS;
use crate::{Error, Result};
use bytes::Bytes;

const FIXED: usize = 72;
const ENTRY: usize = 48;

/// A checkpoint that was committed: a number, an epoch, the caller's bytes, and what each group consists of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    pub(crate) number: u64,
    pub(crate) epoch: u64,
    pub(crate) id: [u8; 16],
    pub(crate) nonce: u64,
    pub(crate) info: Vec<u8>,
    /// Oldest first.
    pub(crate) groups: Vec<Vec<Entry>>,
}

/// What identifies a manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ManifestHead {
    /// Its number.
    pub number: u64,
    /// Its epoch.
    pub epoch: u64,
}

/// How much a group has in a checkpoint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extent {
    /// Parts that make up the whole.
    pub whole_parts: usize,
    /// Their bytes.
    pub whole_bytes: u64,
    /// Parts of changes since.
    pub delta_parts: usize,
    /// Their bytes.
    pub delta_bytes: u64,
    /// Records in all of them; there are at most so many keys.
    pub records: u64,
}

impl Manifest {
    /// The number: one more than that of the manifest before.
    pub fn number(&self) -> u64 {
        self.number
    }
    /// The epoch whose state it is, as the caller said.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }
    /// The log or store to which it belongs.
    pub fn id(&self) -> [u8; 16] {
        self.id
    }
    /// The caller's bytes.
    pub fn info(&self) -> &[u8] {
        &self.info
    }
    /// How many groups there are.
    pub fn groups(&self) -> usize {
        self.groups.len()
    }
    /// Number and epoch.
    pub fn head(&self) -> ManifestHead {
        ManifestHead { number: self.number, epoch: self.epoch }
    }
    /// How much a group has.
    ///
    /// # Panics
    /// If there is no such group.
    pub fn extent(&self, group: usize) -> Extent {
        let mut extent = Extent::default();
        for entry in self.entries(group) {
            let (parts, bytes) = if entry.whole {
                (&mut extent.whole_parts, &mut extent.whole_bytes)
            } else {
                (&mut extent.delta_parts, &mut extent.delta_bytes)
            };
            *parts += 1;
            *bytes = bytes.saturating_add(entry.bytes);
            extent.records = extent.records.saturating_add(entry.records);
        }
        extent
    }

    pub(crate) fn entries(&self, group: usize) -> &[Entry] {
        let groups = self.groups.len();
        self.groups.get(group).unwrap_or_else(|| panic!("group {group} of a store that has {groups}"))
    }

    /// Of all groups.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Entry> {
        self.groups.iter().flatten()
    }

    pub(crate) fn encode(&self) -> Bytes {
        let count = |count: usize| u32::try_from(count).expect("the memory for as many is not there");
        let mut bytes = vec![0; 24];
        bytes.extend(self.number.to_le_bytes());
        bytes.extend(self.epoch.to_le_bytes());
        bytes.extend(self.id);
        bytes.extend(self.nonce.to_le_bytes());
        bytes.extend(count(self.groups.len()).to_le_bytes());
        bytes.extend(count(self.info.len()).to_le_bytes());
        bytes.extend(&self.info);
        for entries in &self.groups {
            bytes.extend(count(entries.len()).to_le_bytes());
            for Entry { name, whole, bytes: size, records, blocks, digest } in entries {
                bytes.extend(name.draft.to_le_bytes());
                bytes.extend(name.nonce.to_le_bytes());
                bytes.extend(name.piece.to_le_bytes());
                bytes.extend(u32::from(*whole).to_le_bytes());
                bytes.extend(size.to_le_bytes());
                bytes.extend(records.to_le_bytes());
                bytes.extend(blocks.to_le_bytes());
                bytes.extend(digest.to_le_bytes());
            }
        }
        let size = bytes.len() as u64;
        bytes[16..24].copy_from_slice(&size.to_le_bytes());
        format::seal(&mut bytes, MANIFEST);
        bytes.into()
    }

    /// The manifest of this number in these bytes. `object` is its name in messages.
    pub(crate) fn decode(object: &str, bytes: &[u8], number: u64) -> Result<Self> {
        format::check(object, bytes, MANIFEST, FIXED)?;
        let damaged = |offset, what: String| Err(Error::damaged(object, offset, what));
        let size = u64_at(bytes, 16);
        if size != bytes.len() as u64 {
            return damaged(16, format!("it says {size} bytes and has {}", bytes.len()));
        }
        if u64_at(bytes, 24) != number {
            return damaged(24, format!("it is another one: {}", names::manifest(u64_at(bytes, 24))));
        }
        let (groups, info) = (u32_at(bytes, 64) as usize, u32_at(bytes, 68) as usize);
        if !(1..=MOST_GROUPS).contains(&groups) {
            return damaged(64, format!("it says {groups} groups"));
        }
        let Some((info, rest)) = bytes[FIXED..].split_at_checked(info) else {
            return damaged(68, format!("the caller's {info} bytes are cut off"));
        };
        let mut reader = Reader { object, bytes, rest, number };
        let groups = (0..groups).map(|group| reader.group(group)).collect::<Result<_>>()?;
        if !reader.rest.is_empty() {
            return damaged(reader.at(), "there are bytes behind the last group".to_owned());
        }
        let (epoch, nonce) = (u64_at(bytes, 32), u64_at(bytes, 56));
        Ok(Self { number, epoch, id: format::id_at(bytes, 40), nonce, info: info.to_vec(), groups })
    }
}

/// Reads groups of a manifest.
struct Reader<'a> {
    object: &'a str,
    bytes: &'a [u8],
    rest: &'a [u8],
    number: u64,
}

impl<'a> Reader<'a> {
    fn group(&mut self, group: usize) -> Result<Vec<Entry>> {
        let count = u32_at(self.take(4, 1)?, 0) as usize;
        let entries = self.take(ENTRY, count)?.chunks_exact(ENTRY);
        let entries: Vec<_> = entries.map(|entry| read(entry, group)).collect();
        let wrong = |entry: &Entry| entry.name.draft > self.number || entry.bytes < format::HEADER as u64;
        if entries.iter().any(wrong) || !entries.is_sorted_by_key(|entry| !entry.whole) {
            return Err(Error::damaged(
                self.object,
                self.at(),
                format!("group {group} has impossible parts"),
            ));
        }
        Ok(entries)
    }

    /// So many times so many bytes.
    fn take(&mut self, size: usize, count: usize) -> Result<&'a [u8]> {
        let taken = size.checked_mul(count).and_then(|bytes| self.rest.split_at_checked(bytes));
        let (taken, rest) = taken
            .ok_or_else(|| Error::damaged(self.object, self.at(), "the parts of a group are cut off"))?;
        self.rest = rest;
        Ok(taken)
    }

    fn at(&self) -> usize {
        self.bytes.len() - self.rest.len()
    }
}

fn read(bytes: &[u8], group: usize) -> Entry {
    let group = u32::try_from(group).expect("there are few groups");
    Entry {
        name: PartName { draft: u64_at(bytes, 0), nonce: u64_at(bytes, 8), group, piece: u32_at(bytes, 16) },
        whole: u32_at(bytes, 20) != 0,
        bytes: u64_at(bytes, 24),
        records: u64_at(bytes, 32),
        blocks: u32_at(bytes, 40),
        digest: u32_at(bytes, 44),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> Manifest {
        let entry = |draft, group, whole| {
            let name = PartName { draft, nonce: 2, group, piece: 3 };
            Entry { name, whole, bytes: 100, records: 4, blocks: 5, digest: 6 }
        };
        let groups = vec![vec![entry(7, 0, true), entry(8, 0, false)], vec![], vec![entry(9, 2, false)]];
        Manifest { number: 9, epoch: 10, id: [1; 16], nonce: 11, info: b"info".to_vec(), groups }
    }

    /// These bytes with others at a place, and a checksum that is right.
    fn forge(at: usize, new: &[u8]) -> Vec<u8> {
        let mut bytes = manifest().encode().to_vec();
        bytes[at..at + new.len()].copy_from_slice(new);
        if at != 8 {
            format::seal(&mut bytes, MANIFEST);
            return bytes;
        }
        bytes[12..16].copy_from_slice(&[0; 4]);
        let sum = crc32c::crc32c(&bytes);
        bytes[12..16].copy_from_slice(&sum.to_le_bytes());
        bytes
    }

    #[test]
    fn a_manifest_comes_back() {
        let bytes = manifest().encode();
        assert_eq!(Manifest::decode("m", &bytes, 9).expect("whole"), manifest());
    }

    #[test]
    fn what_was_forged_with_a_right_checksum_is_damage() {
        let groups = FIXED + b"info".len();
        let first = groups + 4;
        let cases = [
            (16, 5_u64.to_le_bytes().to_vec(), "size"),
            (24, 8_u64.to_le_bytes().to_vec(), "another number"),
            (64, 0_u32.to_le_bytes().to_vec(), "no groups"),
            (64, 2_u32.to_le_bytes().to_vec(), "bytes behind"),
            (64, 4_u32.to_le_bytes().to_vec(), "more groups than there are"),
            (64, u32::MAX.to_le_bytes().to_vec(), "many groups"),
            (68, u32::MAX.to_le_bytes().to_vec(), "the caller's bytes"),
            (groups, u32::MAX.to_le_bytes().to_vec(), "many parts"),
            (first, 10_u64.to_le_bytes().to_vec(), "a part of a later draft"),
            (first + 24, 10_u64.to_le_bytes().to_vec(), "a part without a header"),
            (first + 20, 0_u32.to_le_bytes().to_vec(), ""),
            (first + ENTRY + 20, 1_u32.to_le_bytes().to_vec(), ""),
        ];
        for (at, new, what) in cases {
            let read = Manifest::decode("m", &forge(at, &new), 9);
            if what.is_empty() {
                assert!(read.is_ok(), "all whole, or all changes, is possible: {read:?}");
            } else {
                assert!(matches!(read, Err(Error::Damaged { .. })), "{what}: {read:?}");
            }
        }
        // A part of a whole behind changes.
        let mut reversed = manifest();
        reversed.groups[0].reverse();
        assert!(matches!(Manifest::decode("m", &reversed.encode(), 9), Err(Error::Damaged { .. })));
        let newer = Manifest::decode("m", &forge(8, &2_u32.to_le_bytes()), 9);
        assert!(matches!(newer, Err(Error::Format { found: 2, known: 1, .. })), "{newer:?}");
    }
}
