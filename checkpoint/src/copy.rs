//! Copies a checkpoint to another place.
use crate::{Error, Location, Manifest, Result, Settings, Store};

impl Store {
    /// Writes what a manifest has to a place without checkpoints, as the first one there, with these bytes of the caller. All
    /// of it is read and checked; one group at a time is in memory. It counts when this has returned, as a
    /// [commit](crate::Draft::commit) does.
    ///
    /// # Errors
    /// [`Occupied`](Error::Occupied) if there are checkpoints already; whatever is wrong with what is read, or with the place.
    pub fn copy(&self, manifest: &Manifest, to: &Location, info: &[u8]) -> Result<Manifest> {
        let to = Store::open(to, Settings { groups: manifest.groups(), ..Settings::default() })?;
        let mut draft = match to.newest()? {
            None => to.begin(None)?,
            Some(_) => return Err(Error::Occupied { location: to.to_string() }),
        };
        for group in 0..manifest.groups() {
            self.load(manifest, group, |key, value| draft.put(group, key, value))?;
            draft.finish(group)?;
        }
        draft.commit(manifest.epoch(), info)
    }
}
