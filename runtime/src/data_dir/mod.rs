//! A data directory from outside: what is in it, whether it is whole, and how its state goes elsewhere and comes back.
//!
//! Nothing here needs the program whose directory it is.
mod check;
mod dump;
mod moves;

pub use check::{CheckpointSummary, Inspection, LogSummary, Verification};
pub use dump::{LogRecord, LoggedCall, LoggedFailure, LoggedTransactions};

use crate::base::error::{Error, Result};
use crate::durable;
use crate::durable::base::Base;
use std::path::PathBuf;
use thalweg_checkpoint::{Location, Settings, Store};
use thalweg_log::{Epoch, Position, Witness};

/// The data directory of an app: see [`App::data_dir`](crate::App::data_dir).
///
/// ```
/// # use thalweg::prelude::*;
/// # #[entity(auto)]
/// # pub struct Counter { #[key] name: String, n: i64 }
/// # #[entity]
/// # impl Counter {
/// #     pub fn new(name: String) -> Self { Self { name, n: 0 } }
/// #     pub fn add(&mut self, by: i64) -> i64 { self.n += by; self.n }
/// # }
/// # fn main() -> thalweg::Result {
/// # let temp = std::env::temp_dir().join(format!("thalweg-data-dir-{}", std::process::id()));
/// # let (here, there) = (temp.join("here"), temp.join("there"));
/// # let copy = temp.join("copy").display().to_string();
/// # let visits = || Counter::at(String::from("visits"));
/// use thalweg::data_dir::DataDir;
///
/// let app = App::new("counters").entity::<Counter>().data_dir(&here).start()?;
/// app.call_blocking(visits().add(2))?;
/// app.stop()?;
///
/// assert!(DataDir::at(&here).verify()?.is_sound());
/// DataDir::at(&here).export(&copy)?;
/// DataDir::at(&there).import(&copy)?;
/// let app = App::new("counters").entity::<Counter>().data_dir(&there).start()?;
/// assert_eq!(app.call_blocking(visits().add(1))?, 3);
/// # drop(app);
/// # std::fs::remove_dir_all(temp)?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct DataDir {
    path: PathBuf,
    checkpoints: Option<String>,
}

impl DataDir {
    /// The one at this path. Nothing is looked at yet.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), checkpoints: None }
    }

    /// Its checkpoints are elsewhere: see [`App::checkpoints_at`](crate::App::checkpoints_at).
    pub fn checkpoints_at(mut self, url: impl Into<String>) -> Self {
        self.checkpoints = Some(url.into());
        self
    }

    fn location(&self) -> Result<Location> {
        Ok(match &self.checkpoints {
            Some(url) => url.parse()?,
            None => Location::directory(self.path.join("checkpoints")),
        })
    }

    /// Its checkpoints, to be read, if there are any.
    fn store(&self) -> Result<Option<Store>> {
        let location = self.location()?;
        if location.path().is_some_and(|path| !path.exists()) {
            return Ok(None);
        }
        Ok(Some(Store::open_read_only(&location, Settings::default())?))
    }

    /// Its checkpoints, to be read, and the newest of them.
    fn newest(&self) -> Result<(Option<Store>, Option<Base>)> {
        let store = self.store()?;
        let base = store.as_ref().map(Base::newest).transpose()?.flatten();
        Ok((store, base))
    }

    /// How the log is read, and what the newest checkpoint knows of it.
    fn log_settings(base: Option<&Base>) -> (thalweg_log::Settings, Witness) {
        let Some(base) = base else { return (durable::settings(), Witness::default()) };
        let (epoch, position) = (Epoch(base.manifest.epoch()), Position(base.info.position));
        (base.log_settings(durable::settings()), Witness { epoch, position })
    }

    fn is_there(&self) -> Result<()> {
        if self.path.is_dir() {
            return Ok(());
        }
        let what = format!("{}: there is no such directory; give that of an app", self.path.display());
        Err(Error::storage(crate::StorageFault::Absent, what))
    }
}
