//! Where an app keeps what must survive, as its settings say.
use crate::base::error::Error;
use std::path::{Path, PathBuf};
use std::time::Duration;
use thalweg_checkpoint::{Location, Settings, Store};
use thalweg_log::testing::Power;

/// Where an app keeps what must survive.
#[derive(Default)]
pub(super) enum Storage {
    #[default]
    Memory,
    Directory(PathBuf),
    Simulated(Power),
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
    /// The place, if there is one.
    pub(super) fn open(&self) -> Result<Option<Store>, Error> {
        if self.keep == 0 {
            return Err(Error::Start("the newest checkpoint has to be kept".to_owned()));
        }
        let location = match &self.place {
            None => return Ok(None),
            Some(Place::Location(location)) => location.clone(),
            Some(Place::Url(url)) => url.parse().map_err(Error::storage)?,
        };
        let settings = Settings { keep: self.keep, ..Settings::default() };
        Store::open(&location, settings).map(Some).map_err(Error::storage)
    }
}
