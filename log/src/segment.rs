//! Segments as files: their names, and how one is made.
//!
//! A file gets a segment's name only when it has its full size and its header and has been synced; a crash while it is
//! made leaves a file of another name, which is removed before the next one is made.
use crate::disk::{Disk, File};
use crate::error::{Error, Result};
use crate::format::{BLOCK, Header};
use std::io;

/// The name of the lock.
pub(crate) const LOCK: &str = "LOCK";
/// What is zero-filled and synced at a time, so that epochs need not wait for a whole segment.
const STEP: usize = 256 << 10;

pub(crate) fn name_of(number: u64) -> String {
    format!("{number:020}.log")
}

fn unfinished_name_of(number: u64) -> String {
    format!("{number:020}.new")
}

/// The numbers of the segments in a directory, in order.
pub(crate) fn numbers_in(names: &[String]) -> Vec<u64> {
    let number = |name: &String| {
        let number = name.strip_suffix(".log")?.parse().ok()?;
        (name_of(number) == *name).then_some(number)
    };
    let mut numbers: Vec<u64> = names.iter().filter_map(number).collect();
    numbers.sort_unstable();
    numbers
}

/// Whether a file is a segment that was not finished.
pub(crate) fn is_unfinished(name: &str) -> bool {
    name.strip_suffix(".new")
        .and_then(|number| number.parse().ok())
        .is_some_and(|n: u64| unfinished_name_of(n) == name)
}

/// A segment on its way: zeros, as far as they go.
#[derive(Debug)]
pub(crate) struct Making<F> {
    number: u64,
    bytes: u64,
    file: F,
    filled: u64,
}

/// What a step has led to.
#[derive(Debug)]
pub(crate) enum Made<F> {
    NotYet(Making<F>),
    Filled(Filled<F>),
}

/// A segment that lacks its header and its name.
#[derive(Debug)]
pub(crate) struct Filled<F> {
    number: u64,
    file: F,
}

impl<F: File> Making<F> {
    pub(crate) fn begin<D: Disk<File = F>>(disk: &D, number: u64, bytes: u64) -> io::Result<Self> {
        let name = unfinished_name_of(number);
        let file = match disk.create(&name) {
            // What a full disk stopped may have stayed.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                disk.remove(&name)?;
                disk.create(&name)?
            }
            made => made?,
        };
        Ok(Self { number, bytes, file, filled: BLOCK as u64 })
    }

    /// Fills a piece with what `contents` has there, else with zeros. The first block stays free for the header.
    pub(crate) fn step(mut self, contents: &[u8]) -> io::Result<Made<F>> {
        let until = self.bytes.min(self.filled + STEP as u64);
        let mut piece = vec![0; usize::try_from(until - self.filled).expect("a step is small")];
        let from = usize::try_from(self.filled).map_or(contents.len(), |at| at.min(contents.len()));
        let copied = piece.len().min(contents.len() - from);
        piece[..copied].copy_from_slice(&contents[from..from + copied]);
        self.file.write_at(self.filled, &piece)?;
        self.filled = until;
        if until < self.bytes {
            self.file.sync()?;
            return Ok(Made::NotYet(self));
        }
        Ok(Made::Filled(Filled { number: self.number, file: self.file }))
    }
}

impl<F: File> Filled<F> {
    /// Writes the header, and gives the file its name.
    pub(crate) fn finish<D: Disk<File = F>>(self, disk: &D, header: &Header) -> io::Result<F> {
        assert_eq!(header.number, self.number, "a segment gets the header that was meant for it");
        self.file.write_at(0, &header.encode())?;
        self.file.sync()?;
        disk.rename(&unfinished_name_of(self.number), &name_of(self.number))?;
        disk.sync_dir()?;
        Ok(self.file)
    }
}

/// Makes a segment at once, with these contents behind its header and zeros behind them. It replaces one of the same
/// number in one step.
pub(crate) fn make<D: Disk>(disk: &D, header: &Header, contents: &[u8]) -> io::Result<D::File> {
    let mut making = Making::begin(disk, header.number, header.bytes)?;
    loop {
        match making.step(contents)? {
            Made::NotYet(more) => making = more,
            Made::Filled(filled) => return filled.finish(disk, header),
        }
    }
}

/// Gives the space of a segment back that could not be made; what this leaves is removed later.
pub(crate) fn give_up<D: Disk>(disk: &D, number: u64) {
    drop(disk.remove(&unfinished_name_of(number)));
}

/// Reads a whole segment and its header into `bytes`. What is wrong with it is damage: it was whole before it was used.
pub(crate) fn load<D: Disk>(disk: &D, number: u64, bytes: &mut Vec<u8>) -> Result<Header> {
    let name = name_of(number);
    let refused = |doing| move |source| Error::Io { doing, path: disk.path(&name_of(number)), source };
    let damaged = |offset, what: &str| {
        Err(Error::Damaged { file: disk.path(&name), offset, what: what.to_owned(), witness: None })
    };
    let file = disk.open(&name).map_err(refused("open"))?;
    // After a crash of the process, what can be read need not be on the disk.
    file.sync().map_err(refused("sync"))?;
    let length = file.len().map_err(refused("measure"))?;
    let Ok(size) = usize::try_from(length) else {
        return damaged(length, "the file is larger than memory can be");
    };
    bytes.clear();
    if bytes.try_reserve_exact(size).is_err() {
        return Err(refused("read")(io::ErrorKind::OutOfMemory.into()));
    }
    bytes.resize(size, 0);
    file.read_at(0, bytes).map_err(refused("read"))?;
    let header = match Header::decode(bytes) {
        Ok(header) => header,
        Err(crate::format::NoHeader::Format(found)) => {
            return Err(Error::Format { file: disk.path(&name), found, known: crate::format::FORMAT });
        }
        Err(_) if size < BLOCK => return damaged(length, "the file ends within its header"),
        Err(_) => return damaged(0, "the header's checksum does not match"),
    };
    if header.number != number {
        return damaged(32, &format!("the header is that of segment {}", header.number));
    }
    if number == u64::MAX || header.generation == u64::MAX {
        return damaged(32, "no log has such numbers");
    }
    if header.end().is_none() || !header.base.0.is_multiple_of(8) {
        return damaged(48, "no log has such positions");
    }
    if header.bytes != length {
        let what = format!("the file has {length} bytes, its header says {}", header.bytes);
        return damaged(length.min(header.bytes), &what);
    }
    Ok(header)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_sort_like_numbers_and_others_are_left_alone() {
        let names =
            [name_of(10), name_of(9), "9.log".into(), "x.log".into(), LOCK.into(), unfinished_name_of(11)];
        assert_eq!(numbers_in(&names), [9, 10]);
        assert_eq!(names.iter().filter(|name| is_unfinished(name)).count(), 1);
    }
}
