//! A folder for this run, gone at its end.
use std::cell::Cell;
use std::path::{Path, PathBuf};

pub struct Scratch {
    path: PathBuf,
    made: Cell<u64>,
}

impl Scratch {
    pub fn new(dir: &Path) -> std::io::Result<Self> {
        let path = dir.join(format!("durable-{}", std::process::id()));
        std::fs::create_dir_all(&path)?;
        Ok(Self { path, made: Cell::new(0) })
    }
    /// A folder with nothing in it.
    pub fn fresh(&self) -> std::io::Result<PathBuf> {
        self.made.set(self.made.get() + 1);
        let path = self.path.join(self.made.get().to_string());
        std::fs::create_dir(&path)?;
        Ok(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.path);
    }
}
