//! A disk in memory that loses its power: it holds what is durable apart from what was only written.
//!
//! A [cut](Power::cut) keeps any of the unsynced writes, in any order, at the grain of a sector; of some sectors only
//! zeros or noise remain. Each create, rename and remove that was not synced is kept or lost by itself. Whoever has a file
//! open over a cut gets errors.
use super::{Draw, FailSync};
use crate::disk::{Disk, File};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

const SECTOR: usize = 512;

/// The disk. All clones are the same one.
#[derive(Clone, Debug, Default)]
pub struct Power {
    inner: Arc<Mutex<Inner>>,
}

/// A file of a [`Power`].
#[derive(Debug)]
pub struct PowerFile {
    disk: Power,
    node: usize,
    life: u64,
}

/// The lock of a [`Power`].
#[derive(Debug)]
pub struct PowerLock {
    disk: Power,
    name: String,
    life: u64,
}

type Names = BTreeMap<String, usize>;

#[derive(Debug, Default)]
struct Inner {
    /// How often the power came back.
    life: u64,
    nodes: Vec<Node>,
    names: Names,
    durable: Names,
    changes: Pending<Change>,
    locks: BTreeSet<String>,
    /// How many bytes all files together may have.
    space: Option<usize>,
}

/// What may be lost.
#[derive(Debug)]
struct Pending<T> {
    unsynced: Vec<T>,
    /// What a failed sync was for. It will not be tried again.
    forgotten: Vec<T>,
}

#[derive(Debug, Default)]
struct Node {
    now: Vec<u8>,
    durable: Vec<u8>,
    writes: Pending<Write>,
}

/// At most a sector.
#[derive(Debug)]
struct Write {
    at: usize,
    bytes: Vec<u8>,
}

#[derive(Debug)]
enum Change {
    Set(String, usize),
    Remove(String),
    Rename(String, String, usize),
}

impl<T> Default for Pending<T> {
    fn default() -> Self {
        Self { unsynced: Vec::new(), forgotten: Vec::new() }
    }
}

impl<T> Pending<T> {
    fn fail(&mut self) {
        self.forgotten.append(&mut self.unsynced);
    }
    fn take(&mut self) -> impl Iterator<Item = T> {
        std::mem::take(&mut self.forgotten).into_iter().chain(std::mem::take(&mut self.unsynced))
    }
}

impl Power {
    /// An empty disk.
    pub fn new() -> Self {
        Self::default()
    }

    /// The power goes, and comes back.
    pub fn cut(&self, seed: u64) {
        let mut inner = self.inner();
        let mut draw = Draw::new(seed);
        // A disk that keeps nearly all, and one that keeps hardly anything.
        let lost = [0, 10, 50, 90, 100][draw.size_below(5)];
        inner.life += 1;
        inner.locks.clear();
        let Inner { nodes, names, durable, changes, .. } = &mut *inner;
        for change in changes.take() {
            if draw.below(100) >= lost {
                change.apply(durable);
            }
        }
        names.clone_from(durable);
        for node in nodes {
            node.cut(lost, &mut draw);
        }
    }

    /// All files together may have so many bytes; or any number of them.
    pub fn limit(&self, space: Option<usize>) {
        self.inner().space = space;
    }

    /// A disk with the same files, all of them durable.
    pub fn copy(&self) -> Self {
        let inner = self.inner();
        let copy = Self::new();
        for (name, &node) in &inner.names {
            copy.put(name, inner.nodes[node].now.clone());
        }
        copy
    }

    /// The files' names, in order.
    pub fn files(&self) -> Vec<String> {
        self.inner().names.keys().cloned().collect()
    }

    /// What can be read from a file.
    ///
    /// # Panics
    /// If there is none of this name.
    pub fn get(&self, name: &str) -> Vec<u8> {
        let inner = self.inner();
        inner.nodes[inner.names[name]].now.clone()
    }

    /// Puts a file there, durably, over one that may be there.
    pub fn put(&self, name: &str, bytes: Vec<u8>) {
        let mut inner = self.inner();
        let new = Node { now: bytes.clone(), durable: bytes, ..Node::default() };
        if let Some(&node) = inner.names.get(name) {
            inner.nodes[node] = new;
            return;
        }
        let node = inner.nodes.len();
        inner.nodes.push(new);
        inner.names.insert(name.to_owned(), node);
        inner.durable.insert(name.to_owned(), node);
    }

    /// Takes a file away, durably.
    pub fn take(&self, name: &str) {
        let mut inner = self.inner();
        inner.names.remove(name);
        inner.durable.remove(name);
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn find(&self, name: &str) -> io::Result<usize> {
        self.names.get(name).copied().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn change(&mut self, change: Change) {
        change.apply(&mut self.names);
        self.changes.unsynced.push(change);
    }

    fn used(&self) -> usize {
        self.names.values().map(|&node| self.nodes[node].now.len()).sum()
    }
}

impl Change {
    /// Whether an older change is void once this one is durable.
    fn touches(&self, old: &Self) -> bool {
        let (new, old) = (self.names(), old.names());
        new.iter().any(|name| old.contains(name))
    }

    fn names(&self) -> [&String; 2] {
        match self {
            Self::Set(name, _) | Self::Remove(name) => [name, name],
            Self::Rename(from, to, _) => [from, to],
        }
    }

    fn apply(&self, names: &mut Names) {
        match self {
            Self::Set(name, node) => drop(names.insert(name.clone(), *node)),
            Self::Remove(name) => drop(names.remove(name)),
            Self::Rename(from, to, node) => {
                names.remove(from);
                names.insert(to.clone(), *node);
            }
        }
    }
}

impl Node {
    fn write(&mut self, offset: usize, bytes: &[u8]) {
        put(&mut self.now, offset, bytes);
        let (mut at, mut rest) = (offset, bytes);
        while !rest.is_empty() {
            let (piece, more) = rest.split_at(rest.len().min(SECTOR - at % SECTOR));
            self.writes.unsynced.push(Write { at, bytes: piece.to_vec() });
            (at, rest) = (at + piece.len(), more);
        }
    }

    fn sync(&mut self) {
        for write in std::mem::take(&mut self.writes.unsynced) {
            put(&mut self.durable, write.at, &write.bytes);
            self.writes.forgotten.retain(|old| old.at / SECTOR != write.at / SECTOR);
        }
    }

    fn cut(&mut self, lost: u64, draw: &mut Draw) {
        let mut writes: Vec<_> = self.writes.take().collect();
        for i in (1..writes.len()).rev() {
            writes.swap(i, draw.size_below(i + 1));
        }
        for write in writes {
            self.tear(&write, lost, draw);
        }
        if self.now.len() > self.durable.len() && draw.below(2) == 0 {
            self.durable.resize(self.now.len(), 0);
        }
        self.now.clone_from(&self.durable);
    }

    fn tear(&mut self, write: &Write, lost: u64, draw: &mut Draw) {
        if draw.below(100) < lost {
            return;
        }
        let sector = write.at - write.at % SECTOR;
        match draw.below(20) {
            // A sector that is being written when the power goes may be gone with all that was in it.
            0 => put(&mut self.durable, sector, &[0; SECTOR]),
            1 => put(&mut self.durable, sector, &[0; SECTOR].map(|_| draw.any().to_le_bytes()[0])),
            _ => put(&mut self.durable, write.at, &write.bytes),
        }
    }
}

fn put(file: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    file.resize(file.len().max(at + bytes.len()), 0);
    file[at..at + bytes.len()].copy_from_slice(bytes);
}

impl Disk for Power {
    type File = PowerFile;
    type Lock = PowerLock;

    fn create(&self, name: &str) -> io::Result<PowerFile> {
        let mut inner = self.inner();
        if inner.names.contains_key(name) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let node = inner.nodes.len();
        inner.nodes.push(Node::default());
        inner.change(Change::Set(name.to_owned(), node));
        Ok(PowerFile { disk: self.clone(), node, life: inner.life })
    }
    fn open(&self, name: &str) -> io::Result<PowerFile> {
        let inner = self.inner();
        let node = inner.find(name)?;
        Ok(PowerFile { disk: self.clone(), node, life: inner.life })
    }
    fn sync_dir(&self) -> io::Result<()> {
        let mut inner = self.inner();
        let Inner { durable, changes, .. } = &mut *inner;
        for change in changes.unsynced.drain(..) {
            change.apply(durable);
            changes.forgotten.retain(|old| !change.touches(old));
        }
        Ok(())
    }
    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut inner = self.inner();
        let node = inner.find(from)?;
        inner.change(Change::Rename(from.to_owned(), to.to_owned(), node));
        Ok(())
    }
    fn remove(&self, name: &str) -> io::Result<()> {
        let mut inner = self.inner();
        inner.find(name)?;
        inner.change(Change::Remove(name.to_owned()));
        Ok(())
    }
    fn list(&self) -> io::Result<Vec<String>> {
        Ok(self.files())
    }
    fn lock(&self, name: &str) -> io::Result<PowerLock> {
        let mut inner = self.inner();
        if !inner.locks.insert(name.to_owned()) {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        Ok(PowerLock { disk: self.clone(), name: name.to_owned(), life: inner.life })
    }
    fn path(&self, name: &str) -> PathBuf {
        PathBuf::from("power").join(name)
    }
}

impl FailSync for Power {
    fn fail_sync(&self, file: &PowerFile) {
        self.inner().nodes[file.node].writes.fail();
    }
    fn fail_sync_dir(&self) {
        self.inner().changes.fail();
    }
}

impl PowerFile {
    fn inner(&self) -> io::Result<MutexGuard<'_, Inner>> {
        let inner = self.disk.inner();
        if inner.life == self.life { Ok(inner) } else { Err(io::Error::other("the power was cut")) }
    }
}

impl File for PowerFile {
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let mut inner = self.inner()?;
        let offset = usize::try_from(offset).map_err(io::Error::other)?;
        let grows = (offset + bytes.len()).saturating_sub(inner.nodes[self.node].now.len());
        if grows > 0 && inner.space.is_some_and(|space| inner.used() + grows > space) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        inner.nodes[self.node].write(offset, bytes);
        Ok(())
    }
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let inner = self.inner()?;
        let bytes = usize::try_from(offset).ok().and_then(|at| inner.nodes[self.node].now.get(at..));
        let bytes = bytes.and_then(|bytes| bytes.get(..buffer.len())).ok_or(io::ErrorKind::UnexpectedEof)?;
        buffer.copy_from_slice(bytes);
        Ok(())
    }
    fn len(&self) -> io::Result<u64> {
        Ok(self.inner()?.nodes[self.node].now.len() as u64)
    }
    fn sync(&self) -> io::Result<()> {
        self.inner()?.nodes[self.node].sync();
        Ok(())
    }
}

impl Drop for PowerLock {
    fn drop(&mut self) {
        let mut inner = self.disk.inner();
        if inner.life == self.life {
            inner.locks.remove(&self.name);
        }
    }
}
