//! Checkpoints of Thalweg: the state of an engine as bytes, in a directory or an object store.
//!
//! A store has groups of records. A checkpoint writes the records that have changed in each group, or all of them, as
//! *parts* that never change; last of all, a numbered *manifest* names the parts. What a record means, and in which group
//! its key is, is the caller's business.
//!
//! ```
//! use thalweg_checkpoint::{Error, Location, Settings, Store};
//!
//! let location = Location::memory(); // or "/var/lib/shop/checkpoints".parse()?
//! let store = Store::open(&location, Settings { groups: 4, ..Settings::new([7; 16]) })?;
//! let mut draft = store.begin(None)?;
//! draft.put(2, b"apple", b"3")?;
//! draft.put(2, b"pear", b"5")?;
//! let first = draft.commit(100, b"app 1")?;
//!
//! let mut draft = store.begin(Some(&first))?;
//! assert!(!draft.wants_whole(2)); // what has changed is enough
//! draft.put(2, b"apple", b"2")?;
//! draft.delete(2, b"pear")?;
//! draft.commit(200, b"app 1")?;
//! store.retire()?;
//!
//! let newest = store.newest()?.expect("two were committed");
//! assert_eq!((newest.number(), newest.epoch(), newest.info()), (2, 200, b"app 1".as_slice()));
//! let mut found = Vec::new();
//! store.load(&newest, 2, |key, value| {
//!     found.push((key.to_vec(), value.to_vec()));
//!     Ok::<(), Error>(())
//! })?;
//! assert_eq!(found, [(b"apple".to_vec(), b"2".to_vec())]);
//! # Ok::<(), Error>(())
//! ```
//!
//! # What is promised
//!
//! - A checkpoint whose commit has returned is read back after any crash: each key once, with its last value.
//! - One whose commit has not returned is read back whole, or not at all.
//! - Of two writers one commits a number, and the other one is told so.
//! - Damage is an [`Error`] that names object and offset, never another state, and never an older one unasked.
//! - No manifest that is kept ever misses a part that was removed here.
//!
//! It relies on the store: an object that was uploaded is there, for whoever reads or lists; and an object is created only
//! once. The latter is tried when a store is opened. Checksums find damage, not forgery.
//!
//! # Where things are
//!
//! `location` says where, `bucket` is the only door to storage, `local` what a directory needs besides; `names` are those
//! of objects, `format` their bytes, `record` and `part` the records, `manifest` what names them; `store` opens and
//! publishes, `draft` writes, `load` reads, `copy` does both, `retire` removes, and `verify` reads everything.

mod error;
mod settings;
mod location;
mod names;
mod format;
mod record;
mod part;
mod manifest;
mod local;
mod bucket;
mod store;
mod draft;
mod load;
mod copy;
mod retire;
mod verify;
pub mod testing;

pub use draft::Draft;
pub use error::{Error, Result};
pub use location::Location;
pub use manifest::{Extent, Manifest, ManifestHead};
pub use object_store;
pub use retire::Retired;
pub use settings::{MOST_BYTES, MOST_GROUPS, Settings};
pub use store::Store;
pub use verify::Report;
