//! A checkpoint that is being written.
use crate::manifest::Manifest;
use crate::names::PartName;
use crate::part::{Entry, Writer};
use crate::record::Record;
use crate::settings::MOST_BYTES;
use crate::store::{Store, draw};
use crate::{Error, Result};
use bytes::Bytes;

/// A checkpoint that is being written: it counts when [`commit`](Self::commit) has returned, and not before. One that is
/// dropped leaves parts that a later [`retire`](Store::retire) removes.
///
/// When a call fails, it may be tried again: a record that could not be uploaded stays in the draft.
#[derive(Debug)]
pub struct Draft {
    store: Store,
    number: u64,
    nonce: u64,
    id: [u8; 16],
    groups: Vec<Group>,
    /// Full parts that are not yet in the store.
    full: Vec<(String, Bytes)>,
}

/// A group of the draft.
#[derive(Debug, Default)]
struct Group {
    /// The base's parts.
    before: Vec<Entry>,
    /// It should be whole, if the caller asks.
    wanted: bool,
    /// The base's parts no longer count.
    whole: bool,
    /// This draft's parts.
    parts: Vec<Entry>,
    open: Option<Writer>,
}

impl Draft {
    pub(crate) fn new(
        store: Store,
        number: u64,
        id: [u8; 16],
        count: usize,
        base: Option<&Manifest>,
    ) -> Self {
        let group = |group| {
            let Some(base) = base else { return Group { whole: true, ..Group::default() } };
            let extent = base.extent(group);
            let many = extent.delta_parts >= store.settings().deltas(group, count);
            let wanted = many || extent.delta_bytes > extent.whole_bytes / 2;
            Group { before: base.entries(group).to_vec(), wanted, ..Group::default() }
        };
        let groups = (0..count).map(group).collect();
        Self { store, number, nonce: draw(), id, groups, full: Vec::new() }
    }

    /// The number that the manifest will have.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// How many groups there are.
    pub fn groups(&self) -> usize {
        self.groups.len()
    }

    /// Asks how the group is to be written. If whole, the caller puts **all** records of the group, and what the base has of
    /// it no longer counts: the answer has decided that. Otherwise the caller puts and deletes what has changed since the
    /// base, as does one who never asks.
    ///
    /// It is whole without a base, when the group's changes have outgrown half of its whole, or when they are
    /// [many](crate::Settings::most_deltas); and after a [`rewrite`](Self::rewrite).
    ///
    /// # Panics
    /// If there is no such group; so for all that follow.
    #[must_use = "a group that is written whole loses what is not put"]
    pub fn wants_whole(&mut self, group: usize) -> bool {
        let group = self.group(group);
        group.whole |= group.wanted;
        group.whole
    }

    /// The group is written whole, wanted or not: for a caller that does not know what has changed. All records are put.
    pub fn rewrite(&mut self, group: usize) {
        self.group(group).whole = true;
    }

    /// The key has this value, whatever it had. Of several records of a key the last one counts.
    ///
    /// # Errors
    /// [`TooLarge`](Error::TooLarge), or when a full part cannot be uploaded; so for all that follow.
    pub fn put(&mut self, group: usize, key: &[u8], value: &[u8]) -> Result<()> {
        self.push(group, &Record::Put(key, value))
    }

    /// The key is gone, if it was there.
    ///
    /// # Errors
    /// See [`put`](Self::put).
    pub fn delete(&mut self, group: usize, key: &[u8]) -> Result<()> {
        self.push(group, &Record::Delete(key))
    }

    /// All keys of the group that begin so and were put before are gone. Those that are put after this are not.
    ///
    /// # Errors
    /// See [`put`](Self::put).
    pub fn delete_prefix(&mut self, group: usize, prefix: &[u8]) -> Result<()> {
        self.push(group, &Record::DeletePrefix(prefix))
    }

    /// Uploads what is open of a group, so that it needs no memory any more. More may be put into the group later.
    ///
    /// # Errors
    /// See [`put`](Self::put).
    pub fn finish(&mut self, group: usize) -> Result<()> {
        self.close(group);
        self.upload()
    }

    /// Uploads what is open, then creates the manifest: of the state at this epoch, with these bytes of the caller.
    ///
    /// # Errors
    /// [`Fenced`](Error::Fenced) if another writer was faster: then nothing was committed. [`Store`](Error::Store) if the
    /// store refuses something: then open it again to see whether the manifest is there.
    pub fn commit(mut self, epoch: u64, info: &[u8]) -> Result<Manifest> {
        check("caller's bytes", info.len())?;
        for group in 0..self.groups.len() {
            self.close(group);
        }
        self.upload()?;
        let groups = self.groups.into_iter().map(Group::into_entries).collect();
        let Self { number, id, nonce, .. } = self;
        let manifest = Manifest { number, epoch, id, nonce, info: info.to_vec(), groups };
        self.store.publish(&manifest)?;
        Ok(manifest)
    }

    fn group(&mut self, group: usize) -> &mut Group {
        let groups = self.groups.len();
        self.groups.get_mut(group).unwrap_or_else(|| panic!("group {group} of a draft that has {groups}"))
    }

    fn push(&mut self, group: usize, record: &Record<'_>) -> Result<()> {
        check("record", record.given())?;
        let (draft, nonce, id, most) = (self.number, self.nonce, self.id, self.store.settings().part_bytes);
        let Group { parts, open, .. } = self.group(group);
        let part = open.get_or_insert_with(|| {
            let number = |number| u32::try_from(number).expect("there are fewer parts than 2^32");
            Writer::new(&id, PartName { draft, nonce, group: number(group), piece: number(parts.len()) })
        });
        part.push(record);
        if part.size() < most {
            return Ok(());
        }
        self.close(group);
        self.upload()
    }

    fn close(&mut self, group: usize) {
        let group = self.group(group);
        let Some(part) = group.open.take() else { return };
        let (entry, bytes) = part.finish();
        let name = entry.name.to_string();
        group.parts.push(entry);
        self.full.push((name, bytes));
    }

    /// What cannot be uploaded stays, for the next time.
    fn upload(&mut self) -> Result<()> {
        self.store.bucket().put(&self.full, self.store.settings().uploads)?;
        self.full.clear();
        Ok(())
    }
}

impl Group {
    fn into_entries(self) -> Vec<Entry> {
        let Self { mut before, whole, mut parts, .. } = self;
        for part in &mut parts {
            part.whole = whole;
        }
        if whole {
            return parts;
        }
        before.append(&mut parts);
        before
    }
}

fn check(what: &'static str, bytes: usize) -> Result<()> {
    if bytes > MOST_BYTES {
        return Err(Error::TooLarge { what, bytes, most: MOST_BYTES });
    }
    Ok(())
}
