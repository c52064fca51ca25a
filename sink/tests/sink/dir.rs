//! A directory for one test.
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use thalweg_sink::JsonLines;

pub(crate) struct Dir(PathBuf);

/// All files of a directory.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

impl Dir {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let name = format!("thalweg-sink-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        // In memory, where there is such a directory: most tests sync, and do not cut the power of the machine.
        let memory = Path::new("/dev/shm");
        let parent = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        let path = parent.join(name);
        drop(std::fs::remove_dir_all(&path));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
    /// The file of the events.
    pub(crate) fn events(&self) -> PathBuf {
        self.0.join("e.jsonl")
    }
    pub(crate) fn sink(&self) -> JsonLines {
        JsonLines::new(self.events())
    }
    pub(crate) fn files(&self) -> Files {
        let entries = std::fs::read_dir(&self.0).unwrap().map(|entry| entry.unwrap());
        let file = |path: PathBuf| path.is_file().then(|| std::fs::read(path).unwrap());
        entries
            .filter_map(|entry| Some((entry.file_name().into_string().unwrap(), file(entry.path())?)))
            .collect()
    }
    /// The directory has these files, and no others.
    pub(crate) fn put(&self, files: &Files) {
        for name in self.files().keys().filter(|name| !files.contains_key(*name)) {
            std::fs::remove_file(self.0.join(name)).unwrap();
        }
        for (name, bytes) in files {
            std::fs::write(self.0.join(name), bytes).unwrap();
        }
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}
