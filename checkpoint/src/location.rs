//! Where checkpoints are.
use crate::{Error, Result};
use object_store::ObjectStore;
use object_store::memory::InMemory;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use url::Url;

/// A place for checkpoints: a directory, memory, or a bucket.
///
/// | text | store | feature |
/// |------|-------|---------|
/// | a path, or `file:///path` | a directory; it is made when it is opened for writing | |
/// | `memory:///` | memory, empty; clones are the same place | |
/// | `s3://bucket/prefix` | S3, or what speaks like it | `s3` |
/// | `gs://bucket/prefix` | Google Cloud Storage | `gcs` |
/// | `az://container/prefix` | Azure Blob Storage | `azure` |
///
/// Secrets and endpoints come from the environment: `AWS_ACCESS_KEY_ID`, `AWS_ENDPOINT`, `GOOGLE_SERVICE_ACCOUNT`,
/// `AZURE_STORAGE_ACCOUNT_NAME` and so on, as the builders of [`object_store`] read them.
#[derive(Clone, Debug)]
pub struct Location {
    pub(crate) kind: Kind,
    label: String,
}

#[derive(Clone, Debug)]
pub(crate) enum Kind {
    Directory(PathBuf),
    Objects(Arc<dyn ObjectStore>),
    Bucket(Provider, Url),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Provider {
    S3,
    Gcs,
    Azure,
}

impl Location {
    /// This directory.
    pub fn directory(path: impl AsRef<Path>) -> Self {
        let path = path.as_ref();
        Self { label: path.display().to_string(), kind: Kind::Directory(path.to_owned()) }
    }
    /// New, empty memory. Clones are the same place.
    pub fn memory() -> Self {
        Self::objects("memory://", Arc::new(InMemory::new()))
    }
    /// The directory, if it is one.
    pub fn path(&self) -> Option<&Path> {
        match &self.kind {
            Kind::Directory(path) => Some(path),
            Kind::Objects(_) | Kind::Bucket(..) => None,
        }
    }
    /// Any store, which messages call by this name.
    pub fn objects(label: impl Into<String>, objects: Arc<dyn ObjectStore>) -> Self {
        Self { kind: Kind::Objects(objects), label: label.into() }
    }
}

impl FromStr for Location {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let wrong = |what: &str| Error::Location { location: text.to_owned(), what: what.to_owned() };
        let Some((scheme, _)) = text.split_once("://") else {
            return if text.is_empty() { Err(wrong("no place at all")) } else { Ok(Self::directory(text)) };
        };
        let url = Url::parse(text).map_err(|error| wrong(&error.to_string()))?;
        let provider = match scheme {
            "file" => {
                return url
                    .to_file_path()
                    .map(Self::directory)
                    .map_err(|()| wrong("no path of this machine"));
            }
            "memory" if url.host_str().is_none() && url.path().len() <= 1 => return Ok(Self::memory()),
            "memory" => return Err(wrong("memory has no parts; write memory:///")),
            "s3" => Provider::S3,
            "gs" => Provider::Gcs,
            "az" => Provider::Azure,
            _ => return Err(wrong("no scheme that is known")),
        };
        if url.host_str().is_none_or(str::is_empty) {
            return Err(wrong("no bucket"));
        }
        if !provider.is_built() {
            return Err(Error::Feature { location: text.to_owned(), feature: provider.feature() });
        }
        Ok(Self { kind: Kind::Bucket(provider, url), label: text.to_owned() })
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.label.trim_end_matches('/').fmt(f)
    }
}

impl Provider {
    fn feature(self) -> &'static str {
        match self {
            Self::S3 => "s3",
            Self::Gcs => "gcs",
            Self::Azure => "azure",
        }
    }

    fn is_built(self) -> bool {
        match self {
            Self::S3 => cfg!(feature = "s3"),
            Self::Gcs => cfg!(feature = "gcs"),
            Self::Azure => cfg!(feature = "azure"),
        }
    }

    /// The store of this bucket, as the environment says.
    pub(crate) fn connect(self, _url: &Url) -> object_store::Result<Arc<dyn ObjectStore>> {
        match self {
            #[cfg(feature = "s3")]
            Self::S3 => {
                let builder = object_store::aws::AmazonS3Builder::from_env().with_url(_url.as_str());
                Ok(Arc::new(builder.build()?))
            }
            #[cfg(feature = "gcs")]
            Self::Gcs => {
                let builder =
                    object_store::gcp::GoogleCloudStorageBuilder::from_env().with_url(_url.as_str());
                Ok(Arc::new(builder.build()?))
            }
            #[cfg(feature = "azure")]
            Self::Azure => {
                let builder = object_store::azure::MicrosoftAzureBuilder::from_env().with_url(_url.as_str());
                Ok(Arc::new(builder.build()?))
            }
            #[allow(unreachable_patterns, reason = "when all are built")]
            other => unreachable!("{other:?} is not built and was refused when the location was read"),
        }
    }
}
