//! The names of the files.
//!
//! The first file has the name that was asked for, the later ones have a number behind it. The small files beside them
//! begin with a dot, so that `events.jsonl*` is all events in order.
use crate::error::{Result, refused};
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

#[derive(Clone, Debug)]
pub(crate) struct Paths {
    pub(crate) dir: PathBuf,
    name: OsString,
}

impl Paths {
    pub(crate) fn of(path: &Path) -> Result<Self> {
        let whole = std::path::absolute(path).map_err(refused("find", path))?;
        let (Some(dir), Some(name)) = (whole.parent(), whole.file_name()) else {
            let source = io::Error::new(io::ErrorKind::InvalidInput, "this is not the name of a file");
            return Err(refused("find", path)(source));
        };
        Ok(Self { dir: dir.to_owned(), name: name.to_owned() })
    }

    /// The file of this number. The first is 0.
    pub(crate) fn data(&self, number: u64) -> PathBuf {
        let mut name = self.name.clone();
        if number > 0 {
            name.push(format!(".{number:08}"));
        }
        self.dir.join(name)
    }

    pub(crate) fn lock(&self) -> PathBuf {
        self.beside(".lock")
    }
    pub(crate) fn generation(&self) -> PathBuf {
        self.beside(".generation")
    }
    pub(crate) fn next_generation(&self) -> PathBuf {
        self.beside(".generation.new")
    }
    pub(crate) fn hint(&self) -> PathBuf {
        self.beside(".hint")
    }

    fn beside(&self, suffix: &str) -> PathBuf {
        let mut name = OsString::from(".");
        name.push(&self.name);
        name.push(suffix);
        self.dir.join(name)
    }

    /// The numbers of the files that are there, in order.
    pub(crate) fn numbers(&self) -> Result<Vec<u64>> {
        let entries = match std::fs::read_dir(&self.dir) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(refused("list", &self.dir))?,
        };
        let mut numbers = Vec::new();
        for entry in entries {
            let name = entry.map_err(refused("list", &self.dir))?.file_name();
            numbers.extend(self.number_of(name.as_encoded_bytes()));
        }
        numbers.sort_unstable();
        Ok(numbers)
    }

    fn number_of(&self, name: &[u8]) -> Option<u64> {
        let rest = name.strip_prefix(self.name.as_encoded_bytes())?;
        if rest.is_empty() {
            return Some(0);
        }
        let number: u64 = std::str::from_utf8(rest.strip_prefix(b".")?).ok()?.parse().ok()?;
        (number > 0 && format!(".{number:08}").as_bytes() == rest).then_some(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_sort_like_numbers_and_others_are_left_alone() {
        let paths = Paths::of(Path::new("/d/e.jsonl")).unwrap();
        let numbers: Vec<_> = [
            "e.jsonl",
            "e.jsonl.00000001",
            "e.jsonl.123456789",
            "e.jsonl.1",
            "e.jsonl.00000000",
            "e.jsonl.gz",
            "e.jsonl.+0000001",
            "f",
        ]
        .iter()
        .filter_map(|name| paths.number_of(name.as_bytes()))
        .collect();
        assert_eq!(numbers, [0, 1, 123_456_789]);
        assert_eq!(paths.data(1), Path::new("/d/e.jsonl.00000001"));
        assert!(matches!(Paths::of(Path::new("/")), Err(crate::SinkError::Io { .. })));
    }
}
