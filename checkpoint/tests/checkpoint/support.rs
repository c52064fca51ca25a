//! What the tests share: a store in memory whose objects can be touched, and states to compare.
use std::collections::BTreeMap;
use std::sync::Arc;
use thalweg_checkpoint::object_store::memory::InMemory;
use thalweg_checkpoint::object_store::path::Path;
use thalweg_checkpoint::object_store::{ObjectStore, ObjectStoreExt};
use thalweg_checkpoint::{Draft, Error, Location, Manifest, Result, Settings, Store};

pub const ID: [u8; 16] = *b"the id of a log!";

/// The keys of a group and their values.
pub type Group = BTreeMap<Vec<u8>, Vec<u8>>;
/// All groups.
pub type State = Vec<Group>;

/// The objects of a store.
#[derive(Debug)]
pub struct Objects {
    pub memory: Arc<InMemory>,
    runtime: tokio::runtime::Runtime,
}

#[allow(dead_code, reason = "not every test binary needs all")]
impl Objects {
    pub fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        Self { memory: Arc::new(InMemory::new()), runtime }
    }
    pub fn location(&self) -> Location {
        Location::objects("test", self.memory.clone())
    }
    pub fn names(&self) -> Vec<String> {
        let listed = self.runtime.block_on(self.memory.list_with_delimiter(None)).expect("listed");
        let mut names: Vec<String> =
            listed.objects.iter().map(|object| object.location.to_string()).collect();
        for dir in listed.common_prefixes {
            let inner = self.runtime.block_on(self.memory.list_with_delimiter(Some(&dir))).expect("listed");
            names.extend(inner.objects.iter().map(|object| object.location.to_string()));
        }
        names.sort();
        names
    }
    pub fn get(&self, name: &str) -> Vec<u8> {
        let got = async { self.memory.get(&Path::from(name)).await?.bytes().await };
        self.runtime.block_on(got).expect("it is there").to_vec()
    }
    pub fn put(&self, name: &str, bytes: Vec<u8>) {
        self.runtime.block_on(self.memory.put(&Path::from(name), bytes.into())).expect("memory");
    }
    pub fn remove(&self, name: &str) {
        self.runtime.block_on(self.memory.delete(&Path::from(name))).expect("it is there");
    }
    pub fn all(&self) -> BTreeMap<String, Vec<u8>> {
        self.names().into_iter().map(|name| (name.clone(), self.get(&name))).collect()
    }
}

/// Reads a group, and sees that each key is shown once.
pub fn load_group(store: &Store, manifest: &Manifest, group: usize) -> Result<Group> {
    let mut found = Group::new();
    let count = store.load(manifest, group, |key, value| {
        let before = found.insert(key.to_vec(), value.to_vec());
        assert_eq!(before, None, "{key:?} was shown twice");
        Ok::<(), Error>(())
    })?;
    assert_eq!(count, found.len() as u64);
    Ok(found)
}

/// Reads all groups.
pub fn load(store: &Store, manifest: &Manifest) -> Result<State> {
    (0..manifest.groups()).map(|group| load_group(store, manifest, group)).collect()
}

/// Puts what makes the state of the base this one.
#[allow(dead_code, reason = "not every test binary needs all")]
pub fn write(draft: &mut Draft, before: &State, now: &State) -> Result<()> {
    for (group, records) in now.iter().enumerate() {
        if draft.wants_whole(group) {
            for (key, value) in records {
                draft.put(group, key, value)?;
            }
            continue;
        }
        for key in before[group].keys().filter(|key| !records.contains_key(*key)) {
            draft.delete(group, key)?;
        }
        for (key, value) in records.iter().filter(|(key, value)| before[group].get(*key) != Some(value)) {
            draft.put(group, key, value)?;
        }
    }
    Ok(())
}

/// Settings of a small store.
#[allow(dead_code, reason = "not every test binary needs all")]
pub fn small(groups: usize) -> Settings {
    Settings { groups, ..Settings::new(ID) }
}
