//! What is in a data directory, for people.
use crate::output::Shown;
use crate::words::{Facts, bytes, count, table, time};
use thalweg::data_dir::{CheckpointSummary, Inspection, LogSummary};

impl Shown for Inspection {
    fn text(&self) -> String {
        let mut facts = Facts::default();
        facts.add("app", self.app.as_deref().unwrap_or("none has run here"));
        if let Some(release) = &self.release {
            facts.add("release", release);
        }
        if let (Some(run), Some(workers)) = (self.run, self.workers) {
            facts.add("last run", &format!("{run}, with {}", count(workers, "worker")));
        }
        if let Some(seed) = self.seed {
            facts.add("seed", &seed.to_string());
        }
        facts.add("log", &log(&self.log));
        if self.log.segments > 0 {
            facts.add("", ends(&self.log));
        }
        if let (Some(first), Some(last)) = (self.log.first_time, self.log.last_time) {
            facts.add("", &format!("from {} to {}", time(first), time(last)));
        }
        facts.add("to replay", &count(self.to_replay, "epoch"));
        if !self.skipped.is_empty() {
            facts.add("skipped", &self.skipped.join(", "));
        }
        facts.add(
            "checkpoints",
            &match self.checkpoints.len() {
                0 => "none; if they are elsewhere, say where with --checkpoints".to_owned(),
                some => some.to_string(),
            },
        );
        let mut text = facts.text();
        if !self.checkpoints.is_empty() {
            text.push('\n');
            text.push_str(&checkpoints(&self.checkpoints));
        }
        text
    }
}

fn log(log: &LogSummary) -> String {
    if log.segments == 0 {
        return "none yet".to_owned();
    }
    let on_disk = format!("{} in {}", bytes(log.bytes), count(log.segments, "segment"));
    let (Some(first), Some(last)) = (log.first_epoch, log.last_epoch) else {
        return format!("no epochs; {on_disk}");
    };
    let transactions = count(log.transactions, "transaction");
    format!("epochs {first} to {last} with {transactions}; {on_disk}")
}

fn ends(log: &LogSummary) -> &'static str {
    if log.stopped {
        "the last run was stopped"
    } else {
        "the last run was not stopped: it goes on, or was killed"
    }
}

fn checkpoints(checkpoints: &[CheckpointSummary]) -> String {
    let names = ["number", "epoch", "size", "records", "classes", "next offsets"].map(str::to_owned);
    let mut rows = vec![names.to_vec()];
    rows.extend(checkpoints.iter().map(|checkpoint| {
        let CheckpointSummary { number, epoch, bytes: size, records, classes, topics, .. } = checkpoint;
        let topics: Vec<_> = topics.iter().map(|(topic, next)| format!("{topic}: {next}")).collect();
        let numbers = [number.to_string(), epoch.to_string(), bytes(*size), records.to_string()];
        numbers.into_iter().chain([list(classes), list(&topics)]).collect()
    }));
    table(&rows)
}

fn list(names: &[String]) -> String {
    if names.is_empty() { "-".to_owned() } else { names.join(", ") }
}
