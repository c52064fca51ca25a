//! A log that was read and found sound; accepting it begins a new generation. Only this writes.
//!
//! - The new generation begins in a new segment. A segment that may have a torn tail is never appended to.
//! - Its base and its `Start` record the cut, and are witnesses of it from then on.
//! - What was read but is not known to have been synced by its writer is first copied to a new file: after a failed sync,
//!   pages can be read for a while that will never reach the disk, and a further sync says nothing about them.
//! - A crash at any place leaves the log as it was read, or with the new generation.
use crate::disk::Disk;
use crate::error::{Error, Result, is_full};
use crate::format::{BLOCK, CUT, Cut, Head, Header};
use crate::log::{Log, Progress};
use crate::read::{Read, Reading, refused};
use crate::record::End;
use crate::segment::{self, name_of};
use crate::write::{Old, Segment, Writer, part_size};
use crate::{Epoch, Position, Settings};
use std::io;

/// A log that was read to its end.
#[derive(Debug)]
pub struct Opened<D: Disk> {
    disk: D,
    lock: Option<D::Lock>,
    settings: Settings,
    segments: Vec<Read>,
    leftover: Vec<u64>,
    how: End,
    last: Epoch,
    cut: Cut,
    witnessed: Position,
}

impl<D: Disk> Opened<D> {
    pub(crate) fn new(reading: Reading<D>) -> Self {
        let generation = reading.segments.last().map_or(0, |read| read.header.generation);
        let cut = Cut { generation, end: reading.end_position(), cut: reading.chain.solid };
        Self {
            how: reading.how_it_ends(),
            last: reading.last_epoch(),
            witnessed: reading.chain.witnessed,
            disk: reading.disk,
            lock: reading.lock,
            settings: reading.settings,
            segments: reading.segments,
            leftover: [reading.released, reading.leftover].concat(),
            cut,
        }
    }

    /// How the log ends.
    pub fn end(&self) -> End {
        self.how
    }
    /// The last epoch that it holds.
    pub fn last(&self) -> Epoch {
        self.last
    }
    /// The generation that accepting will begin; larger than any before.
    pub fn generation(&self) -> u64 {
        self.cut.generation + 1
    }

    /// Begins a new generation, with a `Start` that holds these bytes, and starts the thread that writes.
    ///
    /// # Errors
    /// [`Error::Full`] if there is no space for a segment; [`Error::TooLarge`]; [`Error::Io`] and [`Error::Poisoned`];
    /// [`Error::ReadOnly`] if it was opened so. The log is as it was before, and can be opened again.
    pub fn accept(mut self, start: &[u8], hook: impl Fn(Progress) + Send + 'static) -> Result<Log> {
        let most = part_size(self.settings.segment_bytes) - CUT;
        if start.len() > most {
            return Err(Error::TooLarge { bytes: start.len(), most });
        }
        let read_only = || Error::ReadOnly { path: self.disk.path("") };
        let lock = self.lock.take().ok_or_else(read_only)?;
        let used = self.segments.iter().rposition(|read| read.used).map_or(0, |last| last + 1);
        self.remove_unused(used)?;
        for read in &self.segments[..used] {
            self.renew(&read.header)?;
        }
        let header = self.header(&self.segments[..used]);
        let segment = Segment::new(header, make(&self.disk, &header, &[])?);
        let old =
            self.segments[..used].iter().map(|read| Old { number: read.header.number, last: read.last });
        let mut writer = Writer::new(self.disk, segment, old.collect(), self.last);
        writer.start(&[&self.cut.encode(), start].concat())?;
        Log::start(writer, lock, &self.settings, Box::new(hook))
    }

    /// Removes what holds no frame of the log: segments that were released, or made ahead, or with remains of writes only.
    /// The last one goes first, so that no crash leaves a gap; one that has to follow a full segment stays, and will be
    /// replaced.
    fn remove_unused(&self, used: usize) -> Result<()> {
        let names = self.disk.list().map_err(|source| refused(&self.disk, "list", "", source))?;
        let unfinished = names.into_iter().filter(|name| segment::is_unfinished(name));
        let leftover = self.leftover.iter().map(|number| name_of(*number));
        let full =
            used.checked_sub(1).is_some_and(|last| self.segments[last].header.end() == Some(self.cut.end));
        let unused = self.segments[used..]
            .iter()
            .skip(usize::from(full))
            .rev()
            .map(|read| name_of(read.header.number));
        for name in unfinished.chain(leftover).chain(unused) {
            self.disk.remove(&name).map_err(|source| refused(&self.disk, "remove", &name, source))?;
            self.disk.sync_dir().map_err(|source| refused(&self.disk, "sync", "", source))?;
        }
        Ok(())
    }

    /// Writes a segment anew, if it has frames of the last generation that no later frame knows to be durable.
    fn renew(&self, header: &Header) -> Result<()> {
        let end = header.end().expect("checked when it was read");
        let known = header.generation < self.cut.generation || end <= self.witnessed;
        if known || self.cut.cut <= self.witnessed || header.base >= self.cut.cut {
            return Ok(());
        }
        let mut bytes = Vec::new();
        let read = segment::load(&self.disk, header.number, &mut bytes)?;
        let offset = sound_until(&bytes, header);
        if read != *header || header.position(offset) < self.cut.cut.min(end) {
            let what = "a frame that was sound is so no more".to_owned();
            let file = self.disk.path(&name_of(header.number));
            return Err(Error::Damaged { file, offset: offset as u64, what, witness: Some(self.cut.cut) });
        }
        make(&self.disk, header, &bytes[..offset]).map(drop)
    }

    /// The header of the new generation's first segment.
    fn header(&self, used: &[Read]) -> Header {
        let first = self.segments.first().map(|read| read.header);
        Header {
            id: first.map_or(self.settings.id, |first| first.id),
            number: used.last().map_or(first.map_or(1, |first| first.number), |read| read.header.number + 1),
            generation: self.generation(),
            base: self.cut.cut,
            durable: self.cut.cut,
            epoch: self.last,
            bytes: self.settings.segment_bytes,
        }
    }
}

/// Where the frames of a segment end.
fn sound_until(bytes: &[u8], header: &Header) -> usize {
    let mut offset = BLOCK;
    while offset < bytes.len() {
        let (rest, at) = (&bytes[offset..], header.position(offset));
        let head = Head::decode(rest, header.seed(), at);
        let Some(head) = head.filter(|head| head.body(rest, header.seed(), at).is_some()) else { break };
        offset += head.size();
    }
    offset
}

fn make<D: Disk>(disk: &D, header: &Header, contents: &[u8]) -> Result<D::File> {
    segment::make(disk, header, contents).map_err(|source: io::Error| {
        segment::give_up(disk, header.number);
        if is_full(&source) { Error::Full } else { refused(disk, "make", &name_of(header.number), source) }
    })
}
