//! The bytes of the log. This page is a contract: a change of it is a new [`FORMAT`].
//!
//! The log is an endless sequence of frames, stored in segments. All numbers are little endian; all checksums are CRC-32C.
//!
//! # Segment
//!
//! The file `00000000000000000017.log` is segment 17: a header of 4096 bytes, then frames without a gap, then zeros. It has
//! its full size, its header and its name in the synced directory before the first frame is written.
//!
//! | at | bytes | header |
//! |----|-------|--------|
//! | 0  | 8     | `THALWEG` and a newline |
//! | 8  | 4     | format |
//! | 12 | 4     | checksum of the 4096 bytes, with zeros here |
//! | 16 | 16    | log id: random, the same in all segments |
//! | 32 | 8     | number of the segment: one more than that of the one before |
//! | 40 | 8     | generation: the start of a writer, one more each time |
//! | 48 | 8     | base: position of the first byte after the header |
//! | 56 | 8     | durable: everything below was, when this segment was made |
//! | 64 | 8     | the last epoch that was sealed then |
//! | 72 | 8     | size of the file |
//!
//! The base is where the segment before ends, within a generation. The first segment of a generation begins where the
//! log of the one before was cut: whatever of that generation stands behind is void.
//!
//! # Frame
//!
//! Begins at a multiple of 8 in the file; the next one follows the padded body.
//!
//! | at | bytes | frame |
//! |----|-------|-------|
//! | 0  | 4     | checksum of the next 28 bytes |
//! | 4  | 1     | kind |
//! | 5  | 1     | 1: the body goes on with what the `Part` before it holds; else 0 |
//! | 6  | 2     | 0 |
//! | 8  | 4     | length of the body |
//! | 12 | 4     | checksum of the body; 0 for `Skip` |
//! | 16 | 8     | epoch: of a body its own, else the last that was sealed |
//! | 24 | 8     | durable: everything below had been synced when this frame was written |
//! | 32 |       | body, then zeros up to a multiple of 8 |
//!
//! Both checksums go over log id, generation and position of the frame first, so that a stale or misplaced frame never
//! verifies.
//!
//! | kind | | body |
//! |------|-|------|
//! | 1 | `Start`   | previous generation, position where its frames end, position of the cut (8 bytes each), the caller's |
//! | 2 | `Part`    | the beginning or the middle of a large epoch, at most 1 MiB |
//! | 3 | `Epoch`   | the rest or the whole of an epoch; this seals it |
//! | 4 | `Seen`    | none: it only says `durable` |
//! | 5 | `Outcome` | the caller's, about an epoch sealed before |
//! | 6 | `Skip`    | not written, not read: up to the next block or to the end of the segment |
//! | 7 | `Stop`    | none: the writer ended in peace |
//!
//! Each write begins at a multiple of 4096 and ends there with a `Skip`, so that no block with durable bytes is written
//! twice. Before the first write to a segment, the one before is filled by a `Skip` (or a `Stop`) and synced.
use crate::{Epoch, Position};

/// The format that is read and written.
pub(crate) const FORMAT: u32 = 1;
/// A write begins and ends at a multiple of this. Also the size of a segment's header.
pub(crate) const BLOCK: usize = 4096;
/// The bytes of a frame before its body.
pub(crate) const FRAME: usize = 32;
/// The most bytes of a body in one frame.
pub(crate) const PART: usize = 1 << 20;
/// The size of the smallest segment.
pub(crate) const MIN_SEGMENT: u64 = 16 * BLOCK as u64;
/// What stands before the caller's bytes in the body of a `Start`.
pub(crate) const CUT: usize = 24;

const MAGIC: [u8; 8] = *b"THALWEG\n";
const CONTINUED: u8 = 1;

/// The header of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) id: [u8; 16],
    pub(crate) number: u64,
    pub(crate) generation: u64,
    pub(crate) base: Position,
    pub(crate) durable: Position,
    pub(crate) epoch: Epoch,
    pub(crate) bytes: u64,
}

/// Why a block is no header.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NoHeader {
    Checksum,
    Format(u32),
}

impl Header {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut block = vec![0; BLOCK];
        block[..8].copy_from_slice(&MAGIC);
        block[8..12].copy_from_slice(&FORMAT.to_le_bytes());
        block[16..32].copy_from_slice(&self.id);
        let numbers = [self.number, self.generation, self.base.0, self.durable.0, self.epoch.0, self.bytes];
        for (place, number) in block[32..80].chunks_exact_mut(8).zip(numbers) {
            place.copy_from_slice(&number.to_le_bytes());
        }
        let crc = crc32c::crc32c(&block);
        block[12..16].copy_from_slice(&crc.to_le_bytes());
        block
    }

    pub(crate) fn decode(block: &[u8]) -> Result<Self, NoHeader> {
        if block.len() < BLOCK || block[..8] != MAGIC {
            return Err(NoHeader::Checksum);
        }
        let crc = crc32c::crc32c(&block[..12]);
        let crc = crc32c::crc32c_append(crc32c::crc32c_append(crc, &[0; 4]), &block[16..BLOCK]);
        if crc != u32_at(block, 12) {
            return Err(NoHeader::Checksum);
        }
        let (format, mut id) = (u32_at(block, 8), [0; 16]);
        if format != FORMAT {
            return Err(NoHeader::Format(format));
        }
        id.copy_from_slice(&block[16..32]);
        Ok(Self {
            id,
            number: u64_at(block, 32),
            generation: u64_at(block, 40),
            base: Position(u64_at(block, 48)),
            durable: Position(u64_at(block, 56)),
            epoch: Epoch(u64_at(block, 64)),
            bytes: u64_at(block, 72),
        })
    }

    /// The position of the end of the segment, unless no log can have it.
    pub(crate) fn end(&self) -> Option<Position> {
        self.base.0.checked_add(self.bytes.checked_sub(BLOCK as u64)?).map(Position)
    }
    /// The position of this offset in the segment.
    pub(crate) fn position(&self, offset: usize) -> Position {
        Position(self.base.0 + (offset - BLOCK) as u64)
    }
    pub(crate) fn seed(&self) -> Seed {
        Seed(crc32c::crc32c_append(crc32c::crc32c(&self.id), &self.generation.to_le_bytes()))
    }
}

/// What all checksums of a generation begin with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seed(u32);

impl Seed {
    fn at(self, position: Position) -> u32 {
        crc32c::crc32c_append(self.0, &position.0.to_le_bytes())
    }
}

/// What a frame is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FrameKind {
    Start = 1,
    Part,
    Epoch,
    Seen,
    Outcome,
    Skip,
    Stop,
}

impl FrameKind {
    fn of(byte: u8) -> Option<Self> {
        use FrameKind::*;
        [Start, Part, Epoch, Seen, Outcome, Skip, Stop].into_iter().find(|&kind| kind as u8 == byte)
    }
}

/// A frame without its body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) kind: FrameKind,
    pub(crate) continued: bool,
    pub(crate) epoch: Epoch,
    pub(crate) durable: Position,
    length: u32,
    body_crc: u32,
}

impl Head {
    /// The head of the frame that stands first in these bytes, the rest of a segment, if one does and ends within.
    pub(crate) fn decode(bytes: &[u8], seed: Seed, position: Position) -> Option<Self> {
        let head = bytes.get(..FRAME)?;
        // This is asked at every place behind a torn one: most are told by a byte.
        let kind = FrameKind::of(head[4])?;
        if head[5] > CONTINUED || head[6..8] != [0; 2] {
            return None;
        }
        if crc32c::crc32c_append(seed.at(position), &head[4..]) != u32_at(head, 0) {
            return None;
        }
        let head = Self {
            kind,
            continued: head[5] == CONTINUED,
            epoch: Epoch(u64_at(head, 16)),
            durable: Position(u64_at(head, 24)),
            length: u32_at(head, 8),
            body_crc: u32_at(head, 12),
        };
        (head.size() <= bytes.len()).then_some(head)
    }

    /// The bytes of the frame, padding and all.
    pub(crate) fn size(&self) -> usize {
        frame_size(self.length as usize)
    }

    /// The body that stands in these bytes of the frame, if it is sound.
    pub(crate) fn body<'a>(&self, bytes: &'a [u8], seed: Seed, position: Position) -> Option<&'a [u8]> {
        if self.kind == FrameKind::Skip {
            return Some(&[]);
        }
        let body = bytes.get(FRAME..)?.get(..self.length as usize)?;
        (crc32c::crc32c_append(seed.at(position), body) == self.body_crc).then_some(body)
    }
}

/// A frame to be written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame<'a> {
    pub(crate) kind: FrameKind,
    pub(crate) continued: bool,
    pub(crate) epoch: Epoch,
    pub(crate) durable: Position,
    pub(crate) body: &'a [u8],
}

impl Frame<'_> {
    /// Appends it to a write.
    pub(crate) fn encode(&self, seed: Seed, position: Position, write: &mut Vec<u8>) {
        let length = u32::try_from(self.body.len()).expect("a frame's body has at most a part's bytes");
        let body_crc = crc32c::crc32c_append(seed.at(position), self.body);
        let head = Head {
            kind: self.kind,
            continued: self.continued,
            epoch: self.epoch,
            durable: self.durable,
            length,
            body_crc,
        };
        encode_head(&head, seed, position, write);
        write.extend_from_slice(self.body);
        write.resize(write.len().next_multiple_of(8), 0);
    }
}

/// Appends the head of a `Skip` over so many bytes, its own included.
pub(crate) fn encode_skip(
    bytes: u64,
    epoch: Epoch,
    durable: Position,
    seed: Seed,
    position: Position,
    write: &mut Vec<u8>,
) {
    let length = bytes.checked_sub(FRAME as u64).and_then(|length| u32::try_from(length).ok());
    let length = length.expect("a skip has a head and stays in its segment");
    let head = Head { kind: FrameKind::Skip, continued: false, epoch, durable, length, body_crc: 0 };
    encode_head(&head, seed, position, write);
}

fn encode_head(head: &Head, seed: Seed, position: Position, write: &mut Vec<u8>) {
    let mut bytes = [0; FRAME];
    bytes[4] = head.kind as u8;
    bytes[5] = if head.continued { CONTINUED } else { 0 };
    bytes[8..12].copy_from_slice(&head.length.to_le_bytes());
    bytes[12..16].copy_from_slice(&head.body_crc.to_le_bytes());
    bytes[16..24].copy_from_slice(&head.epoch.0.to_le_bytes());
    bytes[24..32].copy_from_slice(&head.durable.0.to_le_bytes());
    let crc = crc32c::crc32c_append(seed.at(position), &bytes[4..]);
    bytes[..4].copy_from_slice(&crc.to_le_bytes());
    write.extend_from_slice(&bytes);
}

/// The bytes of a frame with such a body.
pub(crate) fn frame_size(body: usize) -> usize {
    FRAME + body.next_multiple_of(8)
}

/// What a `Start` says about the log before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cut {
    pub(crate) generation: u64,
    /// Where reading found no further frame.
    pub(crate) end: Position,
    /// Where this generation goes on: `end` without idle frames.
    pub(crate) cut: Position,
}

impl Cut {
    pub(crate) fn encode(&self) -> [u8; CUT] {
        let mut bytes = [0; CUT];
        for (place, number) in bytes.chunks_exact_mut(8).zip([self.generation, self.end.0, self.cut.0]) {
            place.copy_from_slice(&number.to_le_bytes());
        }
        bytes
    }
    pub(crate) fn decode(body: &[u8]) -> Option<(Self, &[u8])> {
        let (cut, rest) = body.split_at_checked(CUT)?;
        let (end, at) = (Position(u64_at(cut, 8)), Position(u64_at(cut, 16)));
        Some((Self { generation: u64_at(cut, 0), end, cut: at }, rest))
    }
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}
fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: Header = Header {
        id: [7; 16],
        number: 17,
        generation: 3,
        base: Position(4096),
        durable: Position(800),
        epoch: Epoch(5),
        bytes: MIN_SEGMENT,
    };

    #[test]
    fn a_header_is_read_as_written_and_every_bit_counts() {
        let block = HEADER.encode();
        assert_eq!(Header::decode(&block), Ok(HEADER));
        for bit in 0..8 * BLOCK {
            let mut block = block.clone();
            block[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(Header::decode(&block), Err(NoHeader::Checksum), "bit {bit}");
        }
    }

    #[test]
    fn a_frame_verifies_only_where_it_was_written() {
        let (seed, at, durable) = (HEADER.seed(), Position(4096), Position(800));
        let frame =
            Frame { kind: FrameKind::Epoch, continued: true, epoch: Epoch(6), durable, body: b"body" };
        let mut bytes = Vec::new();
        frame.encode(seed, at, &mut bytes);
        let head = Head::decode(&bytes, seed, at).expect("a head");
        assert_eq!(
            (head.kind, head.continued, head.epoch, head.durable),
            (frame.kind, true, Epoch(6), durable)
        );
        assert_eq!((head.size(), head.body(&bytes, seed, at)), (40, Some(&b"body"[..])));
        assert_eq!(Head::decode(&bytes, seed, Position(4104)), None);
        let later = Header { generation: 4, ..HEADER }.seed();
        assert_eq!(Head::decode(&bytes, later, at), None);
        assert_eq!(Head::decode(&bytes[..39], seed, at), None);
    }

    #[test]
    fn a_length_beyond_the_segment_is_no_frame() {
        let mut bytes = Vec::new();
        encode_skip(1 << 20, Epoch(1), Position(0), HEADER.seed(), Position(0), &mut bytes);
        bytes.resize(BLOCK, 0);
        assert_eq!(Head::decode(&bytes, HEADER.seed(), Position(0)), None);
    }
}
