//! A checkpoint to begin with.
use crate::base::error::Result;
use crate::codec::encode;
use crate::durable::checkpointer::Info;
use thalweg_checkpoint::{Location, Manifest, Store};
use thalweg_log::{Epoch, Position, Settings, Witness};

/// The checkpoint that an app begins with.
#[derive(Clone)]
pub(crate) struct Base {
    pub(crate) manifest: Manifest,
    pub(crate) info: Info,
}

impl Base {
    /// The newest one, if there is any.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) fn newest(store: &Store) -> Result<Option<Self>> {
        store.newest()?.map(Self::of).transpose()
    }

    /// All of them, oldest first.
    ///
    /// # Errors
    /// When one cannot be read.
    pub(crate) fn all(store: &Store) -> Result<Vec<Self>> {
        store.all()?.into_iter().map(Self::of).collect()
    }

    /// The newest one that is not behind this epoch.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) fn at_or_before(store: &Store, epoch: u64) -> Result<Option<Self>> {
        store.at_or_before(epoch)?.map(Self::of).transpose()
    }

    /// This one.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) fn of(manifest: Manifest) -> Result<Self> {
        let info = Info::of(&manifest)?;
        Ok(Self { manifest, info })
    }

    /// How the log behind a checkpoint is read and written, and what the checkpoint knows of it. That of a state that was exported
    /// begins there.
    pub(crate) fn log_of(base: Option<&Self>, settings: Settings) -> (Settings, Witness) {
        let Some(Self { manifest, info }) = base else { return (settings, Witness::default()) };
        let (epoch, position) = (Epoch(manifest.epoch()), Position(info.position));
        let exported = position == Position(0);
        let settings = if exported { Settings { behind: epoch, ..settings } } else { settings };
        (settings, Witness { epoch, position })
    }

    /// Writes it to a place without checkpoints; gives its epoch. Whoever begins there has no log yet.
    ///
    /// # Errors
    /// When it cannot be read or written.
    pub(crate) fn export(&self, store: &Store, to: &Location) -> Result<u64> {
        let info = Info { position: 0, ..self.info.clone() };
        Ok(store.copy(&self.manifest, to, &encode(&info))?.epoch())
    }
}
