//! Where an app keeps what must survive, as its settings say.
use crate::base::error::Error;
use std::path::{Path, PathBuf};
use std::time::Duration;
use thalweg_checkpoint::{Location, Settings, Store};
use thalweg_log::testing::{Faulty, Power};

/// Where an app keeps what must survive.
#[derive(Default)]
pub enum Storage {
    #[default]
    Memory,
    Directory(PathBuf),
    Simulated(Power),
    Faulty(Faulty<Power>),
}

impl From<Power> for Storage {
    fn from(disk: Power) -> Self {
        Self::Simulated(disk)
    }
}
impl From<Faulty<Power>> for Storage {
    fn from(disk: Faulty<Power>) -> Self {
        Self::Faulty(disk)
    }
}

/// How checkpoints are taken.
pub(super) struct Checkpointing {
    pub(super) place: Option<Place>,
    pub(super) every: Duration,
    /// So many bytes of log, at most.
    pub(super) after: u64,
    pub(super) keep: usize,
}

/// Where checkpoints go.
pub(super) enum Place {
    Url(String),
    Location(Location),
}

impl Place {
    /// In a data directory.
    pub(super) fn folder(data: &Path) -> Self {
        Self::Location(Location::directory(data.join("checkpoints")))
    }
}

impl Default for Checkpointing {
    fn default() -> Self {
        Self { place: None, every: Duration::from_secs(30), after: 256 << 20, keep: 2 }
    }
}

impl Checkpointing {
    /// Whether there is a place for them.
    pub(super) fn are_taken(&self) -> bool {
        self.place.is_some()
    }

    /// The place, if there is one. It is probed.
    pub(super) fn open(&self) -> Result<Option<Store>, Error> {
        let Some(location) = self.location()? else { return Ok(None) };
        let settings = Settings { keep: self.keep, ..Settings::default() };
        Store::open(&location, settings).map(Some).map_err(Error::from)
    }

    /// The place, if there is one, to look at.
    pub(super) fn open_read_only(&self) -> Result<Option<Store>, Error> {
        let Some(location) = self.location()? else { return Ok(None) };
        // An app that has taken none has made no folder.
        if location.path().is_some_and(|path| !path.exists()) {
            return Ok(None);
        }
        Store::open_read_only(&location, Settings::default()).map(Some).map_err(Error::from)
    }

    fn location(&self) -> Result<Option<Location>, Error> {
        if self.keep == 0 {
            return Err(Error::Start("the newest checkpoint has to be kept".to_owned()));
        }
        Ok(match &self.place {
            None => None,
            Some(Place::Location(location)) => Some(location.clone()),
            Some(Place::Url(url)) => Some(url.parse()?),
        })
    }
}
