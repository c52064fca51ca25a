//! The only door to storage. A test may stand in it.
use crate::error::{Result, refused};
use crate::testing::{Step, Watch};
use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

/// The files of the operating system, and who watches what is done with them.
#[derive(Clone, Default)]
pub(crate) struct Disk {
    pub(crate) watch: Option<Arc<dyn Watch>>,
}

impl Disk {
    fn step(&self, step: Step<'_>, path: &Path, act: &mut dyn FnMut() -> io::Result<()>) -> Result<()> {
        let done = match &self.watch {
            Some(watch) => watch.step(step, path, act),
            None => act(),
        };
        done.map_err(refused(step.doing(), path))
    }

    fn file(&self, step: Step<'_>, path: &Path, options: &OpenOptions) -> Result<File> {
        let mut file = None;
        self.step(step, path, &mut || {
            // What is no regular file may never end, or not keep what is written.
            let metadata = std::fs::metadata(path);
            if metadata.is_ok_and(|metadata| !metadata.is_file()) {
                return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"));
            }
            file = Some(options.open(path)?);
            Ok(())
        })?;
        file.ok_or_else(|| refused(step.doing(), path)(io::Error::other("it was not opened")))
    }

    /// Opens a file that is there.
    pub(crate) fn open(&self, path: &Path, write: bool) -> Result<File> {
        self.file(Step::Open, path, OpenOptions::new().read(true).write(write))
    }

    /// Opens a file, and makes it if it is not there.
    pub(crate) fn open_or_create(&self, path: &Path) -> Result<File> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        self.file(Step::Create, path, &options)
    }

    /// Makes a file that is not there yet.
    pub(crate) fn create_new(&self, path: &Path) -> Result<File> {
        self.file(Step::Create, path, OpenOptions::new().read(true).write(true).create_new(true))
    }

    /// Makes an empty file, whatever was there.
    pub(crate) fn create_empty(&self, path: &Path) -> Result<File> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(true);
        self.file(Step::Create, path, &options)
    }

    /// While the file lives, nobody else gets the lock.
    pub(crate) fn lock(&self, path: &Path) -> Result<File> {
        let file = self.open_or_create(path)?;
        self.step(Step::Lock, path, &mut || match file.try_lock() {
            Ok(()) => Ok(()),
            Err(TryLockError::WouldBlock) => {
                Err(io::Error::new(io::ErrorKind::WouldBlock, "another writer is at work"))
            }
            Err(TryLockError::Error(error)) => Err(error),
        })?;
        Ok(file)
    }

    pub(crate) fn read_at(&self, file: &File, path: &Path, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        let mut filled = 0;
        self.step(Step::Read, path, &mut || {
            while filled < buffer.len() {
                match file.read_at(&mut buffer[filled..], offset + filled as u64) {
                    Ok(0) => break,
                    Ok(read) => filled += read,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => return Err(error),
                }
            }
            Ok(())
        })?;
        Ok(filled)
    }

    pub(crate) fn write_at(&self, file: &File, path: &Path, offset: u64, bytes: &[u8]) -> Result<()> {
        self.step(Step::Write { offset, bytes }, path, &mut || file.write_all_at(bytes, offset))
    }

    pub(crate) fn cut(&self, file: &File, path: &Path, length: u64) -> Result<()> {
        self.step(Step::Cut { length }, path, &mut || file.set_len(length))
    }

    /// Makes contents and size durable.
    pub(crate) fn sync(&self, file: &File, path: &Path) -> Result<()> {
        self.step(Step::Sync, path, &mut || file.sync_data())
    }

    /// Makes creates and renames durable.
    pub(crate) fn sync_dir(&self, path: &Path) -> Result<()> {
        self.step(Step::SyncDir, path, &mut || File::open(path)?.sync_all())
    }

    pub(crate) fn rename(&self, from: &Path, to: &Path) -> Result<()> {
        self.step(Step::Rename { to }, from, &mut || std::fs::rename(from, to))
    }
}

/// Makes a directory and those above it, each durable in its parent.
pub(crate) fn make_dir(disk: &Disk, path: &Path) -> Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        make_dir(disk, parent)?;
        std::fs::create_dir(path).map_err(refused("make", path))?;
        return disk.sync_dir(parent);
    }
    std::fs::create_dir(path).map_err(refused("make", path))
}
