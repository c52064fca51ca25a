//! How a state leaves a data directory, how it comes into another one, and what is not executed again.
use crate::base::error::{Error, Result};
use crate::base::storage_fault::StorageFault;
use crate::data_dir::DataDir;
use crate::data_dir::dump::Runs;
use crate::durable;
use crate::durable::attempts;
use crate::durable::base::Base;
use crate::durable::skips::{Place, Skips};
use thalweg_checkpoint::{Location, Settings, Store};
use thalweg_log::{End, Epoch, Kind};

impl DataDir {
    /// Writes the state of an app that does not run to another place: a directory, or a URL as for
    /// [`App::checkpoints_at`](crate::App::checkpoints_at), which must have no checkpoints. Gives its epoch. One that runs is
    /// exported by [`Handle::export`](crate::Handle::export).
    ///
    /// # Errors
    /// [`Error::Storage`] when something cannot be read or written, the directory is in use, or its log
    /// has requests behind the last checkpoint: executing them needs the program. A clean stop leaves none.
    pub fn export(&self, url: &str) -> Result<u64> {
        self.is_there()?;
        let to: Location = url.parse()?;
        let (store, base) = self.newest()?;
        let (disk, settings, witness) = self.log_of(base.as_ref())?;
        let mut records = thalweg_log::open_alone(disk, settings, witness)?;
        let (Some(store), Some(base)) = (store, base) else {
            let what = format!(
                "{}: there is no checkpoint to export; start the program and stop it, which takes one, or say where its checkpoints are",
                self.path.display()
            );
            return Err(Error::storage(StorageFault::Absent, what));
        };
        let behind = base.manifest.epoch();
        let mut last = behind;
        for record in records.by_ref() {
            let record = record?;
            if record.kind == Kind::Epoch {
                last = last.max(record.epoch.0);
            }
        }
        if last > behind {
            let what = format!(
                "{}: the last checkpoint is of epoch {behind}, and the log goes on to {last}; start the program and stop it, which takes one",
                self.path.display()
            );
            return Err(Error::storage(StorageFault::Absent, what));
        }
        let epoch = base.export(&store, &to)?;
        drop(records); // and its lock
        Ok(epoch)
    }

    /// Begins this directory with a state that was exported. It must be new or empty. Gives the epoch of the state.
    ///
    /// # Errors
    /// [`Error::Storage`] when something cannot be read or written, or the directory has a state
    /// already.
    pub fn import(&self, url: &str) -> Result<u64> {
        let from: Location = url.parse()?;
        let none = || {
            let what = format!("{url}: there is no state that was exported; give the place to which one was");
            Error::storage(StorageFault::Absent, what)
        };
        if from.path().is_some_and(|path| !path.exists()) {
            return Err(none());
        }
        let store = Store::open_read_only(&from, Settings::default())?;
        let base = Base::newest(&store)?.ok_or_else(none)?;
        if base.info.position != 0 {
            let what = format!(
                "{url}: these are the checkpoints of an app, and its log may have more; export its state, and import that"
            );
            return Err(Error::storage(StorageFault::Foreign, what));
        }
        // What this release cannot read is not taken.
        base.info.start()?;
        let disk = durable::real_disk(&self.path)?;
        let reading = thalweg_log::open(disk, durable::settings(), thalweg_log::Witness::default())?;
        let opened = reading.finish()?;
        if opened.end() != End::New {
            let what =
                format!("{}: there is a log already; import into a new directory", self.path.display());
            return Err(Error::storage(StorageFault::InUse, what));
        }
        let epoch = base.export(&store, &self.location()?)?;
        drop(opened);
        Ok(epoch)
    }

    /// Leaves a transaction out when the log is executed again, for one that ends the process each time. Whoever asks again
    /// with its id is told [`Error::Skipped`]. It stands at this place of this epoch, counted from 0.
    ///
    /// # Errors
    /// [`Error::Storage`] when there is no such transaction, the next start would not execute it
    /// anyway, its outcome is known, or the directory is in use.
    pub fn skip(&self, epoch: u64, transaction: u64) -> Result<()> {
        self.is_there()?;
        let (store, base) = self.newest()?;
        let behind = base.as_ref().map_or(0, |base| base.manifest.epoch());
        let start = base.as_ref().map(|base| base.info.start()).transpose()?;
        let mut runs = Runs::behind(start);
        let (mut found, mut known) = (None, false);
        let (disk, settings, witness) = self.log_of(base.as_ref())?;
        let mut records = thalweg_log::open(disk, settings, witness)?;
        for record in records.by_ref() {
            let record = record?;
            match record.kind {
                Kind::Start => runs.begin(&record)?,
                Kind::Epoch if record.epoch == Epoch(epoch) => {
                    found = runs.identity(&record, transaction)?;
                }
                Kind::Outcome => known |= record.epoch == Epoch(epoch),
                Kind::Epoch | Kind::Stop => {}
            }
        }
        let place = Place { epoch, transaction };
        let wrong = if epoch <= behind {
            "is in a checkpoint, and is not executed again"
        } else if known {
            "has ended, and others may have seen what it did; only what never ended can be skipped"
        } else if let Some(id) = found {
            if attempts::ran_last(&self.path, epoch).contains(&id) {
                // A checkpoint that is kept may be begun with again.
                let manifests = store.map_or_else(|| Ok(Vec::new()), |store| store.manifests())?;
                let oldest = manifests.first().map_or(0, |oldest| oldest.epoch);
                let added = Skips::add(&self.path, place, oldest);
                drop(records); // and its lock
                return added;
            }
            // Without an outcome in the log it may have been answered all the same.
            "has not been seen to end the process; start the program until that is refused, which names what does"
        } else {
            "is not in the log; look there for its number"
        };
        let what = format!("{}: transaction {place} {wrong}", self.path.display());
        Err(Error::storage(StorageFault::Absent, what))
    }
}
