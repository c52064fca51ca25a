//! The only door to storage: a place of named objects, and what checkpoints need of it. Every call waits for its end.
use crate::location::{Kind, Location};
use crate::{Error, Result, local, names};
use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutOptions};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::runtime::{Builder, Runtime};

/// The store that a [`Location`] names, and the thread-less runtime that its calls run on.
#[derive(Debug)]
pub(crate) struct Bucket {
    objects: Arc<dyn ObjectStore>,
    prefix: Path,
    label: String,
    directory: Option<PathBuf>,
    runtime: Runtime,
}

/// Whether a create has made the object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Created {
    Yes,
    /// One is there already.
    No,
}

impl Bucket {
    /// Opens a place; a directory that is not there is made for a writer.
    pub(crate) fn open(location: &Location, write: bool) -> Result<Self> {
        let label = location.to_string();
        let refused = |doing, source| Error::Store { doing, object: label.clone(), source };
        let runtime = Builder::new_current_thread().enable_all().thread_name("checkpoint").build();
        let runtime = runtime.map_err(|error| refused("start a runtime", wrap(error)))?;
        let (mut prefix, mut directory) = (Path::default(), None);
        let objects: Arc<dyn ObjectStore> = match &location.kind {
            Kind::Objects(objects) => objects.clone(),
            Kind::Directory(path) => {
                let path =
                    std::path::absolute(path).map_err(|error| refused("find the directory", wrap(error)))?;
                if write {
                    local::make_dir(&path).map_err(|error| refused("make the directory", wrap(error)))?;
                }
                let local = LocalFileSystem::new_with_prefix(&path);
                directory = Some(path);
                Arc::new(local.map_err(|source| refused("open the directory", source))?.with_fsync(true))
            }
            Kind::Bucket(provider, url) => {
                let path = Path::from_url_path(url.path());
                prefix = path.map_err(|error| refused("use the prefix", error.into()))?;
                provider.connect(url).map_err(|source| refused("connect", source))?
            }
        };
        Ok(Self { objects, prefix, label, directory, runtime })
    }

    /// What this object is called in messages.
    pub(crate) fn label(&self, name: &str) -> String {
        if name.is_empty() { self.label.clone() } else { format!("{}/{name}", self.label) }
    }

    /// The bytes of an object that may be there. With a size, an object of another one is damaged, and is not read.
    pub(crate) fn get(&self, name: &str, size: Option<u64>) -> Result<Option<Bytes>> {
        let path = self.path(name);
        let got = self.runtime.block_on(async {
            let got = self.objects.get(&path).await?;
            match size {
                Some(size) if got.meta.size != size => Ok(Err(got.meta.size)),
                _ => got.bytes().await.map(Ok),
            }
        });
        let wrong = |found: u64, size: u64| Error::Damaged {
            object: self.label(name),
            offset: found.min(size),
            what: format!("it has {found} bytes, and its manifest says {size}"),
        };
        match got {
            Ok(Ok(bytes)) => Ok(Some(bytes)),
            Ok(Err(found)) => Err(wrong(found, size.unwrap_or(found))),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(source) => Err(self.refused("read", name, source)),
        }
    }

    /// Uploads objects, over those that may be there, so many at once.
    pub(crate) fn put(&self, objects: &[(String, Bytes)], at_once: usize) -> Result<()> {
        let put = |(name, bytes): &(String, Bytes)| {
            let (name, bytes, objects) = (name.clone(), bytes.clone(), self.objects.clone());
            let path = self.path(&name);
            async move { objects.put(&path, bytes.into()).await.map(drop).map_err(|source| (name, source)) }
        };
        let puts = stream::iter(objects.iter().map(put)).buffer_unordered(at_once);
        let done: Result<(), _> = self.runtime.block_on(puts.try_collect());
        done.map_err(|(name, source)| self.refused("upload", &name, source))
    }

    /// Makes an object unless it is there.
    pub(crate) fn create(&self, doing: &'static str, name: &str, bytes: Bytes) -> Result<Created> {
        let options = PutOptions::from(PutMode::Create);
        let done = self.runtime.block_on(self.objects.put_opts(&self.path(name), bytes.into(), options));
        match done {
            Ok(_) => Ok(Created::Yes),
            Err(object_store::Error::AlreadyExists { .. } | object_store::Error::Precondition { .. }) => {
                Ok(Created::No)
            }
            Err(source) => Err(self.refused(doing, name, source)),
        }
    }

    /// The names of the objects right in a directory, without it, in no order.
    pub(crate) fn list(&self, dir: &str) -> Result<Vec<String>> {
        if let Some(path) = &self.directory {
            return local::list(&path.join(dir)).map_err(|error| self.refused("list", dir, wrap(error)));
        }
        let path = self.path(dir);
        let list = self.objects.list(Some(&path));
        let found: Result<Vec<_>, _> = self.runtime.block_on(list.try_collect());
        let found = found.map_err(|source| self.refused("list", dir, source))?;
        let file = |found: &object_store::ObjectMeta| {
            let mut rest = found.location.prefix_match(&path)?;
            let file = rest.next()?.as_ref().to_owned();
            rest.next().is_none().then_some(file)
        };
        Ok(found.iter().filter_map(file).collect())
    }

    /// Removes objects that may be gone, in this order where the store keeps one.
    pub(crate) fn remove(&self, names: &[String]) -> Result<()> {
        let paths: Vec<_> = names.iter().map(|name| Ok(self.path(name))).collect();
        let gone = self.objects.delete_stream(stream::iter(paths).boxed());
        let gone = gone.try_for_each(|_| async { Ok(()) });
        // One that is gone ends the stream, so the rest is then removed one by one.
        let all: object_store::Result<()> = self.runtime.block_on(gone);
        match all {
            Err(object_store::Error::NotFound { .. }) => {
                names.iter().try_for_each(|name| self.remove_one(name))
            }
            all => all.map_err(|source| {
                self.refused("remove objects", names.first().map_or("", |name| name), source)
            }),
        }
    }

    fn remove_one(&self, name: &str) -> Result<()> {
        match self.runtime.block_on(self.objects.delete(&self.path(name))) {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(source) => Err(self.refused("remove", name, source)),
        }
    }

    /// Makes removals from a directory durable before what follows. An object store does so by itself.
    pub(crate) fn sync(&self, dir: &str) -> Result<()> {
        let Some(path) = &self.directory else { return Ok(()) };
        local::sync_dir(&path.join(dir)).map_err(|error| self.refused("sync", dir, wrap(error)))
    }

    /// Removes what uploads to a local directory have left that never ended, of the names chosen. How many there were.
    pub(crate) fn sweep(&self, dir: &str, chosen: impl Fn(&str) -> bool) -> Result<usize> {
        let Some(path) = &self.directory else { return Ok(0) };
        let mut swept = 0;
        for file in self.list(dir)? {
            if names::unfinished(&file).is_some_and(&chosen) {
                let removed = local::remove(&path.join(dir).join(&file));
                removed.map_err(|error| self.refused("remove", &format!("{dir}/{file}"), wrap(error)))?;
                swept += 1;
            }
        }
        Ok(swept)
    }

    fn path(&self, name: &str) -> Path {
        name.split('/').fold(self.prefix.clone(), |path, part| path.join(part))
    }

    fn refused(&self, doing: &'static str, name: &str, source: object_store::Error) -> Error {
        Error::Store { doing, object: self.label(name), source }
    }
}

/// As a store says it.
fn wrap(error: io::Error) -> object_store::Error {
    object_store::Error::Generic { store: "LocalFileSystem", source: Box::new(error) }
}
