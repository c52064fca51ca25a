//! The small files beside the events: the highest generation, and the hint.
//!
//! Both are one line of JSON with a checksum, and are believed only if each byte is as we would write it.
use super::disk::Disk;
use super::paths::Paths;
use crate::error::{Result, SinkError};
use serde_json::Value;
use std::fs::File;
use std::io;
use std::path::Path;

/// How many bytes a hint has. Less than a sector, so that writing it over is one step.
const HINT: usize = 128;

/// What was known to be durable when it was written. It saves reading, and it is never believed over the events: they are
/// read from `from` on as if it were not there. But events that end before `end` have been damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hint {
    /// The number of the file.
    pub(crate) file: u64,
    /// A commit with `before` begins here.
    pub(crate) from: u64,
    /// All commits before this place were durable.
    pub(crate) end: u64,
}

fn seal(mut text: String) -> String {
    let crc = crc32c::crc32c(text.as_bytes());
    text.push_str(&format!(r#","crc32c":"{crc:08x}"}}"#));
    text
}

impl Hint {
    fn encode(self) -> String {
        let text = seal(format!(r#"{{"file":{},"from":{},"end":{}"#, self.file, self.from, self.end));
        format!("{text:0$}\n", HINT - 1)
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let value: Value = serde_json::from_slice(bytes).ok()?;
        let number = |name: &str| value.get(name)?.as_u64();
        let hint = Self { file: number("file")?, from: number("from")?, end: number("end")? };
        (hint.encode().as_bytes() == bytes).then_some(hint)
    }

    /// The hint, if there is one that can be believed.
    pub(crate) fn read(disk: &Disk, paths: &Paths) -> Result<Option<Self>> {
        Ok(read(disk, &paths.hint())?.and_then(|bytes| Self::decode(&bytes)))
    }

    pub(crate) fn write(self, disk: &Disk, file: &File, path: &Path) -> Result<()> {
        disk.write_at(file, path, 0, self.encode().as_bytes())
    }
}

/// The highest generation that has opened the sink.
pub(crate) fn generation(disk: &Disk, paths: &Paths) -> Result<Option<u64>> {
    let path = paths.generation();
    let Some(bytes) = read(disk, &path)? else { return Ok(None) };
    let value: Option<Value> = serde_json::from_slice(&bytes).ok();
    let generation = value.and_then(|value| value.get("generation")?.as_u64());
    match generation.filter(|&generation| encode_generation(generation).as_bytes() == bytes) {
        None => Err(SinkError::Damaged {
            file: path,
            offset: 0,
            what: "it does not say which generation was the last one; when no writer is left, remove it"
                .to_owned(),
        }),
        generation => Ok(generation),
    }
}

fn encode_generation(generation: u64) -> String {
    seal(format!(r#"{{"generation":{generation}"#)) + "\n"
}

/// Shuts out all lower generations: durably, when the directory is synced.
pub(crate) fn set_generation(disk: &Disk, paths: &Paths, generation: u64) -> Result<()> {
    let path = paths.next_generation();
    let file = disk.create_empty(&path)?;
    disk.write_at(&file, &path, 0, encode_generation(generation).as_bytes())?;
    disk.sync(&file, &path)?;
    disk.rename(&path, &paths.generation())
}

/// A small file, if it is there. Of a large one, no more than shows that it is none of ours.
fn read(disk: &Disk, path: &Path) -> Result<Option<Vec<u8>>> {
    let file = match disk.open(path, false) {
        Err(SinkError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file?,
    };
    let mut bytes = vec![0; 2 * HINT];
    let read = disk.read_at(&file, path, 0, &mut bytes)?;
    bytes.truncate(read);
    Ok(Some(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_fits_and_each_byte_counts() {
        for hint in [
            Hint { file: 0, from: 0, end: 0 },
            Hint { file: 3, from: 44, end: 555 },
            Hint { file: u64::MAX, from: u64::MAX, end: u64::MAX },
        ] {
            let bytes = hint.encode().into_bytes();
            assert_eq!((bytes.len(), Hint::decode(&bytes)), (HINT, Some(hint)));
            for at in 0..bytes.len() {
                for change in [1, 0x80, 0xff] {
                    let mut bytes = bytes.clone();
                    bytes[at] ^= change;
                    assert_eq!(Hint::decode(&bytes), None, "byte {at}");
                }
            }
        }
    }
}
