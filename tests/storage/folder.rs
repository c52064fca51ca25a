//! A folder that is removed.
use std::path::PathBuf;

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
