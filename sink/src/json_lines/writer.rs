//! Writing, by one generation.
//!
//! Whoever writes holds the lock, and has looked at the highest generation under it. Between two writes nobody holds it, so
//! that a writer that hangs can be shut out.
use super::Settings;
use super::disk::{Disk, make_dir};
use super::end::{self, End};
use super::format::{self, CLOSE};
use super::paths::Paths;
use super::side::{self, Hint};
use crate::error::{Result, SinkError, refused};
use crate::positions::following;
use crate::{Event, Positions};
use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

/// As much of a commit is kept in memory.
const SPILL: usize = 1 << 20;

pub(crate) struct Writer {
    disk: Disk,
    paths: Paths,
    settings: Settings,
    generation: u64,
    /// The positions behind the last commit.
    pub(crate) committed: Positions,
    /// Where the topics stand that were written since.
    moved: Positions,
    /// The number of the file that is written.
    number: u64,
    /// None until something is written to it.
    file: Option<File>,
    /// So many of its bytes are commits.
    length: u64,
    /// Where the last commit with `before` begins in it.
    from: Option<u64>,
    /// What was written since the last commit and is not yet in the file.
    buffer: Vec<u8>,
    /// So many bytes of it are in the file.
    spilled: u64,
    /// The checksum of those.
    crc: u32,
    hint: File,
}

impl Writer {
    pub(crate) fn open(settings: &Settings, generation: u64) -> Result<Self> {
        let (disk, paths) = (settings.disk.clone(), Paths::of(&settings.path)?);
        make_dir(&disk, &paths.dir)?;
        let _lock = disk.lock(&paths.lock())?;
        let known = side::generation(&disk, &paths)?;
        match known {
            Some(known) if known > generation => return Err(SinkError::Shutout { generation, known }),
            Some(known) if known < generation => side::set_generation(&disk, &paths, generation)?,
            _ => {}
        }
        let End { number, length, remains, positions, from, doubtful } = end::find(&disk, &paths)?;
        let path = paths.data(number.unwrap_or(0));
        if known.is_none() {
            if remains {
                let what =
                    "the file was not written by this sink, or not to its end; move it away or restore it";
                return Err(end::damaged(path, length, what));
            }
            side::set_generation(&disk, &paths, generation)?;
        }
        let file = match number {
            Some(_) => Some(disk.open(&path, true)?),
            None => None,
        };
        if let Some(file) = &file {
            if remains {
                disk.cut(file, &path, length)?;
            }
            if let Some(commit) = doubtful {
                rewrite(&disk, file, &path, commit.start, commit.end)?;
            }
            disk.sync(file, &path)?;
        }
        let hint = disk.open_or_create(&paths.hint())?;
        // Makes the generation durable, and the files that are new.
        disk.sync_dir(&paths.dir)?;
        let writer = Self {
            disk,
            paths,
            settings: settings.clone(),
            generation,
            committed: positions,
            moved: Positions::new(),
            number: number.unwrap_or(0),
            file,
            length,
            from,
            buffer: Vec::new(),
            spilled: 0,
            crc: 0,
            hint,
        };
        writer.leave_hint(true)?;
        Ok(writer)
    }

    pub(crate) fn write(&mut self, events: &[Event<'_>]) -> Result<()> {
        self.admit()?;
        for event in events {
            self.put(event)?;
            if self.buffer.len() >= SPILL {
                let _lock = self.lock()?;
                self.spill()?;
            }
        }
        Ok(())
    }

    pub(crate) fn commit(&mut self, next: &Positions) -> Result<()> {
        self.admit()?;
        self.committed.verify(&self.moved, next)?;
        if self.moved.is_empty() {
            return Ok(());
        }
        let _lock = self.lock()?;
        let bytes = self.spilled + self.buffer.len() as u64;
        let crc = crc32c::crc32c_append(self.crc, &self.buffer);
        self.buffer.extend_from_slice(format::End { bytes, crc }.encode().as_bytes());
        self.spill()?;
        let file = self.file.as_ref().expect("spilling has made the file");
        self.disk.sync(file, &self.path())?;
        if self.length == 0 {
            self.disk.sync_dir(&self.paths.dir)?;
        }
        // What was asked for is durable. That a hint cannot be written is no reason to say that it is not.
        let begins = self.begins();
        if begins {
            self.from = Some(self.length);
        }
        self.length += self.spilled;
        (self.spilled, self.crc) = (0, 0);
        self.committed.take(&mut self.moved);
        drop(self.leave_hint(begins));
        Ok(())
    }

    fn path(&self) -> PathBuf {
        self.paths.data(self.number)
    }

    /// Whether the commit has `before` on its first line.
    fn begins(&self) -> bool {
        self.from.is_none_or(|from| self.length - from >= self.settings.read_at_open)
    }

    /// Puts a line into the buffer, up to what says whether it is the last one.
    fn put(&mut self, event: &Event<'_>) -> Result<()> {
        let Event { topic, offset, body, .. } = *event;
        let next = following(topic, self.moved.get(topic).max(self.committed.get(topic)), offset)?;
        format::verify_body(body).map_err(|what| SinkError::Body {
            topic: topic.to_owned(),
            offset,
            what,
        })?;
        if !self.moved.is_empty() {
            self.buffer.extend_from_slice(CLOSE);
            format::put(&mut self.buffer, event, None);
        } else {
            if self.length > 0 && self.settings.rotate_at.is_some_and(|bytes| self.length >= bytes) {
                (self.number, self.file, self.length, self.from) = (self.number + 1, None, 0, None);
            }
            let before = self.begins().then_some(&self.committed);
            format::put(&mut self.buffer, event, before);
        }
        self.moved.set(topic, next);
        Ok(())
    }

    /// Moves the buffer into the file. Somebody has the lock for it.
    fn spill(&mut self) -> Result<()> {
        let (path, at) = (self.path(), self.length + self.spilled);
        let file = match &self.file {
            Some(file) => {
                self.verify_untouched(file, at)?;
                file
            }
            None => self.file.insert(self.disk.create_new(&path)?),
        };
        self.disk.write_at(file, &path, at, &self.buffer)?;
        self.crc = crc32c::crc32c_append(self.crc, &self.buffer);
        self.spilled += self.buffer.len() as u64;
        self.buffer.clear();
        self.buffer.shrink_to(2 * SPILL);
        Ok(())
    }

    /// The file has its name and its size.
    fn verify_untouched(&self, file: &File, length: u64) -> Result<()> {
        let path = self.path();
        let ours = file.metadata().map_err(refused("measure", &path))?;
        let named = std::fs::metadata(&path).map_err(refused("measure", &path))?;
        if (ours.dev(), ours.ino(), ours.len()) == (named.dev(), named.ino(), length) {
            return Ok(());
        }
        Err(end::damaged(path, length, "another program has changed or replaced the file; stop that one"))
    }

    fn lock(&self) -> Result<File> {
        let lock = self.disk.lock(&self.paths.lock())?;
        self.admit()?;
        Ok(lock)
    }

    /// Nobody has opened with a higher generation.
    fn admit(&self) -> Result<()> {
        let generation = self.generation;
        match side::generation(&self.disk, &self.paths)? {
            Some(known) if known == generation => Ok(()),
            Some(known) if known > generation => Err(SinkError::Shutout { generation, known }),
            _ => Err(end::damaged(
                self.paths.generation(),
                0,
                &format!("generation {generation} has opened, and that is no longer said here; open again"),
            )),
        }
    }

    fn leave_hint(&self, sync: bool) -> Result<()> {
        let Some(from) = self.from else { return Ok(()) };
        let path = self.paths.hint();
        Hint { file: self.number, from, end: self.length }.write(&self.disk, &self.hint, &path)?;
        if sync { self.disk.sync(&self.hint, &path) } else { Ok(()) }
    }
}

/// Writes the same bytes again. A sync that fails may leave bytes that can be read, never reach the disk, and are not
/// synced a second time.
fn rewrite(disk: &Disk, file: &File, path: &std::path::Path, mut at: u64, end: u64) -> Result<()> {
    let mut piece = vec![0; 64 << 10];
    while at < end {
        let most = usize::try_from(end - at).unwrap_or(piece.len()).min(piece.len());
        let read = disk.read_at(file, path, at, &mut piece[..most])?;
        if read == 0 {
            return Err(end::damaged(path.to_owned(), at, "another program has cut the file; stop that one"));
        }
        disk.write_at(file, path, at, &piece[..read])?;
        at += read as u64;
    }
    Ok(())
}
