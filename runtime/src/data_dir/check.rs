//! What is in a data directory, and whether it is whole.
use crate::base::error::Result;
use crate::data_dir::DataDir;
use crate::data_dir::dump::Runs;
use crate::durable::base::Base;
use crate::durable::skips::{Place, Skips};
use serde::Serialize;
use thalweg_log::Kind;

/// What is in a data directory.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Inspection {
    /// The name of the app; none if it has never run.
    pub app: Option<String>,
    /// The release of this crate that ran last.
    pub release: Option<String>,
    /// How many workers it had then.
    pub workers: Option<u64>,
    /// The number of the last run, from 0.
    pub run: Option<u64>,
    /// The seed of [`random`](crate::random).
    pub seed: Option<u64>,
    /// Its log.
    pub log: LogSummary,
    /// Its checkpoints, oldest first.
    pub checkpoints: Vec<CheckpointSummary>,
    /// How many epochs are executed again at the next start.
    pub to_replay: u64,
    /// The transactions that are not executed again, as `epoch.transaction`.
    pub skipped: Vec<String>,
}

/// What is in a log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct LogSummary {
    /// The first epoch that it has.
    pub first_epoch: Option<u64>,
    /// The last one.
    pub last_epoch: Option<u64>,
    /// The time of the first one, in microseconds since 1970.
    pub first_time: Option<u64>,
    /// The time of the last one.
    pub last_time: Option<u64>,
    /// How many transactions it has.
    pub transactions: u64,
    /// How many files it has.
    pub segments: u64,
    /// Their bytes; some are filled with zeros that have not been written over yet.
    pub bytes: u64,
    /// How many runs began in it.
    pub starts: u64,
    /// Whether the last of them was stopped, and did not end otherwise.
    pub stopped: bool,
}

/// What a checkpoint is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct CheckpointSummary {
    /// Its number.
    pub number: u64,
    /// The last epoch that it has.
    pub epoch: u64,
    /// Its bytes; those that it shares with others count for each.
    pub bytes: u64,
    /// How many records it has: at least one for each entity, and more if it has been written in parts.
    pub records: u64,
    /// The classes of the program that took it.
    pub classes: Vec<String>,
    /// The next offset of each topic.
    pub topics: std::collections::BTreeMap<String, u64>,
}

/// Whether a data directory is whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Verification {
    /// How many segments of the log were read.
    pub segments: u64,
    /// The last epoch of the log.
    pub last_epoch: u64,
    /// How the log ends: `new`, `stopped`, `open` or `torn`, all of which are sound; none if it is damaged.
    pub log_ends: Option<String>,
    /// How many checkpoints are whole.
    pub checkpoints: u64,
    /// How many parts they have, and how many records those.
    pub parts: u64,
    /// How many records the parts have.
    pub records: u64,
    /// Parts that no checkpoint needs, as those of one that was not finished.
    pub unnamed: u64,
    /// What is wrong, and what to do.
    pub problems: Vec<String>,
}

impl Verification {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.problems.is_empty()
    }
}

impl DataDir {
    /// Looks what there is, at the heads of checkpoints and at the whole log. The app may run meanwhile.
    ///
    /// # Errors
    /// [`Error::Storage`](crate::Error::Storage) when it cannot be read.
    pub fn inspect(&self) -> Result<Inspection> {
        self.is_there()?;
        self.settled(Self::look)
    }

    fn look(&self) -> Result<Inspection> {
        let mut inspection = Inspection::default();
        let bases = self.store()?.as_ref().map_or_else(|| Ok(Vec::new()), Base::all)?;
        for Base { manifest, info } in &bases {
            let extents = (0..manifest.groups()).map(|group| manifest.extent(group));
            let (bytes, records) = extents.fold((0, 0), |(bytes, records), extent| {
                (bytes + extent.whole_bytes + extent.delta_bytes, records + extent.records)
            });
            // What is no class has a name that no class can have.
            let classes = info.classes.iter().filter(|name| !name.starts_with('#')).cloned().collect();
            let (number, epoch, topics) = (manifest.number(), manifest.epoch(), info.topics.clone());
            inspection.checkpoints.push(CheckpointSummary { number, epoch, bytes, records, classes, topics });
        }
        let base = bases.last();
        let behind = base.map_or(0, |base| base.manifest.epoch());
        let mut last = base.map(|base| base.info.start()).transpose()?;
        let mut runs = Runs::default();
        let mut records = self.records(base)?;
        let log = &mut inspection.log;
        for record in records.by_ref() {
            let record = record?;
            let (kind, epoch) = (record.kind, record.epoch.0);
            log.stopped = kind == Kind::Stop;
            match kind {
                Kind::Start => {
                    log.starts += 1;
                    runs.begin(&record)?;
                    last = runs.current().cloned().or(last);
                }
                Kind::Epoch => {
                    log.first_epoch.get_or_insert(epoch);
                    log.last_epoch = Some(epoch);
                    let (now, transactions) = runs.transactions(&record)?;
                    log.first_time.get_or_insert(now);
                    log.last_time = Some(now);
                    log.transactions += transactions;
                    inspection.to_replay += u64::from(epoch > behind);
                }
                Kind::Outcome | Kind::Stop => {}
            }
        }
        (log.segments, log.bytes) = records.size();
        if let Some(start) = last {
            inspection.seed = Some(start.seed);
            inspection.run = Some(start.run);
            inspection.workers = Some(start.workers);
            (inspection.app, inspection.release) = (Some(start.app), Some(start.release));
        }
        inspection.skipped = Skips::of(&self.path)?.iter().map(Place::to_string).collect();
        Ok(inspection)
    }

    /// Reads everything, and says what is wrong. Nothing is changed, and the app must not run.
    ///
    /// # Errors
    /// [`Error::Storage`](crate::Error::Storage) when it cannot be read at all, or is in use. Whatever else is wrong stands in
    /// what is given.
    pub fn verify(&self) -> Result<Verification> {
        self.is_there()?;
        let mut found = Verification::default();
        let mut base = None;
        if let Some(store) = self.store()? {
            let report = store.verify()?;
            let of = |count: usize| count as u64;
            (found.checkpoints, found.parts) = (of(report.manifests.len()), of(report.parts));
            (found.records, found.unnamed) = (report.records, of(report.unnamed));
            found.problems.extend(report.problems.iter().map(ToString::to_string));
            match Base::newest(&store) {
                Ok(newest) => base = newest,
                Err(error) => {
                    if found.problems.is_empty() {
                        found.problems.push(error.to_string());
                    }
                    // What the log has to have is known by an older one, too.
                    let whole = report.manifests.last().map(|head| head.number);
                    base = whole.and_then(|number| Base::of(store.manifest(number).ok()?).ok());
                }
            }
        }
        let (disk, settings, witness) = self.log_of(base.as_ref())?;
        let report = thalweg_log::verify(disk, settings, witness)?;
        (found.segments, found.last_epoch) = (report.segments as u64, report.last.0);
        match report.end {
            Ok(end) => found.log_ends = Some(format!("{end:?}").to_lowercase()),
            Err(error) => found.problems.push(error.to_string()),
        }
        if found.problems.is_empty() {
            let wrong = self.log().map_or_else(Some, |mut records| records.find_map(Result::err));
            found.problems.extend(wrong.map(|error| error.to_string()));
        }
        Ok(found)
    }
}
