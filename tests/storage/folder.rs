//! A folder that is removed.
use std::path::{Path, PathBuf};

pub struct Folder(PathBuf);

impl Folder {
    pub fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("thalweg-storage-{name}-{}", std::process::id()));
        drop(std::fs::remove_dir_all(&path));
        std::fs::create_dir_all(&path).expect("a folder for temporary files");
        Self(path)
    }
    pub fn dir(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
    pub fn url(&self, name: &str) -> String {
        self.dir(name).display().to_string()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

/// All files of a folder, which may be in use.
pub fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("made");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let path = entry.expect("read").path();
        let to = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy(&path, &to);
        } else {
            // A segment that is made ahead gets another name when it is done.
            let copied = std::fs::copy(&path, &to);
            assert!(copied.is_ok() || !path.exists(), "{}: {copied:?}", path.display());
        }
    }
}
