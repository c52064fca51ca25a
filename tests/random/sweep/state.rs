//! What came of the programs so far, in a file, so that a sweep can be stopped at any moment and go on later.
use super::Entry;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

#[derive(Default)]
pub(super) struct State {
    entries: BTreeMap<u64, Entry>,
    file: Option<File>,
}

impl State {
    /// Reads what there is. The first line says which build it is of: what another build has found holds no more and is
    /// put aside. A last line that was cut short is dropped.
    pub fn open(folder: &Path, build: &str) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let path = folder.join("state.jsonl");
        let mut file = File::options().read(true).append(true).create(true).open(&path)?;
        let text = fs::read_to_string(&path)?;
        let whole = &text[..text.rfind('\n').map_or(0, |end| end + 1)];
        let (first, lines) = whole.split_once('\n').unwrap_or_default();
        if first != build {
            if !first.is_empty() {
                println!("what was found with another build is put aside, as state.old.jsonl");
                fs::write(folder.join("state.old.jsonl"), &text)?;
            }
            file.set_len(0)?;
            writeln!(file, "{build}")?;
            return Ok(Self { entries: BTreeMap::new(), file: Some(file) });
        }
        file.set_len(whole.len() as u64)?;
        let entries = lines.lines().map(|line| {
            let entry: Entry = serde_json::from_str(line)?;
            Ok((entry.seed, entry))
        });
        let entries = entries.collect::<io::Result<_>>()?;
        Ok(Self { entries, file: Some(file) })
    }

    pub fn has(&self, seed: u64) -> bool {
        self.entries.contains_key(&seed)
    }

    pub fn count(&self, seeds: &[u64]) -> usize {
        seeds.iter().filter(|seed| self.has(**seed)).count()
    }

    pub fn add(&mut self, entries: Vec<Entry>) -> io::Result<()> {
        let mut lines = String::new();
        for entry in &entries {
            lines += &serde_json::to_string(entry)?;
            lines.push('\n');
        }
        if let Some(file) = &mut self.file {
            file.write_all(lines.as_bytes())?;
        }
        self.entries.extend(entries.into_iter().map(|entry| (entry.seed, entry)));
        Ok(())
    }

    /// Those of the seeds that are done.
    pub fn entries(mut self, seeds: &[u64]) -> Vec<Entry> {
        seeds.iter().filter_map(|seed| self.entries.remove(seed)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::State;
    use crate::sweep::{Entry, Fate};
    use std::collections::BTreeMap;
    use std::fs;

    fn entry(seed: u64) -> Entry {
        Entry { seed, forms: BTreeMap::new(), fate: Fate::Died("it did not end".to_owned()) }
    }

    /// A sweep that is killed while it writes goes on after the last whole line; another build begins anew.
    #[test]
    fn a_sweep_goes_on_where_it_was_stopped() {
        let folder =
            crate::sweep::target().expect("a test is in a target folder").join("tmp/state-of-a-sweep");
        if folder.exists() {
            fs::remove_dir_all(&folder).expect("the folder of another time can be removed");
        }
        let open = |build| State::open(&folder, build).expect("the state can be opened");
        let mut state = open("one");
        state.add(vec![entry(1), entry(2)]).expect("the state can be written");
        drop(state);
        let path = folder.join("state.jsonl");
        let text = fs::read_to_string(&path).expect("the state can be read");
        fs::write(&path, text + "{\"seed\":3,\"fo").expect("the state can be written");
        let mut state = open("one");
        assert_eq!(state.count(&[1, 2, 3]), 2);
        state.add(vec![entry(3)]).expect("the state can be written");
        drop(state);
        assert_eq!(open("one").count(&[1, 2, 3]), 3);
        assert_eq!(open("two").count(&[1, 2, 3]), 0);
    }
}
