//! The bytes of checkpoints. This page is a contract: a change of it is a new [`FORMAT`].
//!
//! All numbers are little endian; all checksums are CRC-32C. The first 16 bytes of an object are the same in all formats:
//! `THALWEG`, then `p` for a part or `m` for a manifest; 4 bytes format; 4 bytes checksum.
//!
//! # Part
//!
//! The object `parts/DRAFT-NONCE-GROUP-PIECE` holds records of one group, written by one draft: a header of 56 bytes, then
//! blocks without a gap up to the end. It never changes.
//!
//! | at | bytes | header |
//! |----|-------|--------|
//! | 0  | 8     | `THALWEGp` |
//! | 8  | 4     | format |
//! | 12 | 4     | checksum of the 56 bytes, with zeros here |
//! | 16 | 16    | store id: random, or that of a log |
//! | 32 | 8     | draft: the number of the manifest that it was to become |
//! | 40 | 8     | nonce: drawn by the draft |
//! | 48 | 4     | group |
//! | 52 | 4     | piece: parts of this group and draft before this one |
//!
//! | at | bytes | block |
//! |----|-------|-------|
//! | 0  | 4     | length of the records in bytes |
//! | 4  | 4     | number of records, at least 1 |
//! | 8  | 4     | checksum of header, offset of the block (8 bytes), the 8 bytes above, and the records |
//! | 12 |       | records |
//!
//! So a block that stands in another part, or elsewhere in its own, never verifies. A block has at most 64 KiB of records,
//! or a single record. A record is a byte for its kind, the length of the key, of a `Put` also the length of the value
//! (varints: 7 bits a byte, lowest first, the high bit says that more follow), then key and value.
//!
//! | kind | | |
//! |------|-|-|
//! | 1 | `Put`          | the key has this value |
//! | 2 | `Delete`       | the key is gone |
//! | 3 | `DeletePrefix` | all keys that begin so, and that were put before, are gone |
//!
//! # Manifest
//!
//! The object `manifests/NUMBER` names all parts of a checkpoint. It is created last and only if there is none of this
//! number; whatever no manifest names does not count.
//!
//! | at | bytes | manifest |
//! |----|-------|----------|
//! | 0  | 8     | `THALWEGm` |
//! | 8  | 4     | format |
//! | 12 | 4     | checksum of the whole manifest, with zeros here |
//! | 16 | 8     | size of the manifest in bytes |
//! | 24 | 8     | number |
//! | 32 | 8     | epoch |
//! | 40 | 16    | store id |
//! | 56 | 8     | nonce of the draft |
//! | 64 | 4     | number of groups |
//! | 68 | 4     | length of the caller's bytes |
//! | 72 |       | the caller's bytes; then for each group the number of its parts (4 bytes) and these, oldest first |
//!
//! | at | bytes | part |
//! |----|-------|------|
//! | 0  | 8     | draft |
//! | 8  | 8     | nonce |
//! | 16 | 4     | piece |
//! | 20 | 4     | 1: belongs to the whole of the group; 0: holds changes, and no part of a whole follows |
//! | 24 | 8     | size in bytes |
//! | 32 | 8     | number of records |
//! | 40 | 4     | number of blocks |
//! | 44 | 4     | digest: checksum of the header and of the first 12 bytes of each block |
//!
//! Later records count, and those of later parts: read backwards, the first record of a key is what it is.
use crate::names::PartName;
use crate::{Error, Result};

/// The format that is read and written.
pub(crate) const FORMAT: u32 = 1;
/// The bytes before the first block of a part.
pub(crate) const HEADER: usize = 56;
/// The bytes of a block before its records.
pub(crate) const HEAD: usize = 12;
/// The most bytes of records in a block of several.
pub(crate) const BLOCK: usize = 64 << 10;
/// What the two kinds of objects begin with.
pub(crate) const PART: [u8; 8] = *b"THALWEGp";
pub(crate) const MANIFEST: [u8; 8] = *b"THALWEGm";

/// Makes the first bytes of an object right, once all others are.
pub(crate) fn seal(bytes: &mut [u8], magic: [u8; 8]) {
    bytes[..8].copy_from_slice(&magic);
    bytes[8..12].copy_from_slice(&FORMAT.to_le_bytes());
    let sum = checksum(bytes);
    bytes[12..16].copy_from_slice(&sum.to_le_bytes());
}

/// Checks the first bytes of an object, and the checksum of all that are given.
pub(crate) fn check(object: &str, bytes: &[u8], magic: [u8; 8], least: usize) -> Result<()> {
    if bytes.len() < least {
        return Err(Error::damaged(object, bytes.len(), format!("the header of {least} bytes is cut off")));
    }
    if bytes[..8] != magic {
        return Err(Error::damaged(object, 0, "it does not begin as such an object does"));
    }
    if checksum(bytes) != u32_at(bytes, 12) {
        return Err(Error::damaged(object, 0, "the checksum is wrong"));
    }
    match u32_at(bytes, 8) {
        FORMAT => Ok(()),
        found => Err(Error::Format { object: object.to_owned(), found, known: FORMAT }),
    }
}

/// Of bytes with a place for it at 12.
fn checksum(bytes: &[u8]) -> u32 {
    let sum = crc32c::crc32c_append(crc32c::crc32c(&bytes[..12]), &[0; 4]);
    crc32c::crc32c_append(sum, &bytes[16..])
}

/// The header of a part.
pub(crate) fn header(id: &[u8; 16], name: &PartName) -> [u8; HEADER] {
    let mut header = [0; HEADER];
    header[16..32].copy_from_slice(id);
    header[32..40].copy_from_slice(&name.draft.to_le_bytes());
    header[40..48].copy_from_slice(&name.nonce.to_le_bytes());
    header[48..52].copy_from_slice(&name.group.to_le_bytes());
    header[52..56].copy_from_slice(&name.piece.to_le_bytes());
    seal(&mut header, PART);
    header
}

/// The checksum of a block at this offset, of a part with this header.
pub(crate) fn block_sum(header: &[u8], offset: usize, head: &[u8], records: &[u8]) -> u32 {
    let pieces = [header, &(offset as u64).to_le_bytes(), &head[..8], records];
    pieces.into_iter().fold(0, crc32c::crc32c_append)
}

pub(crate) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("4 bytes"))
}
pub(crate) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("8 bytes"))
}
pub(crate) fn id_at(bytes: &[u8], at: usize) -> [u8; 16] {
    bytes[at..at + 16].try_into().expect("16 bytes")
}
