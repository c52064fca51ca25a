//! Retention: which manifests and parts are no longer needed.
use crate::names::{self, PartName};
use crate::{Result, Store};
use std::collections::HashSet;

/// What was removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retired {
    /// Manifests.
    pub manifests: usize,
    /// Parts that no manifest names any more, or never did.
    pub parts: usize,
    /// Files of uploads to a local directory that never ended.
    pub unfinished: usize,
}

impl Store {
    /// Keeps the newest manifests, as many as the [settings](crate::Settings::keep) say, and the parts that they name.
    /// Other manifests are removed, then other parts: but none of a draft that may yet be committed. May be called at any
    /// time; when it fails, what is kept is whole, and the next call removes the rest. Whoever reads
    /// an older manifest meanwhile finds parts [`Missing`](crate::Error::Missing).
    ///
    /// # Errors
    /// When a manifest that is kept cannot be read: then nothing was removed. When the store refuses.
    pub fn retire(&self) -> Result<Retired> {
        self.may_write("remove what is not needed")?;
        let mut numbers = self.numbers()?;
        let kept = numbers.split_off(numbers.len().saturating_sub(self.settings().keep));
        let Some(&newest) = kept.last() else { return Ok(Retired::default()) };
        let mut named = HashSet::new();
        for number in kept {
            named.extend(self.manifest(number)?.all().map(|entry| entry.name));
        }
        let manifests: Vec<_> = numbers.iter().map(|&number| names::manifest(number)).collect();
        self.bucket().remove(&manifests)?;
        self.bucket().sync(names::MANIFESTS)?;
        // A draft in progress has a larger number: whoever writes one knows no newer manifest.
        let old = |name: &PartName| name.draft <= newest && !named.contains(name);
        let files = self.bucket().list(names::PARTS)?;
        let parts = files.iter().filter_map(|file| PartName::parse(file)).filter(old);
        let parts: Vec<_> = parts.map(|name| name.to_string()).collect();
        self.bucket().remove(&parts)?;
        let past = |number: u64| number <= newest;
        let unfinished = self
            .bucket()
            .sweep(names::PARTS, |file| PartName::parse(file).as_ref().is_some_and(old))?
            + self.bucket().sweep(names::MANIFESTS, |file| names::parse_manifest(file).is_some_and(past))?;
        Ok(Retired { manifests: manifests.len(), parts: parts.len(), unfinished })
    }
}
