//! A store: opened, probed, and asked for its manifests.
use crate::bucket::{Bucket, Created};
use crate::draft::Draft;
use crate::{Error, Location, Manifest, ManifestHead, Result, Settings, names};
use bytes::Bytes;
use std::fmt;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The checkpoints at one place. Clones are the same store; all calls may come from any thread that runs no async code, and
/// wait for the store.
#[derive(Clone, Debug)]
pub struct Store {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    bucket: Bucket,
    settings: Settings,
    /// None for a reader.
    writer: Option<Writer>,
}

/// What whoever writes knows.
#[derive(Debug)]
struct Writer {
    id: [u8; 16],
    groups: usize,
    /// The newest manifest that this writer has found or committed. Any newer one is another writer's.
    newest: AtomicU64,
    /// The manifest of the last commit that has failed in a way that does not tell whether it is there.
    unsure: Mutex<Option<(u64, Bytes)>>,
}

impl Writer {
    fn new(id: [u8; 16], groups: usize, newest: u64) -> Self {
        Self { id, groups, newest: AtomicU64::new(newest), unsure: Mutex::default() }
    }

    fn unsure(&self) -> MutexGuard<'_, Option<(u64, Bytes)>> {
        self.unsure.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store {
    /// Opens a store for writing, or makes a new one. A small object is created, found to be there, and removed: a store
    /// that lets it be created twice is refused.
    ///
    /// Whoever opens does not shut out another writer. The first of both to commit does: to the other one, its next
    /// commit is [`Fenced`](Error::Fenced).
    ///
    /// # Errors
    /// When the store cannot be written, is another log's, or its newest manifest is damaged.
    ///
    /// # Panics
    /// If the settings make no sense.
    pub fn open(location: &Location, settings: Settings) -> Result<Self> {
        settings.check();
        let bucket = Bucket::open(location, true)?;
        probe(&bucket)?;
        let mut inner = Inner { bucket, settings, writer: None };
        let numbers = inner.numbers()?;
        let newest = numbers.last().map(|&number| inner.manifest(number)).transpose()?;
        inner.writer = Some(match newest {
            Some(Manifest { number, id, groups, .. }) => Writer::new(id, groups.len(), number),
            None => {
                let id = inner.settings.id.unwrap_or_else(draw_id);
                Writer::new(id, inner.settings.groups, 0)
            }
        });
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Opens a store for reading. Nothing is written, nor is anything read yet.
    ///
    /// # Errors
    /// When there is no such place.
    ///
    /// # Panics
    /// If the settings make no sense.
    pub fn open_read_only(location: &Location, settings: Settings) -> Result<Self> {
        settings.check();
        let bucket = Bucket::open(location, false)?;
        Ok(Self { inner: Arc::new(Inner { bucket, settings, writer: None }) })
    }

    /// All manifests, oldest first.
    ///
    /// # Errors
    /// When one is damaged, or another log's; so for all that follow.
    pub fn all(&self) -> Result<Vec<Manifest>> {
        self.inner.numbers()?.into_iter().map(|number| self.inner.manifest(number)).collect()
    }

    /// Number and epoch of all manifests, oldest first.
    ///
    /// # Errors
    /// See [`all`](Self::all).
    pub fn manifests(&self) -> Result<Vec<ManifestHead>> {
        Ok(self.all()?.iter().map(Manifest::head).collect())
    }

    /// The newest manifest. An older one is never taken for it: to fall back is for people to decide.
    ///
    /// # Errors
    /// See [`all`](Self::all).
    pub fn newest(&self) -> Result<Option<Manifest>> {
        let numbers = self.inner.numbers()?;
        numbers.last().map(|&number| self.inner.manifest(number)).transpose()
    }

    /// The newest manifest of those whose epoch is at most this one.
    ///
    /// # Errors
    /// See [`all`](Self::all). A manifest that is damaged may be the one.
    pub fn at_or_before(&self, epoch: u64) -> Result<Option<Manifest>> {
        for number in self.inner.numbers()?.into_iter().rev() {
            let manifest = self.inner.manifest(number)?;
            if manifest.epoch <= epoch {
                return Ok(Some(manifest));
            }
        }
        Ok(None)
    }

    /// The manifest of this number, whatever others there are.
    ///
    /// # Errors
    /// [`Missing`](Error::Missing) if there is none; else see [`manifests`](Self::manifests).
    pub fn manifest(&self, number: u64) -> Result<Manifest> {
        self.inner.manifest(number)
    }

    /// Begins a checkpoint. With a base, it is made of the base's parts and of changes; the base must be the newest manifest, as
    /// it was loaded or as [`commit`](Draft::commit) has returned it. After a commit that failed, the store is asked whether
    /// its manifest is there all the same: then that is the newest one.
    ///
    /// # Errors
    /// [`Store`](Error::Store) if it cannot be asked;
    /// [`Stale`](Error::Stale) or [`Fenced`](Error::Fenced) if the base is not the newest manifest that this store knows;
    /// [`ReadOnly`](Error::ReadOnly).
    pub fn begin(&self, base: Option<&Manifest>) -> Result<Draft> {
        let writer = self.writer("begin a checkpoint")?;
        self.settle(writer)?;
        let newest = writer.newest.load(Ordering::SeqCst);
        match base {
            Some(base) if base.number > newest => return Err(self.fenced(base.number)),
            Some(base) if base.number < newest => return Err(Error::Stale { base: base.number, newest }),
            Some(base) if base.id != writer.id => {
                let object = self.bucket().label(&names::manifest(base.number));
                return Err(Error::Foreign { object, found: base.id, wanted: writer.id });
            }
            _ => {}
        }
        Ok(Draft::new(self.clone(), newest.saturating_add(1), writer.id, writer.groups, base))
    }

    /// How many groups the store has. A reader is told by [each manifest](Manifest::groups).
    pub fn groups(&self) -> Option<usize> {
        self.inner.writer.as_ref().map(|writer| writer.groups)
    }

    /// Whose checkpoints these are: as the settings or the newest manifest say, or drawn for a new store. A reader is told
    /// by [each manifest](Manifest::id).
    pub fn id(&self) -> Option<[u8; 16]> {
        self.inner.writer.as_ref().map(|writer| writer.id)
    }

    pub(crate) fn bucket(&self) -> &Bucket {
        &self.inner.bucket
    }
    pub(crate) fn settings(&self) -> &Settings {
        &self.inner.settings
    }
    /// The numbers of all manifests, in order.
    pub(crate) fn numbers(&self) -> Result<Vec<u64>> {
        self.inner.numbers()
    }

    pub(crate) fn may_write(&self, doing: &'static str) -> Result<()> {
        self.writer(doing).map(drop)
    }

    fn writer(&self, doing: &'static str) -> Result<&Writer> {
        let read_only = || Error::ReadOnly { location: self.bucket().label(""), doing };
        self.inner.writer.as_ref().ok_or_else(read_only)
    }

    /// Finds out whether the last commit that failed is there.
    fn settle(&self, writer: &Writer) -> Result<()> {
        let mut unsure = writer.unsure();
        let Some((number, bytes)) = &*unsure else { return Ok(()) };
        // One that is not there may still come: a store may be slow to carry out what it said nothing about.
        if self.bucket().get(&names::manifest(*number), None)?.is_some_and(|found| found == *bytes) {
            writer.newest.fetch_max(*number, Ordering::SeqCst);
            *unsure = None;
        }
        Ok(())
    }

    /// Makes a manifest the newest one, unless another writer was faster.
    pub(crate) fn publish(&self, manifest: &Manifest) -> Result<()> {
        let writer = self.writer("commit")?;
        let bytes = manifest.encode();
        let published = self.create(manifest.number, &bytes);
        match &published {
            Ok(()) => writer.newest.store(manifest.number, Ordering::SeqCst),
            Err(Error::Fenced { .. }) => {}
            Err(_) => *writer.unsure() = Some((manifest.number, bytes)),
        }
        published
    }

    fn create(&self, number: u64, bytes: &Bytes) -> Result<()> {
        let name = names::manifest(number);
        let created = self.bucket().create("create the manifest", &name, bytes.clone());
        if !matches!(created, Ok(Created::Yes)) {
            // A store that has taken it may have said so to nobody, and then refuses what it tries again.
            match self.bucket().get(&name, None) {
                Ok(Some(found)) if found == *bytes => {}
                Ok(Some(_)) => return Err(self.fenced(number)),
                Ok(None) if created.is_ok() => return Err(self.fenced(number)),
                Ok(None) => return created.map(drop),
                Err(error) => return created.and(Err(error)),
            }
        }
        // Whoever slept while others committed and retired finds this number free again.
        if let Some(&newer) = self.numbers()?.last().filter(|&&newest| newest > number) {
            self.bucket().remove(&[name])?;
            return Err(self.fenced(newer));
        }
        Ok(())
    }

    fn fenced(&self, number: u64) -> Error {
        Error::Fenced { object: self.bucket().label(&names::manifest(number)) }
    }
}

impl Inner {
    fn numbers(&self) -> Result<Vec<u64>> {
        let files = self.bucket.list(names::MANIFESTS)?;
        let mut numbers: Vec<_> = files.iter().filter_map(|file| names::parse_manifest(file)).collect();
        numbers.sort_unstable();
        Ok(numbers)
    }

    fn manifest(&self, number: u64) -> Result<Manifest> {
        let name = names::manifest(number);
        let object = self.bucket.label(&name);
        let Some(bytes) = self.bucket.get(&name, None)? else { return Err(Error::Missing { object }) };
        let manifest = Manifest::decode(&object, &bytes, number)?;
        match self.settings.id {
            Some(wanted) if wanted != manifest.id => {
                Err(Error::Foreign { object, found: manifest.id, wanted })
            }
            _ => Ok(manifest),
        }
    }
}

impl fmt::Display for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.bucket().label("").fmt(f)
    }
}

/// Finds out whether a create is refused when the object is there. If this process is killed meanwhile, the probe stays:
/// its name is drawn, so it disturbs nobody.
fn probe(bucket: &Bucket) -> Result<()> {
    let name = format!("probes/{:016x}", draw());
    let bytes = Bytes::from_static(b"whether this can be created twice\n");
    // If even the first one is refused, the store has tried again by itself, and the answer is known.
    let first = bucket.create("create a probe", &name, bytes.clone())?;
    let second =
        if first == Created::Yes { bucket.create("create a probe again", &name, bytes) } else { Ok(first) };
    bucket.remove(&[name])?;
    let what = match second {
        Ok(Created::No) => return Ok(()),
        Ok(Created::Yes) => "an object was created twice".to_owned(),
        Err(Error::Store { source: source @ object_store::Error::NotImplemented { .. }, .. }) => {
            source.to_string()
        }
        Err(error) => return Err(error),
    };
    Err(Error::Unconditional { location: bucket.label(""), what })
}

/// A number that nobody else has: std draws the keys of its hash tables.
pub(crate) fn draw() -> u64 {
    RandomState::new().build_hasher().finish()
}

fn draw_id() -> [u8; 16] {
    let mut id = [0; 16];
    id[..8].copy_from_slice(&draw().to_le_bytes());
    id[8..].copy_from_slice(&draw().to_le_bytes());
    id
}
