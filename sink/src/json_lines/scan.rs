//! Reading one file, commit by commit. A commit is sound when its lines are, follow one another, and have its checksum.
use super::disk::Disk;
use super::format::{End, Line};
use crate::positions::following;
use crate::{Positions, Result};
use std::fs::File;
use std::ops::Range;
use std::path::PathBuf;

/// What is read at a time.
const PIECE: usize = 64 << 10;

/// A file that is read.
pub(crate) struct Source {
    pub(crate) disk: Disk,
    pub(crate) path: PathBuf,
    pub(crate) file: File,
    /// Its size when it was opened.
    pub(crate) length: u64,
}

impl Source {
    pub(crate) fn open(disk: &Disk, path: PathBuf) -> Result<Self> {
        let file = disk.open(&path, false)?;
        let length = file.metadata().map_err(crate::error::refused("measure", &path))?.len();
        Ok(Self { disk: disk.clone(), path, file, length })
    }

    /// The checksum of a piece; none if it cannot be read to its end.
    fn checksum(&self, range: Range<u64>, buffer: &mut [u8]) -> Result<Option<u32>> {
        let (mut crc, mut at) = (0, range.start);
        while at < range.end {
            let most = usize::try_from(range.end - at).unwrap_or(PIECE).min(buffer.len());
            let read = self.disk.read_at(&self.file, &self.path, at, &mut buffer[..most])?;
            if read == 0 {
                return Ok(None);
            }
            crc = crc32c::crc32c_append(crc, &buffer[..read]);
            at += read as u64;
        }
        Ok(Some(crc))
    }
}

/// Lines of a file, one at a time. The memory it takes is that of the longest line, and never more than the file has.
pub(crate) struct Lines {
    /// Where the next line begins.
    pub(crate) at: u64,
    /// The last line, without its break.
    pub(crate) line: Vec<u8>,
    buffer: Vec<u8>,
    ready: Range<usize>,
}

impl Lines {
    pub(crate) fn from(at: u64) -> Self {
        Self { at, line: Vec::new(), buffer: Vec::new(), ready: 0..0 }
    }

    /// Goes on from another place.
    pub(crate) fn seek(&mut self, at: u64) {
        (self.at, self.ready) = (at, 0..0);
    }

    /// Goes on to the next line; false if there is none that is whole.
    pub(crate) fn next(&mut self, source: &Source) -> Result<bool> {
        self.line.clear();
        loop {
            let ready = &self.buffer[self.ready.clone()];
            let found = ready.iter().position(|&byte| byte == b'\n');
            let taken = found.unwrap_or(ready.len());
            let left = source.length.saturating_sub(self.at + self.line.len() as u64);
            reserve(&mut self.line, taken, left);
            self.line.extend_from_slice(&ready[..taken]);
            if found.is_some() {
                self.ready.start += taken + 1;
                self.at += self.line.len() as u64 + 1;
                return Ok(true);
            }
            if self.buffer.is_empty() {
                self.buffer = vec![0; PIECE];
            }
            let at = self.at + self.line.len() as u64;
            let most = usize::try_from(source.length.saturating_sub(at)).unwrap_or(PIECE).min(PIECE);
            let read = source.disk.read_at(&source.file, &source.path, at, &mut self.buffer[..most])?;
            self.ready = 0..read;
            if read == 0 {
                return Ok(false);
            }
        }
    }
}

/// Makes room for `more`, and for as much again as there is, but not beyond what the file has left.
fn reserve(line: &mut Vec<u8>, more: usize, left: u64) {
    if line.capacity() - line.len() < more {
        let left = usize::try_from(left).unwrap_or(usize::MAX);
        line.reserve_exact(more.max(line.len().min(left)));
    }
}

/// What comes next.
#[derive(Debug)]
pub(crate) enum Found {
    /// A sound commit.
    Commit(Range<u64>),
    /// Nothing.
    Nothing,
    /// Bytes that are no sound commit.
    Broken {
        /// The commit begins here; no byte before it is wrong.
        at: u64,
        /// What is wrong.
        what: &'static str,
    },
}

/// The sound commits from some place on.
pub(crate) struct Scan {
    /// The positions behind the commits that were found; unknown before the first one, unless they were given.
    pub(crate) positions: Option<Positions>,
    /// Where the last commit with `before` begins.
    pub(crate) from: Option<u64>,
    lines: Lines,
}

impl Scan {
    pub(crate) fn from(at: u64, positions: Option<Positions>) -> Self {
        Self { positions, from: None, lines: Lines::from(at) }
    }

    /// Goes on to the next commit. After anything else, it must not be asked again.
    pub(crate) fn next(&mut self, source: &Source) -> Result<Found> {
        let start = self.lines.at;
        let (mut crc, mut moved, mut begins) = (0, Positions::new(), None);
        loop {
            let at = self.lines.at;
            let broken = |what| Ok(Found::Broken { at: start, what });
            if !self.lines.next(source)? {
                let nothing = at == start && at >= source.length;
                return if nothing { Ok(Found::Nothing) } else { broken("the file ends within a commit") };
            }
            let text = &self.lines.line;
            let Some(line) = Line::parse(text) else {
                return broken("a line of the commit is not one of this sink");
            };
            if at == start {
                if self.from.is_none() && line.before.is_none() {
                    return broken("the positions before the commit are not there");
                }
                begins = line.before;
                if let (Some(known), Some(said)) = (&self.positions, &begins)
                    && known != said
                {
                    return broken("the positions before the commit are not those of what stands before");
                }
            } else if line.before.is_some() {
                return broken("positions stand within a commit");
            }
            let known = begins.as_ref().or(self.positions.as_ref());
            let known = known.expect("a commit without positions before it does not come first");
            let expected = moved.get(&line.topic).max(known.get(&line.topic));
            let Ok(next) = following(&line.topic, expected, line.offset) else {
                return broken("an offset in the commit is not the next one of its topic");
            };
            moved.set(&line.topic, next);
            let Some(end) = line.end else {
                crc = crc32c::crc32c_append(crc32c::crc32c_append(crc, text), b"\n");
                continue;
            };
            let last = text.len() - (end.encode().len() - 1);
            crc = crc32c::crc32c_append(crc, &text[..last]);
            if end != (End { bytes: at + last as u64 - start, crc }) {
                return broken("the checksum of the commit does not match");
            }
            if let Some(begins) = begins {
                self.from = Some(start);
                self.positions = Some(begins);
            }
            self.positions.get_or_insert_default().take(&mut moved);
            return Ok(Found::Commit(start..self.lines.at));
        }
    }
}

/// Whether a commit with the right checksum ends behind this place, and begins no earlier: where one is, all before it was
/// durable.
pub(crate) fn is_followed(source: &Source, from: u64) -> Result<bool> {
    let (mut lines, mut buffer) = (Lines::from(from), vec![0; PIECE]);
    loop {
        let at = lines.at;
        if !lines.next(source)? {
            return Ok(false);
        }
        let Some((end, length)) = End::decode(&lines.line) else { continue };
        let until = at + length as u64;
        let Some(start) = until.checked_sub(end.bytes).filter(|&start| start >= from) else { continue };
        if source.checksum(start..until, &mut buffer)? == Some(end.crc) {
            return Ok(true);
        }
    }
}
