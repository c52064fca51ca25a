//! Whether a data directory is whole, for people and programs.
use crate::output::Shown;
use crate::words::{Facts, count};
use serde::Serialize;
use thalweg::data_dir::Verification;

/// What was found, and what it comes to.
#[derive(Serialize)]
pub(crate) struct Verdict {
    sound: bool,
    #[serde(flatten)]
    found: Verification,
}

impl Verdict {
    pub(crate) fn of(found: Verification) -> Self {
        Self { sound: found.is_sound(), found }
    }
}

impl Shown for Verdict {
    fn text(&self) -> String {
        let Verification { segments, last_epoch, checkpoints, parts, records, unnamed, .. } = self.found;
        let mut facts = Facts::default();
        let ends = match self.found.log_ends.as_deref() {
            None => "damaged",
            Some("stopped") => "ends with a stop",
            Some("open") => "ends without a stop: the last run was killed",
            Some("torn") => "ends in a write that was not finished, and was not answered: it will be cut off",
            Some(other) => other,
        };
        let read = count(segments, "segment");
        facts.add(
            "log",
            &match self.found.log_ends.as_deref() {
                Some("new") => "none yet".to_owned(),
                _ => format!("{read}, epochs up to {last_epoch}; {ends}"),
            },
        );
        let parts = format!("{} with {}", count(parts, "part"), count(records, "record"));
        facts.add("checkpoints", &format!("{checkpoints} whole; {parts}"));
        if unnamed > 0 {
            facts.add("", &format!("{} that no readable checkpoint needs", count(unnamed, "part")));
        }
        let problems = self.found.problems.len() as u64;
        facts.add("verdict", &if self.sound { "sound".to_owned() } else { count(problems, "problem") });
        for problem in &self.found.problems {
            facts.add("problem", problem);
        }
        facts.text()
    }

    fn is_sound(&self) -> bool {
        self.sound
    }
}
