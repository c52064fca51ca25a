//! A disk whose n-th operation fails.
use super::FailSync;
use crate::disk::{Disk, File};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What becomes of the operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It fails with nothing done.
    Fail,
    /// It fails half done: a write after half of its bytes. An operation without halves just fails.
    Short,
    /// It fails with nothing done, for lack of space.
    Full,
    /// It is done, and it is the last one: all that follow fail.
    Off,
}

/// The disk. All clones count together.
#[derive(Clone, Debug)]
pub struct Faulty<D> {
    disk: D,
    plan: Arc<Plan>,
}

#[derive(Debug)]
struct Plan {
    at: u64,
    fault: Fault,
    done: AtomicU64,
}

/// A file of a [`Faulty`] disk.
#[derive(Debug)]
pub struct FaultyFile<D: Disk> {
    file: D::File,
    disk: Arc<D>,
    plan: Arc<Plan>,
}

enum Verdict {
    Go,
    Fault(Fault),
}

impl<D> Faulty<D> {
    /// Operation `at` (the first is 0) has this fault.
    pub fn new(disk: D, at: u64, fault: Fault) -> Self {
        Self { disk, plan: Arc::new(Plan { at, fault, done: AtomicU64::new(0) }) }
    }
    /// Whether the fault has happened. A test without it has tested nothing.
    pub fn injected(&self) -> bool {
        self.operations() > self.plan.at
    }
    /// How many operations there were.
    pub fn operations(&self) -> u64 {
        self.plan.done.load(Ordering::SeqCst)
    }
}

impl Plan {
    fn next(&self) -> io::Result<Verdict> {
        let n = self.done.fetch_add(1, Ordering::SeqCst);
        match self.fault {
            Fault::Off if n > self.at => Err(io::Error::other("the power is off")),
            Fault::Off => Ok(Verdict::Go),
            fault if n == self.at => Ok(Verdict::Fault(fault)),
            _ => Ok(Verdict::Go),
        }
    }

    /// For an operation that is done or not.
    fn whole(&self) -> io::Result<()> {
        match self.next()? {
            Verdict::Go => Ok(()),
            Verdict::Fault(fault) => Err(fault.error()),
        }
    }
}

impl Plan {
    /// For a sync: one that fails is told to the disk, but one that never comes is not.
    fn sync(&self, fail: impl FnOnce()) -> io::Result<()> {
        let result = self.whole();
        if result.is_err() && self.fault != Fault::Off {
            fail();
        }
        result
    }
}

impl Fault {
    fn error(self) -> io::Error {
        if self == Self::Full { io::ErrorKind::StorageFull.into() } else { io::Error::other("injected") }
    }
}

impl<D: FailSync + Clone + Sync> Disk for Faulty<D> {
    type File = FaultyFile<D>;
    type Lock = D::Lock;

    fn create(&self, name: &str) -> io::Result<Self::File> {
        self.plan.whole()?;
        Ok(self.file(self.disk.create(name)?))
    }
    fn open(&self, name: &str) -> io::Result<Self::File> {
        self.plan.whole()?;
        Ok(self.file(self.disk.open(name)?))
    }
    fn sync_dir(&self) -> io::Result<()> {
        self.plan.sync(|| self.disk.fail_sync_dir())?;
        self.disk.sync_dir()
    }
    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.plan.whole()?;
        self.disk.rename(from, to)
    }
    fn remove(&self, name: &str) -> io::Result<()> {
        self.plan.whole()?;
        self.disk.remove(name)
    }
    fn list(&self) -> io::Result<Vec<String>> {
        self.plan.whole()?;
        self.disk.list()
    }
    fn lock(&self, name: &str) -> io::Result<Self::Lock> {
        self.plan.whole()?;
        self.disk.lock(name)
    }
    fn path(&self, name: &str) -> PathBuf {
        self.disk.path(name)
    }
}

impl<D: Disk + Clone> Faulty<D> {
    fn file(&self, file: D::File) -> FaultyFile<D> {
        FaultyFile { file, disk: Arc::new(self.disk.clone()), plan: self.plan.clone() }
    }
}

impl<D: FailSync + Sync> File for FaultyFile<D> {
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        match self.plan.next()? {
            Verdict::Go => self.file.write_at(offset, bytes),
            Verdict::Fault(fault) => {
                if fault == Fault::Short {
                    self.file.write_at(offset, &bytes[..bytes.len() / 2])?;
                }
                Err(fault.error())
            }
        }
    }
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.plan.whole()?;
        self.file.read_at(offset, buffer)
    }
    fn len(&self) -> io::Result<u64> {
        self.plan.whole()?;
        self.file.len()
    }
    fn sync(&self) -> io::Result<()> {
        self.plan.sync(|| self.disk.fail_sync(&self.file))?;
        self.file.sync()
    }
}
