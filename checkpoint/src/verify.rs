//! Reads everything, and says what is wrong.
use crate::names;
use crate::part::Entry;
use crate::{Error, Manifest, ManifestHead, Result, Store};
use std::collections::HashMap;

/// What there is, and what is wrong with it.
#[derive(Debug, Default)]
pub struct Report {
    /// The manifests that are whole, with all that they name, oldest first.
    pub manifests: Vec<ManifestHead>,
    /// Parts that are named by a manifest and whole.
    pub parts: usize,
    /// Their bytes.
    pub bytes: u64,
    /// Their records.
    pub records: u64,
    /// Parts that no readable manifest names: of a draft, or left for the next [`retire`](Store::retire).
    pub unnamed: usize,
    /// What is damaged, missing, foreign or of another format. Without any, the store is whole.
    pub problems: Vec<Error>,
}

impl Store {
    /// Reads all manifests and all parts that they name.
    ///
    /// # Errors
    /// When the store refuses to be read. Whatever else is wrong is in the report.
    pub fn verify(&self) -> Result<Report> {
        let mut report = Report::default();
        let mut parts = HashMap::new();
        for number in self.numbers()? {
            if let Some(manifest) = report.note(self.manifest(number))? {
                self.verify_parts(&manifest, &mut parts, &mut report)?;
            }
        }
        let files = self.bucket().list(names::PARTS)?;
        let ours = files.iter().filter_map(|file| names::PartName::parse(file));
        report.unnamed = ours.filter(|name| !parts.contains_key(name)).count();
        Ok(report)
    }

    /// `known` are the parts that were read, and whether they are whole.
    fn verify_parts(
        &self,
        manifest: &Manifest,
        known: &mut HashMap<names::PartName, bool>,
        report: &mut Report,
    ) -> Result<()> {
        let mut whole = true;
        for entry in manifest.all() {
            let good = match known.get(&entry.name) {
                Some(&good) => good,
                None => {
                    let read = self.part(entry, &manifest.id).and_then(|part| part.backwards(|_| Ok(())));
                    report.note(read)?.is_some_and(|()| report.count(entry))
                }
            };
            known.insert(entry.name, good);
            whole &= good;
        }
        if whole {
            report.manifests.push(manifest.head());
        }
        Ok(())
    }
}

impl Report {
    /// Whether nothing is wrong.
    pub fn is_whole(&self) -> bool {
        self.problems.is_empty()
    }

    fn count(&mut self, entry: &Entry) -> bool {
        self.parts += 1;
        self.bytes += entry.bytes;
        self.records += entry.records;
        true
    }

    fn note<T>(&mut self, read: Result<T>) -> Result<Option<T>> {
        match read {
            Ok(read) => Ok(Some(read)),
            Err(refused @ Error::Store { .. }) => Err(refused),
            Err(problem) => {
                self.problems.push(problem);
                Ok(None)
            }
        }
    }
}
