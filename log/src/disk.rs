//! The only door to storage: one directory of files, and what a log needs of it.
//!
//! - A write changes nothing that is durable until a sync of its file has returned.
//! - A create, a rename or a remove is durable when a sync of the directory has returned.
use std::fmt::Debug;
use std::fs::{self, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// A directory.
pub trait Disk: Debug + Send + Sized + 'static {
    /// An open file in it.
    type File: File;
    /// While this lives, nobody else gets the lock.
    type Lock: Debug + Send + Sync + 'static;

    /// Makes a file that is not there yet.
    ///
    /// # Errors
    /// As the operating system says; so for all that follow.
    fn create(&self, name: &str) -> io::Result<Self::File>;
    /// Opens a file that is there, to read it.
    ///
    /// # Errors
    /// See [`create`](Self::create).
    fn open(&self, name: &str) -> io::Result<Self::File>;
    /// Makes all creates, renames and removes durable.
    ///
    /// # Errors
    /// See [`create`](Self::create).
    fn sync_dir(&self) -> io::Result<()>;
    /// Gives a file another name, over one that may be there.
    ///
    /// # Errors
    /// See [`create`](Self::create).
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;
    /// Removes a file.
    ///
    /// # Errors
    /// See [`create`](Self::create).
    fn remove(&self, name: &str) -> io::Result<()>;
    /// The names of all files.
    ///
    /// # Errors
    /// See [`create`](Self::create).
    fn list(&self) -> io::Result<Vec<String>>;
    /// Takes the lock of this name.
    ///
    /// # Errors
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) if somebody has it; else see [`create`](Self::create).
    fn lock(&self, name: &str) -> io::Result<Self::Lock>;
    /// What a file is called in messages.
    fn path(&self, name: &str) -> PathBuf;
}

/// An open file.
#[expect(clippy::len_without_is_empty, reason = "the size of a file, not of a collection")]
pub trait File: Debug + Send + 'static {
    /// Writes all bytes at this offset.
    ///
    /// # Errors
    /// When less was written, or perhaps less.
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()>;
    /// Fills the buffer from this offset.
    ///
    /// # Errors
    /// [`UnexpectedEof`](io::ErrorKind::UnexpectedEof) if the file has fewer bytes.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()>;
    /// The size in bytes.
    ///
    /// # Errors
    /// As the operating system says.
    fn len(&self) -> io::Result<u64>;
    /// Makes contents and size durable.
    ///
    /// # Errors
    /// When they may not be, now or ever.
    fn sync(&self) -> io::Result<()>;
}

/// A directory of the operating system.
#[derive(Clone, Debug)]
pub struct RealDisk {
    path: PathBuf,
}

impl RealDisk {
    /// The directory at this path; it is made durably if it is not there.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn at(path: impl AsRef<Path>) -> io::Result<Self> {
        let path = std::path::absolute(path)?;
        make_dir(&path)?;
        Ok(Self { path })
    }

    /// The directory at this path, which is there, or is taken for empty. Nothing is made: for a log that is only read.
    ///
    /// # Errors
    /// When the path makes no sense.
    pub fn existing(path: impl AsRef<Path>) -> io::Result<Self> {
        Ok(Self { path: std::path::absolute(path)? })
    }
}

/// Makes a directory and those above it, each durable in its parent.
fn make_dir(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let Some(parent) = path.parent() else { return fs::create_dir(path) };
    make_dir(parent)?;
    fs::create_dir(path)?;
    sync_dir(parent)
}

fn sync_dir(path: &Path) -> io::Result<()> {
    fs::File::open(path)?.sync_all()
}

impl Disk for RealDisk {
    type File = fs::File;
    type Lock = RealLock;

    fn create(&self, name: &str) -> io::Result<fs::File> {
        OpenOptions::new().read(true).write(true).create_new(true).open(self.path(name))
    }
    fn open(&self, name: &str) -> io::Result<fs::File> {
        fs::File::open(self.path(name))
    }
    fn sync_dir(&self) -> io::Result<()> {
        sync_dir(&self.path)
    }
    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.path(from), self.path(to))
    }
    fn remove(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.path(name))
    }
    fn list(&self) -> io::Result<Vec<String>> {
        // A name that is not UTF-8 is none of ours.
        let name = |entry: io::Result<fs::DirEntry>| entry.map(|entry| entry.file_name().into_string().ok());
        fs::read_dir(&self.path)?.filter_map(|entry| name(entry).transpose()).collect()
    }
    fn lock(&self, name: &str) -> io::Result<RealLock> {
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(self.path(name))?;
        match file.try_lock() {
            Ok(()) => Ok(RealLock(file)),
            Err(TryLockError::WouldBlock) => Err(io::ErrorKind::WouldBlock.into()),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
    fn path(&self, name: &str) -> PathBuf {
        if name.is_empty() { self.path.clone() } else { self.path.join(name) }
    }
}

/// A lock of the operating system.
#[derive(Debug)]
pub struct RealLock(fs::File);

impl Drop for RealLock {
    fn drop(&mut self) {
        // To close the file is not enough: a child of this process has it, too, until it begins its program.
        drop(self.0.unlock());
    }
}

impl File for fs::File {
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.write_all_at(bytes, offset)
    }
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.read_exact_at(buffer, offset)
    }
    fn len(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }
    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }
}
