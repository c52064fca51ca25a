//! Frames into segments. This knows the disk and no thread.
//!
//! - A write begins where the last one ended, at a multiple of a block; the first that fails is the last: whoever gets a
//!   [`Failure`] that is not about space drops the writer.
//! - What is called durable has been synced, in this segment and all before it.
//! - A segment is used when it and its name are durable, and after the one before was filled and synced.
//! - Two blocks stay free behind epochs, one behind a `Seen`: a segment can always be filled, or the log stopped.
use crate::disk::{Disk, File};
use crate::error::{Error, is_full};
use crate::format::{BLOCK, FRAME, Frame, FrameKind, Header, PART, Seed, encode_skip, frame_size};
use crate::segment::{self, Made, Making, name_of};
use crate::{Epoch, Position};
use std::collections::VecDeque;
use std::io;

/// What stays free of a segment behind epochs.
const KEPT: usize = 2 * BLOCK;

/// The most bytes of a body in one frame, in segments of this size.
pub(crate) fn part_size(segment_bytes: u64) -> usize {
    let usable = usize::try_from(segment_bytes).map_or(PART, |bytes| bytes - BLOCK - KEPT);
    PART.min(usable / 4) & !7
}

/// Something to be logged.
#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) outcome: bool,
    pub(crate) epoch: Epoch,
    pub(crate) body: Vec<u8>,
}

impl Item {
    /// The bytes of its frames.
    pub(crate) fn cost(body: usize, segment_bytes: u64) -> u64 {
        let parts = body / part_size(segment_bytes) + 1;
        (frame_size(body) + (parts - 1) * FRAME) as u64
    }
}

/// Something on the disk has failed. What was not durable before may or may not be.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) what: String,
    /// A segment could not be made for lack of space; nothing else has happened.
    pub(crate) full: bool,
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        if failure.full { Self::Full } else { Self::Poisoned { what: failure.what } }
    }
}

/// A segment that is written, or will be.
#[derive(Debug)]
pub(crate) struct Segment<F> {
    header: Header,
    seed: Seed,
    file: F,
    /// Where the next write begins.
    end: usize,
    size: usize,
}

impl<F> Segment<F> {
    pub(crate) fn new(header: Header, file: F) -> Self {
        let size = usize::try_from(header.bytes).expect("the settings bound the size of a segment");
        Self { header, seed: header.seed(), file, end: BLOCK, size }
    }
}

/// A segment that is only kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Old {
    pub(crate) number: u64,
    /// No frame is of a later epoch.
    pub(crate) last: Epoch,
}

/// The writer of one generation.
#[derive(Debug)]
pub(crate) struct Writer<D: Disk> {
    disk: D,
    current: Segment<D::File>,
    spares: VecDeque<Segment<D::File>>,
    making: Option<Making<D::File>>,
    old: VecDeque<Old>,
    /// The last epoch with a frame, and the last that was sealed.
    epoch: Epoch,
    sealed: Epoch,
    durable: Position,
    /// What a `Seen` has said.
    seen: Position,
    /// The next write.
    write: Vec<u8>,
}

impl<D: Disk> Writer<D> {
    pub(crate) fn new(disk: D, current: Segment<D::File>, old: VecDeque<Old>, last: Epoch) -> Self {
        let durable = current.header.durable;
        let (spares, write) = (VecDeque::new(), Vec::new());
        Self {
            disk,
            current,
            spares,
            making: None,
            old,
            epoch: last,
            sealed: last,
            durable,
            seen: durable,
            write,
        }
    }

    pub(crate) fn sealed(&self) -> Epoch {
        self.sealed
    }
    pub(crate) fn durable(&self) -> Position {
        self.durable
    }
    pub(crate) fn spares(&self) -> usize {
        self.spares.len()
    }

    /// Begins the generation, durably.
    pub(crate) fn start(&mut self, body: &[u8]) -> Result<(), Failure> {
        self.frame(FrameKind::Start, false, self.sealed, body)?;
        self.flush()?;
        self.sync()
    }

    /// Writes these; unless there are only outcomes, they are durable after that.
    pub(crate) fn append(&mut self, items: &[Item]) -> Result<(), Failure> {
        for item in items {
            if item.outcome {
                self.frame(FrameKind::Outcome, false, item.epoch, &item.body)?;
            } else {
                self.epoch(item.epoch, &item.body)?;
            }
        }
        self.flush()?;
        if items.iter().all(|item| item.outcome) { Ok(()) } else { self.sync() }
    }

    fn epoch(&mut self, epoch: Epoch, body: &[u8]) -> Result<(), Failure> {
        assert_eq!(epoch, self.sealed.next(), "epochs are written in order");
        self.epoch = epoch;
        let size = part_size(self.current.header.bytes);
        let mut parts = body.chunks(size).peekable();
        let mut continued = false;
        while let Some(part) = parts.next_if(|part| part.len() == size && body.len() > size) {
            self.frame(FrameKind::Part, continued, epoch, part)?;
            continued = true;
        }
        self.frame(FrameKind::Epoch, continued, epoch, parts.next().unwrap_or_default())?;
        self.sealed = epoch;
        Ok(())
    }

    /// Whether the last sync still lacks a witness, and there is room for one.
    pub(crate) fn wants_seen(&self) -> bool {
        self.seen < self.durable && self.rest() >= KEPT
    }

    /// Says what is durable, without a sync.
    pub(crate) fn seen(&mut self) -> Result<(), Failure> {
        self.seen = self.durable;
        self.idle_frame(FrameKind::Seen);
        self.flush()
    }

    /// Ends the log, durably.
    pub(crate) fn stop(&mut self) -> Result<(), Failure> {
        assert!(self.rest() >= BLOCK, "a block is kept for the stop");
        self.idle_frame(FrameKind::Stop);
        self.flush()?;
        self.sync()?;
        if self.wants_seen() { self.seen() } else { Ok(()) }
    }

    /// How many bytes of items, by their cost, surely find room in the segments there are.
    pub(crate) fn room(&self) -> u64 {
        let bytes = self.current.header.bytes;
        // At the end of a segment, the frame that does not fit any more leaves less than its own size, and the write
        // before it is filled up.
        let lost = KEPT + frame_size(part_size(bytes)) + 2 * BLOCK;
        let each = usize::try_from(bytes).map_or(0, |bytes| bytes - BLOCK - lost);
        let room = self.rest().saturating_sub(lost) + each * self.spares.len();
        // Between this answer and the next one, the write in progress, one of outcomes, and a `Seen` are filled up.
        room.saturating_sub(4 * BLOCK) as u64
    }

    /// Whether more than half of the current segment is written.
    pub(crate) fn is_half_full(&self) -> bool {
        self.current.end > self.current.size / 2
    }

    /// Does a bit of the work of making the next segment.
    pub(crate) fn make(&mut self) -> Result<(), Failure> {
        let last = self.spares.back().map_or(self.current.header, |spare| spare.header);
        let base = last.end().expect("positions do not come to an end");
        let header =
            Header { number: last.number + 1, base, durable: self.durable, epoch: self.sealed, ..last };
        self.make_step(header).map_err(|source| {
            segment::give_up(&self.disk, header.number);
            self.making = None;
            Failure { full: is_full(&source), ..self.failure("make", header.number, &source) }
        })
    }

    fn make_step(&mut self, header: Header) -> io::Result<()> {
        let making = match self.making.take() {
            Some(making) => making,
            None => Making::begin(&self.disk, header.number, header.bytes)?,
        };
        match making.step(&[])? {
            Made::NotYet(more) => self.making = Some(more),
            Made::Filled(filled) => {
                let file = filled.finish(&self.disk, &header)?;
                self.spares.push_back(Segment::new(header, file));
            }
        }
        Ok(())
    }

    /// Removes the oldest segments that have nothing later than this epoch, each durably before the next: no crash
    /// leaves a gap. One that cannot be removed stays, and all behind it, until the next time.
    pub(crate) fn release(&mut self, epoch: Epoch) -> Result<(), Failure> {
        while let Some(old) = self.old.front().copied().filter(|old| old.last <= epoch) {
            if self.disk.remove(&name_of(old.number)).is_err() {
                return Ok(());
            }
            self.old.pop_front();
            let synced = self.disk.sync_dir();
            synced.map_err(|source| self.failure("sync the removal of", old.number, &source))?;
        }
        Ok(())
    }

    /// What is free of the current segment.
    fn rest(&self) -> usize {
        self.current.size - self.current.end - self.write.len()
    }

    fn frame(&mut self, kind: FrameKind, continued: bool, epoch: Epoch, body: &[u8]) -> Result<(), Failure> {
        let size = frame_size(body.len());
        if !self.fits(size) {
            self.roll()?;
        }
        assert!(self.fits(size), "a frame fits into an empty segment");
        self.put(kind, continued, epoch, body);
        Ok(())
    }

    fn fits(&self, frame: usize) -> bool {
        self.current.end + padded(self.write.len() + frame) + KEPT <= self.current.size
    }

    fn idle_frame(&mut self, kind: FrameKind) {
        self.put(kind, false, self.sealed, &[]);
    }

    fn put(&mut self, kind: FrameKind, continued: bool, epoch: Epoch, body: &[u8]) {
        let frame = Frame { kind, continued, epoch, durable: self.durable, body };
        let at = self.position();
        frame.encode(self.current.seed, at, &mut self.write);
    }

    /// The position behind all frames so far.
    fn position(&self) -> Position {
        self.current.header.position(self.current.end + self.write.len())
    }

    /// Writes what has been gathered, filled up to whole blocks.
    fn flush(&mut self) -> Result<(), Failure> {
        if self.write.is_empty() {
            return Ok(());
        }
        let end = padded(self.write.len());
        if end > self.write.len() {
            self.skip((end - self.write.len()) as u64);
        }
        self.write.resize(end, 0);
        self.write_out(end)
    }

    /// Appends a `Skip` over so many bytes.
    fn skip(&mut self, bytes: u64) {
        let (at, seed) = (self.position(), self.current.seed);
        encode_skip(bytes, self.sealed, self.durable, seed, at, &mut self.write);
    }

    /// One write of what has been gathered; the next one begins so many bytes behind it.
    fn write_out(&mut self, bytes: usize) -> Result<(), Failure> {
        let offset = self.current.end;
        assert!(
            offset.is_multiple_of(BLOCK) && offset + bytes <= self.current.size,
            "a write has its own blocks"
        );
        let written = self.current.file.write_at(offset as u64, &self.write);
        written.map_err(|source| self.failure("write", self.current.header.number, &source))?;
        self.write.clear();
        self.current.end += bytes;
        Ok(())
    }

    fn sync(&mut self) -> Result<(), Failure> {
        let synced = self.current.file.sync();
        synced.map_err(|source| self.failure("sync", self.current.header.number, &source))?;
        self.durable = self.position();
        Ok(())
    }

    /// Fills the current segment, syncs it, and goes on with the next one.
    fn roll(&mut self) -> Result<(), Failure> {
        self.flush()?;
        let rest = self.rest();
        if rest > 0 {
            self.skip(rest as u64);
            self.write.resize(BLOCK, 0);
            self.write_out(rest)?;
        }
        self.sync()?;
        let next = self.spares.pop_front().expect("only what has room is taken");
        assert_eq!(Some(next.header.base), self.current.header.end(), "segments follow one another");
        let full = std::mem::replace(&mut self.current, next);
        self.old.push_back(Old { number: full.header.number, last: self.epoch });
        Ok(())
    }

    fn failure(&self, doing: &str, number: u64, source: &io::Error) -> Failure {
        let file = self.disk.path(&name_of(number));
        Failure { what: format!("cannot {doing} {}: {source}", file.display()), full: false }
    }
}

/// So many bytes of frames, filled up to whole blocks; what is left of the last one is none or has room for a `Skip`.
fn padded(bytes: usize) -> usize {
    let end = bytes.next_multiple_of(BLOCK);
    if (1..FRAME).contains(&(end - bytes)) { end + BLOCK } else { end }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_ends_at_a_block_and_a_skip_fits() {
        assert_eq!([8, BLOCK - FRAME, BLOCK - 8, BLOCK].map(padded), [BLOCK, BLOCK, 2 * BLOCK, BLOCK]);
    }

    #[test]
    fn parts_are_multiples_of_eight_and_fit_into_the_smallest_segment() {
        assert_eq!(part_size(64 << 20), PART);
        let small = part_size(crate::format::MIN_SEGMENT);
        assert!(small.is_multiple_of(8) && frame_size(small) + KEPT + 4 * BLOCK < 16 * BLOCK, "{small}");
    }
}
