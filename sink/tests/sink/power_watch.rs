//! Files that lose what was not synced. It stands between a sink and real files, and remembers what is durable.
//!
//! A [cut](Power::cut) keeps any of the unsynced writes, in any order, at the grain of a sector; of some sectors only zeros
//! remain. Of the creates and renames since the last sync of the directory, the first few are kept. A sync that fails does
//! as on Linux: what was written is then taken for clean, although it may never reach the disk.
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard};
use thalweg_sink::testing::{Step, Watch};

const SECTOR: usize = 512;

/// Numbers that are the same for the same seed: splitmix64.
pub(crate) struct Draw(pub(crate) u64);

impl Draw {
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end
    }
}

#[derive(Clone)]
enum Change {
    Write(usize, Vec<u8>),
    Cut(usize),
}

#[derive(Default)]
struct Node {
    durable: Vec<u8>,
    unsynced: Vec<Change>,
    forgotten: Vec<Change>,
}

type Names = BTreeMap<PathBuf, usize>;

#[derive(Default)]
struct Inner {
    nodes: Vec<Node>,
    names: Names,
    durable: Names,
    /// The names after each change since the last sync of the directory.
    changes: Vec<Names>,
    steps: u64,
    /// At this step the power goes: it and all after it fail.
    off: Option<u64>,
    /// The sync that comes at this step or later fails, once.
    fail_sync: Option<u64>,
}

#[derive(Default)]
pub(crate) struct Power(Mutex<Inner>);

impl Power {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap()
    }
    /// The power goes after so many more steps.
    pub(crate) fn off_after(&self, steps: u64) {
        let mut inner = self.inner();
        inner.off = Some(inner.steps + steps);
    }
    pub(crate) fn fail_sync_after(&self, steps: u64) {
        let mut inner = self.inner();
        inner.fail_sync = Some(inner.steps + steps);
    }
    pub(crate) fn is_off(&self) -> bool {
        let inner = self.inner();
        inner.off.is_some_and(|off| inner.steps > off)
    }

    /// The power goes, and comes back: the files are what is left of them.
    pub(crate) fn cut(&self, seed: u64) {
        let (mut inner, mut draw) = (self.inner(), Draw(seed));
        let lost = [0, 10, 50, 90, 100][draw.below(5) as usize];
        let kept = draw.below(inner.changes.len() as u64 + 1) as usize;
        if let Some(names) = inner.changes.get(kept.wrapping_sub(1)).cloned() {
            inner.durable = names;
        }
        inner.changes.clear();
        for name in inner.names.keys() {
            std::fs::remove_file(name).unwrap();
        }
        inner.names = inner.durable.clone();
        let names = inner.names.clone();
        for node in &mut inner.nodes {
            node.cut(lost, &mut draw);
        }
        for (name, node) in names {
            std::fs::write(name, &inner.nodes[node].durable).unwrap();
        }
        (inner.off, inner.fail_sync) = (None, None);
    }
}

impl Node {
    fn cut(&mut self, lost: u64, draw: &mut Draw) {
        self.forgotten.append(&mut self.unsynced);
        self.lose(lost, draw);
    }

    /// What was forgotten is kept or lost, piece by piece.
    fn lose(&mut self, lost: u64, draw: &mut Draw) {
        for change in std::mem::take(&mut self.forgotten) {
            match change {
                Change::Cut(length) if draw.below(100) >= lost => self.durable.truncate(length),
                Change::Cut(_) => {}
                Change::Write(mut at, bytes) => {
                    let mut rest = &bytes[..];
                    while !rest.is_empty() {
                        let (sector, behind) = rest.split_at(rest.len().min(SECTOR - at % SECTOR));
                        let zeros = vec![0; sector.len()];
                        // New space that got no bytes may read as zeros. Old bytes stay as they are.
                        let is_new = at + sector.len() > self.durable.len();
                        match draw.below(100) {
                            n if n >= lost => put(&mut self.durable, at, sector),
                            n if is_new && n % 2 == 0 => put(&mut self.durable, at, &zeros[..]),
                            _ => {}
                        }
                        (at, rest) = (at + sector.len(), behind);
                    }
                }
            }
        }
    }

    fn sync(&mut self, draw: &mut Draw) {
        if !self.unsynced.is_empty() {
            self.lose(50, draw);
        }
        for change in self.unsynced.drain(..) {
            match change {
                Change::Cut(length) => self.durable.resize(length, 0),
                Change::Write(at, bytes) => put(&mut self.durable, at, &bytes),
            }
        }
    }
}

fn put(contents: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    // The part of a sector that is already there was whole.
    let old = contents.len().min(at + bytes.len());
    contents.resize(contents.len().max(at + bytes.len()), 0);
    if bytes.iter().all(|&byte| byte == 0) {
        contents[old.max(at)..at + bytes.len()].fill(0);
    } else {
        contents[at..at + bytes.len()].copy_from_slice(bytes);
    }
}

impl Watch for Power {
    fn step(&self, step: Step<'_>, path: &Path, act: &mut dyn FnMut() -> io::Result<()>) -> io::Result<()> {
        let mut inner = self.inner();
        let inner = &mut *inner;
        let is_lock = path.extension().is_some_and(|name| name == "lock");
        if matches!(step, Step::Read | Step::Open | Step::Lock) || is_lock {
            return act();
        }
        let now = inner.steps;
        inner.steps += 1;
        if inner.off.is_some_and(|off| now >= off) {
            return Err(io::Error::other("the power is off"));
        }
        let node = inner.names.get(path).copied();
        if matches!(step, Step::Sync) && inner.fail_sync.is_some_and(|at| now >= at) {
            inner.fail_sync = None;
            let node = &mut inner.nodes[node.unwrap()];
            // Sizes are in the journal of the file system, which does not forget.
            let (cuts, writes) = node.unsynced.drain(..).partition(|change| matches!(change, Change::Cut(_)));
            node.unsynced = cuts;
            node.forgotten.extend::<Vec<_>>(writes);
            return Err(io::Error::other("injected"));
        }
        let existed = path.is_file();
        act()?;
        match (step, node) {
            (Step::Create, None) => {
                assert!(!existed, "all files are known");
                inner.nodes.push(Node::default());
                inner.names.insert(path.to_owned(), inner.nodes.len() - 1);
                inner.changes.push(inner.names.clone());
            }
            (Step::Create, Some(node)) => {
                let empty = std::fs::metadata(path)?.len() == 0;
                if empty {
                    inner.nodes[node].unsynced.push(Change::Cut(0));
                }
            }
            (Step::Write { offset, bytes }, Some(node)) => {
                inner.nodes[node].unsynced.push(Change::Write(offset as usize, bytes.to_vec()));
            }
            (Step::Cut { length }, Some(node)) => {
                inner.nodes[node].unsynced.push(Change::Cut(length as usize));
            }
            (Step::Sync, Some(node)) => inner.nodes[node].sync(&mut Draw(now)),
            (Step::SyncDir, _) => {
                inner.durable = inner.names.clone();
                inner.changes.clear();
            }
            (Step::Rename { to }, Some(node)) => {
                inner.names.remove(path);
                inner.names.insert(to.to_owned(), node);
                inner.changes.push(inner.names.clone());
            }
            (step, None) => panic!("{step:?} of an unknown file {}", path.display()),
            _ => {}
        }
        Ok(())
    }
}
