//! What a sweep has found: how many programs it drew, refused and ran, and how often each form was drawn.
use super::batch::Peaks;
use super::{Entry, Fate, known};
use crate::draw;
use std::collections::BTreeMap;
use std::fmt;

/// What came of all programs.
pub struct Report {
    /// The programs.
    pub entries: Vec<Entry>,
    peaks: Peaks,
}

impl Report {
    pub(super) fn new(entries: Vec<Entry>, peaks: Peaks) -> Self {
        Self { entries, peaks }
    }

    /// Every program that differs, died, or was refused for a reason that is not known: its seed, what happened, and
    /// its source. Empty when all is well.
    pub fn failures(&self) -> String {
        let failed = self.entries.iter().filter_map(|entry| {
            let what = match &entry.fate {
                Fate::Ran(verdict) => verdict.difference.clone()?,
                Fate::Refused { error, .. } if known::why(error).is_some() => return None,
                Fate::Refused { text, .. } => format!("refused: {text}"),
                Fate::Died(how) => format!("died: {how}"),
            };
            Some(format!("seed {}, {what}\n\n{}\n", entry.seed, draw::program(entry.seed).source))
        });
        failed.collect()
    }

    /// How often each form was drawn, and in how many programs.
    pub fn forms(&self) -> BTreeMap<&str, (usize, usize)> {
        let mut forms: BTreeMap<&str, _> = draw::FORMS.iter().map(|form| (*form, (0, 0))).collect();
        for (form, count) in self.entries.iter().flat_map(|entry| &entry.forms) {
            let (times, programs) = forms.entry(form).or_default();
            *times += count;
            *programs += 1;
        }
        forms
    }

    fn refused(&self) -> BTreeMap<&str, usize> {
        let mut refused = BTreeMap::new();
        for entry in &self.entries {
            if let Fate::Refused { error, .. } = &entry.fate {
                let first = error.lines().next().unwrap_or_default();
                *refused.entry(known::why(error).unwrap_or(first)).or_default() += 1;
            }
        }
        refused
    }
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", table(self.forms()))?;
        let mut outcomes: BTreeMap<&str, usize> = BTreeMap::new();
        let (mut ran, mut differed, mut died) = (0, 0, 0);
        for entry in &self.entries {
            match &entry.fate {
                Fate::Ran(verdict) => {
                    ran += 1;
                    differed += usize::from(verdict.difference.is_some());
                    verdict.outcomes.iter().for_each(|(name, n)| *outcomes.entry(name).or_default() += n);
                }
                Fate::Died(_) => died += 1,
                Fate::Refused { .. } => {}
            }
        }
        writeln!(out, "\nrequests: {outcomes:?}")?;
        let refused = self.refused();
        for (reason, count) in &refused {
            writeln!(out, "refused {count}: {reason}")?;
        }
        writeln!(
            out,
            "{} drawn, {} refused, {ran} ran, {differed} differed, {died} died; one rustc used at most {} MiB, a batch {}",
            self.entries.len(),
            refused.values().sum::<usize>(),
            self.peaks.rustc / 1024,
            self.peaks.batch / 1024,
        )
    }
}

/// How often each form was drawn, and in how many programs.
pub fn table<'a>(forms: impl IntoIterator<Item = (&'a str, (usize, usize))>) -> String {
    let lines =
        forms.into_iter().map(|(form, (times, programs))| format!("{times:>8} {programs:>8}  {form}\n"));
    std::iter::once("   times programs  form\n".to_owned()).chain(lines).collect()
}
