//! Opening and verifying: what the log holds, and whether it holds all that it must.
//!
//! Let P be the first position without a sound frame, and W the largest `durable` that anything later says: a frame behind
//! P, the beginning of the next generation, or the caller. If W is beyond P, acknowledged bytes are missing: damage. Else
//! all that stands behind P is a torn tail, in whatever order the disk took it.
//!
//! - Nothing on the disk is changed, and no space is needed.
//! - What is read was synced first: after a killed process, frames can be read that are not on the disk.
//! - Only the segments that are there decide how much memory is taken: one of them at a time.
use crate::accept::Opened;
use crate::chain::Chain;
use crate::disk::Disk;
use crate::error::{Error, Result};
use crate::format::{BLOCK, Head, Header};
use crate::gaps::{self, Found};
use crate::record::{End, Record};
use crate::segment::{self, name_of};
use crate::{Epoch, Position, Settings, Witness};
use std::io;

/// A segment as far as it was read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Read {
    pub(crate) header: Header,
    /// No frame is of a later epoch.
    pub(crate) last: Epoch,
    /// Whether it has a sound frame.
    pub(crate) used: bool,
}

/// A place without a sound frame.
#[derive(Clone, Copy, Debug)]
struct Broken {
    number: u64,
    offset: usize,
    at: Position,
    /// What stands behind says that everything below was durable.
    witness: Position,
    /// Something does stand behind.
    remains: bool,
}

/// The segment whose frames are read.
#[derive(Debug)]
struct Current {
    header: Header,
    offset: usize,
}

/// A log while it is read: an iterator over its records. The end is verified when it has been reached.
#[derive(Debug)]
pub struct Reading<D: Disk> {
    pub(crate) disk: D,
    /// None for one that is only read.
    pub(crate) lock: Option<D::Lock>,
    pub(crate) settings: Settings,
    pub(crate) chain: Chain,
    pub(crate) segments: Vec<Read>,
    pub(crate) frames: [u64; 8],
    witness: Witness,
    /// Segments before a gap, which the log may do without; see [`Found`].
    pub(crate) released: Vec<u64>,
    /// Segments that are no part of the log.
    pub(crate) leftover: Vec<u64>,
    numbers: std::vec::IntoIter<u64>,
    bytes: Vec<u8>,
    current: Option<Current>,
    broken: Option<Broken>,
    finished: bool,
    failed: bool,
}

/// Takes the lock of a log and begins to read it.
///
/// # Errors
/// [`Error::Locked`] if another process has it; when the directory cannot be read, or a segment behind a gap.
///
/// # Panics
/// If the settings ask for segments that cannot be.
pub fn open<D: Disk>(disk: D, settings: Settings, witness: Witness) -> Result<Reading<D>> {
    settings.check();
    let lock = match disk.lock(segment::LOCK) {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
            return Err(Error::Locked { path: disk.path(segment::LOCK) });
        }
        lock => lock.map_err(|source| refused(&disk, "lock", segment::LOCK, source))?,
    };
    disk.sync_dir().map_err(|source| refused(&disk, "sync", "", source))?;
    reading(disk, Some(lock), settings, witness)
}

/// Begins to read a log that need not be one's own: without its lock, and without writing anything. A directory that is not
/// there is an empty log.
///
/// Its writer may go on meanwhile. Then the end may look damaged, or a segment be released while it is read: whoever needs
/// the end reads again, and whoever stops before it need not care.
///
/// # Errors
/// When the directory cannot be read, or a segment behind a gap.
///
/// # Panics
/// As [`open`].
pub fn open_read_only<D: Disk>(disk: D, settings: Settings, witness: Witness) -> Result<Reading<D>> {
    settings.check();
    reading(disk, None, settings, witness)
}

fn reading<D: Disk>(
    disk: D,
    lock: Option<D::Lock>,
    settings: Settings,
    witness: Witness,
) -> Result<Reading<D>> {
    let names = match disk.list() {
        Err(error) if lock.is_none() && error.kind() == io::ErrorKind::NotFound => Vec::new(),
        names => names.map_err(|source| refused(&disk, "list", "", source))?,
    };
    let Found { numbers, released, leftover, durable } = gaps::found(&disk, segment::numbers_in(&names))?;
    let witness = Witness { position: witness.position.max(durable), ..witness };
    Ok(Reading {
        disk,
        lock,
        settings,
        chain: Chain::default(),
        segments: Vec::new(),
        frames: [0; 8],
        witness,
        released,
        leftover,
        numbers: numbers.into_iter(),
        bytes: Vec::new(),
        current: None,
        broken: None,
        finished: false,
        failed: false,
    })
}

pub(crate) fn refused<D: Disk>(disk: &D, doing: &'static str, name: &str, source: io::Error) -> Error {
    Error::Io { doing, path: disk.path(name), source }
}

impl<D: Disk> Iterator for Reading<D> {
    type Item = Result<Record>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.finished {
            return None;
        }
        let record = self.step().transpose();
        self.finished = !matches!(record, Some(Ok(_)));
        self.failed = matches!(record, Some(Err(_)));
        record
    }
}

impl<D: Disk> Reading<D> {
    /// How many bytes of segments have been read, and about how many there are: the last segment may be mostly empty.
    pub fn progress(&self) -> (u64, u64) {
        let size = self.segments.last().map_or(self.settings.segment_bytes, |read| read.header.bytes);
        let before = self.segments.len().saturating_sub(1) as u64 * size;
        let read = before + self.current.as_ref().map_or(0, |current| current.offset as u64);
        (read, (self.segments.len() + self.numbers.len()) as u64 * size)
    }

    /// Reads what is left and verifies the end. The log can be written after that.
    ///
    /// # Errors
    /// What is wrong with the log.
    ///
    /// # Panics
    /// If reading has returned an error before.
    pub fn finish(mut self) -> Result<Opened<D>> {
        assert!(!self.failed, "a log that could not be read is not opened");
        for record in self.by_ref() {
            record?;
        }
        Ok(Opened::new(self))
    }

    /// How many segments have been read so far, and their bytes.
    pub fn size(&self) -> (u64, u64) {
        (self.segments.len() as u64, self.segments.iter().map(|read| read.header.bytes).sum())
    }

    fn step(&mut self) -> Result<Option<Record>> {
        loop {
            if self.current.is_none() && !self.load()? {
                self.verify_end()?;
                return Ok(None);
            }
            if let Some(record) = self.frame()? {
                return Ok(Some(record));
            }
        }
    }

    /// Loads the next segment; false if there is none.
    fn load(&mut self) -> Result<bool> {
        let Some(number) = self.numbers.next() else { return Ok(false) };
        let header = segment::load(&self.disk, number, &mut self.bytes)?;
        let before = self.segments.last().map(|read| read.header);
        self.segments.push(Read { header, last: self.chain.last(), used: false });
        match before {
            None => self.chain.begin(header.generation, header.base, true),
            Some(before) if header.id != before.id => {
                return Err(self.misplaced(number, 16, "the segment is of another log"));
            }
            // Made ahead for a generation that is over, and removed; the removal has not reached the disk.
            Some(before) if header.generation < before.generation => {
                self.segments.pop();
                self.leftover.push(number);
                self.leftover.extend(self.numbers.by_ref());
                return Ok(false);
            }
            Some(before) if header.generation > before.generation => self.cut_before(&before, &header)?,
            Some(before) => {
                if Some(header.base) != before.end() {
                    return Err(self.misplaced(
                        number,
                        48,
                        "the segment does not begin where the one before ends",
                    ));
                }
                if let Some(broken) = &mut self.broken {
                    let (witness, remains) = later_witness(&self.bytes, &header, BLOCK);
                    broken.witness = broken.witness.max(witness).max(header.durable);
                    broken.remains |= remains;
                    return Ok(true);
                }
            }
        }
        self.current = Some(Current { header, offset: BLOCK });
        Ok(true)
    }

    /// The generation before this segment ends: it reaches the cut, or is damaged.
    fn cut_before(&mut self, before: &Header, header: &Header) -> Result<()> {
        let mut broken = self.broken.take().unwrap_or_else(|| Broken::at(before, self.size_of(before)));
        broken.witness = broken.witness.max(header.base).max(header.durable);
        self.torn_or_damaged(&broken)?;
        if self.chain.solid > header.base {
            let what = "the next generation begins before the end of this one";
            return Err(self.misplaced(header.number, 48, what));
        }
        self.chain.begin(header.generation, header.base, false);
        Ok(())
    }

    fn size_of(&self, header: &Header) -> usize {
        usize::try_from(header.bytes).expect("it was in memory")
    }

    /// Takes the next frame of the current segment, or finds that there is none.
    fn frame(&mut self) -> Result<Option<Record>> {
        let Some(current) = &mut self.current else { return Ok(None) };
        let (header, offset) = (current.header, current.offset);
        if offset == self.bytes.len() {
            self.current = None;
            return Ok(None);
        }
        let (rest, at) = (&self.bytes[offset..], header.position(offset));
        let head = Head::decode(rest, header.seed(), at);
        let Some((head, body)) = head.and_then(|head| Some((head, head.body(rest, header.seed(), at)?)))
        else {
            let (witness, remains) = later_witness(&self.bytes, &header, offset);
            self.broken = Some(Broken { witness, remains, ..Broken::at(&header, offset) });
            self.current = None;
            return Ok(None);
        };
        current.offset += head.size();
        let end = header.position(current.offset);
        let record = self.chain.take(&head, body, at, end).map_err(|what| Error::Damaged {
            file: self.disk.path(&name_of(header.number)),
            offset: offset as u64,
            what,
            witness: None,
        })?;
        self.frames[head.kind as usize] += 1;
        let read = self.segments.last_mut().expect("the current segment is the last one loaded");
        (read.used, read.last) = (true, read.last.max(head.epoch));
        Ok(record)
    }

    /// There is no further segment: the log ends here, and nobody knows of more.
    fn verify_end(&self) -> Result<()> {
        let Some(last) = self.segments.last().map(|read| read.header) else { return self.verify_epochs() };
        if self.broken.is_none() && !self.chain.stopped {
            // A segment is filled to its end only when the next one is there.
            return Err(Error::Missing { file: self.disk.path(&name_of(last.number + 1)) });
        }
        let mut broken = self.broken.unwrap_or_else(|| Broken::at(&last, self.size_of(&last)));
        broken.witness = broken.witness.max(self.witness.position);
        self.torn_or_damaged(&broken)?;
        self.verify_epochs()
    }

    fn torn_or_damaged(&self, broken: &Broken) -> Result<()> {
        if broken.witness <= broken.at {
            return Ok(());
        }
        Err(Error::Damaged {
            file: self.disk.path(&name_of(broken.number)),
            offset: broken.offset as u64,
            what: format!(
                "no sound frame at position {}, but everything below {} was durable",
                broken.at, broken.witness
            ),
            witness: Some(broken.witness),
        })
    }

    /// The last epoch that it holds, or behind which it begins.
    pub(crate) fn last_epoch(&self) -> Epoch {
        // A first segment without a frame is none yet.
        if self.chain.knows_its_epoch() { self.chain.last() } else { self.settings.behind }
    }

    /// The caller's epoch is not beyond the last one, and all after it are here.
    fn verify_epochs(&self) -> Result<()> {
        let (known, last) = (self.witness.epoch, self.last_epoch());
        let first = self.chain.first().unwrap_or(Epoch(last.0.saturating_add(1)));
        let beyond = self.segments.is_empty() && self.witness.position > Position(0);
        // Behind a gap, something has to say which epochs are not needed.
        let beyond = beyond || (!self.released.is_empty() && !self.chain.knows_its_epoch());
        if known <= last && first.0 <= known.0.saturating_add(1) && !beyond {
            return Ok(());
        }
        if let Some(before) = self.released.last() {
            return Err(Error::Missing { file: self.disk.path(&name_of(before + 1)) });
        }
        let (number, offset) = self.end();
        let file = number.map_or_else(|| self.disk.path(""), |number| self.disk.path(&name_of(number)));
        Err(Error::Lost { file, offset: offset as u64, first, last, epoch: known })
    }

    fn misplaced(&self, number: u64, offset: u64, what: &str) -> Error {
        let file = self.disk.path(&name_of(number));
        Error::Damaged { file, offset, what: what.to_owned(), witness: None }
    }

    /// Segment and offset of the end.
    pub(crate) fn end(&self) -> (Option<u64>, usize) {
        let last = self.segments.last().map(|read| read.header);
        let broken = self.broken.or_else(|| last.map(|last| Broken::at(&last, self.size_of(&last))));
        broken.map_or((None, 0), |broken| (Some(broken.number), broken.offset))
    }

    /// The position of the end.
    pub(crate) fn end_position(&self) -> Position {
        let end = self.segments.last().and_then(|read| read.header.end()).unwrap_or_default();
        self.broken.map_or(end, |broken| broken.at)
    }

    pub(crate) fn how_it_ends(&self) -> End {
        match self.broken {
            None if self.segments.is_empty() => End::New,
            Some(broken) if broken.remains => End::Torn,
            _ if self.chain.stopped => End::Stopped,
            _ => End::Open,
        }
    }
}

impl Broken {
    fn at(header: &Header, offset: usize) -> Self {
        let at = header.position(offset);
        Self { number: header.number, offset, at, witness: Position(0), remains: false }
    }
}

static ZEROS: [u8; BLOCK] = [0; BLOCK];

/// The largest `durable` of the heads that stand at this offset or behind it, whatever became of their bodies; and
/// whether anything but zeros does.
pub(crate) fn later_witness(bytes: &[u8], header: &Header, from: usize) -> (Position, bool) {
    let (mut witness, mut remains, mut offset) = (Position(0), false, from);
    while offset + 8 <= bytes.len() {
        let (rest, at) = (&bytes[offset..], header.position(offset));
        // Most of what is behind the end of a log has never been written.
        if offset.is_multiple_of(BLOCK) && rest.get(..BLOCK) == Some(&ZEROS) {
            offset += BLOCK;
            continue;
        }
        remains |= rest[..8] != [0; 8];
        if let Some(head) = Head::decode(rest, header.seed(), at) {
            witness = witness.max(head.durable);
        }
        offset += 8;
    }
    (witness, remains)
}
