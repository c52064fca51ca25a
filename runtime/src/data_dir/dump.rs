//! The log, record by record, for people and tools.
use crate::base::ambient::TransactionId;
use crate::base::error::{Error, Result};
use crate::base::storage_fault::StorageFault;
use crate::codec::values_to_json;
use crate::data_dir::{DataDir, LOOKS};
use crate::durable::base::Base;
use crate::durable::record::{self, LoggedRequest};
use crate::durable::start::Start;
use crate::egress::verdict;
use serde::Serialize;
use serde_json::Value;
use thalweg_log::{Kind, Reading, RealDisk, Record};

/// A record of a log.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "record", rename_all = "snake_case")]
#[non_exhaustive]
pub enum LogRecord {
    /// A run began.
    Start {
        /// The last epoch before it.
        epoch: u64,
        /// The name of the app.
        app: String,
        /// The release of this crate.
        release: String,
        /// The number of the run, from 0.
        run: u64,
        /// How many workers it had.
        workers: u64,
    },
    /// An epoch.
    Epoch {
        /// Its number.
        epoch: u64,
        /// Its time, in microseconds since 1970.
        now: u64,
        /// What it has, in order.
        requests: Vec<LoggedTransactions>,
    },
    /// What became of an epoch.
    Outcome {
        /// The epoch.
        epoch: u64,
        /// Those of its transactions that did not commit.
        failures: Vec<LoggedFailure>,
    },
    /// A run was stopped.
    Stop {
        /// The last epoch before it.
        epoch: u64,
    },
}

/// A request: one transaction, or several of the same method.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct LoggedTransactions {
    /// The place of the first in its epoch, from 0.
    pub transaction: u64,
    /// The identity of the first, as `run.handle.number`.
    pub id: String,
    /// `Entity::method`.
    pub method: String,
    /// A call for each transaction. None if another release has written them.
    pub calls: Option<Vec<LoggedCall>>,
    /// What its answer is remembered under: the id that it was sent with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

/// A call.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct LoggedCall {
    /// The key of the entity.
    pub key: Value,
    /// The arguments, in the order of the parameters.
    pub arguments: Vec<Value>,
}

/// A transaction that did not commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct LoggedFailure {
    /// Its place in the epoch, from 0.
    pub transaction: u64,
    /// What became of it.
    pub what: String,
}

/// The runs of a log, as it is read.
#[derive(Default)]
pub(super) struct Runs {
    start: Option<Start>,
}

impl Runs {
    /// One begins.
    pub(super) fn begin(&mut self, record: &Record) -> Result<()> {
        self.start = Some(Start::of_any(&record.body, "the log")?);
        Ok(())
    }

    /// What is read first may belong to this one.
    pub(super) fn behind(start: Option<Start>) -> Self {
        Self { start }
    }

    /// The one that is read.
    pub(super) fn current(&self) -> Option<&Start> {
        self.start.as_ref()
    }

    /// The time of an epoch, and its requests, each with the place of its first transaction.
    fn requests<'r>(&self, record: &'r Record) -> Result<(u64, Vec<(u64, LoggedRequest<'r>)>)> {
        let run = self.start.as_ref().map_or(0, |start| start.run);
        let (now, requests) = record::requests(record.epoch.0, &record.body, run)?;
        let mut next = 0_u64;
        let placed = requests.into_iter().map(|request| {
            let first = next;
            next = first.saturating_add(request.calls as u64);
            (first, request)
        });
        Ok((now, placed.collect()))
    }

    /// The identity of a transaction of an epoch, if there is one in this place.
    pub(super) fn identity(&self, record: &Record, transaction: u64) -> Result<Option<TransactionId>> {
        let (_, requests) = self.requests(record)?;
        let found = requests.iter().find_map(|(place, LoggedRequest { first, calls, .. })| {
            let offset = transaction.checked_sub(*place).filter(|offset| *offset < *calls as u64)?;
            Some(TransactionId { number: first.number.saturating_add(offset), ..*first })
        });
        Ok(found)
    }

    /// The time of an epoch, and how many transactions it has.
    pub(super) fn transactions(&self, record: &Record) -> Result<(u64, u64)> {
        let (now, requests) = self.requests(record)?;
        let count = requests.last().map_or(0, |(place, last)| place.saturating_add(last.calls as u64));
        Ok((now, count))
    }

    fn shown(&mut self, record: &Record) -> Result<LogRecord> {
        let epoch = record.epoch.0;
        match record.kind {
            Kind::Start => {
                self.begin(record)?;
                let Some(start) = self.start.clone() else { unreachable!("one has just begun") };
                let Start { app, release, run, workers, .. } = start;
                Ok(LogRecord::Start { epoch, app, release, run, workers })
            }
            Kind::Epoch => {
                let (now, requests) = self.requests(record)?;
                let shown = requests.into_iter().map(|(place, request)| self.request(place, request));
                Ok(LogRecord::Epoch { epoch, now, requests: shown.collect() })
            }
            Kind::Outcome => {
                let failures = verdict::failures(epoch, &record.body)?.into_iter();
                let shown =
                    |(transaction, what): (u64, &str)| LoggedFailure { transaction, what: what.to_owned() };
                Ok(LogRecord::Outcome { epoch, failures: failures.map(shown).collect() })
            }
            Kind::Stop => Ok(LogRecord::Stop { epoch }),
        }
    }

    fn request(&self, transaction: u64, request: LoggedRequest<'_>) -> LoggedTransactions {
        let LoggedRequest { method, first, calls, bytes, id } = request;
        let known = self.start.as_ref().and_then(|start| start.method(method));
        let method = known.map_or_else(|| format!("method {method}"), str::to_owned);
        // Before it stand the class, the method and the key, which are known.
        let scope = id.and_then(|id| values_to_json(id).ok()?.pop());
        let request_id = scope.and_then(|scope| scope.get(3)?.as_str().map(str::to_owned));
        let calls = calls_of(bytes, calls);
        LoggedTransactions { transaction, id: first.to_string(), method, calls, request_id }
    }
}

/// So many calls of one method: each is a key and its arguments.
fn calls_of(bytes: &[u8], count: usize) -> Option<Vec<LoggedCall>> {
    let values = values_to_json(bytes).ok()?;
    let each = values.len().checked_div(count).filter(|each| *each > 0 && each * count == values.len())?;
    let call = |call: &[Value]| LoggedCall { key: call[0].clone(), arguments: call[1..].to_vec() };
    Some(values.chunks_exact(each).map(call).collect())
}

/// The log of an app that may run.
struct Following<'d> {
    data: &'d DataDir,
    runs: Runs,
    records: Reading<RealDisk>,
    /// The last epoch that was shown.
    last: Option<u64>,
    /// Whether what is read has been shown before.
    is_known: bool,
    /// How often the log has been opened again since an epoch was shown.
    opened: usize,
}

impl Following<'_> {
    /// What is read next, and has not been shown.
    fn read(&mut self) -> Option<Result<Record>> {
        loop {
            let record = match self.records.next()? {
                Ok(record) => record,
                Err(error) => {
                    let (data, error) = (self.data, Error::from(error));
                    if self.opened >= LOOKS || !data.is_in_use() {
                        return Some(Err(error));
                    }
                    // What is written while it is read looks damaged: the log ends before it.
                    if matches!(error, Error::Storage { fault: StorageFault::Damaged, .. }) {
                        return None;
                    }
                    // What was to be read next has been released: the log goes on behind it.
                    match data.settled(DataDir::begin) {
                        Ok((runs, records)) => (self.runs, self.records) = (runs, records),
                        Err(error) => return Some(Err(error)),
                    }
                    (self.is_known, self.opened) = (self.last.is_some(), self.opened + 1);
                    continue;
                }
            };
            if record.kind == Kind::Epoch && self.last.is_none_or(|last| last < record.epoch.0) {
                (self.last, self.is_known, self.opened) = (Some(record.epoch.0), false, 0);
            }
            if !self.is_known {
                return Some(Ok(record));
            }
            if record.kind == Kind::Start
                && let Err(error) = self.runs.begin(&record)
            {
                return Some(Err(error));
            }
        }
    }
}

impl Iterator for Following<'_> {
    type Item = Result<LogRecord>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(self.read()?.and_then(|record| self.runs.shown(&record)))
    }
}

impl DataDir {
    /// The records of the log, in order. The app may run meanwhile; then the last ones may be missing, and what it lets go of.
    ///
    /// # Errors
    /// [`Error::Storage`] when it cannot be read; so may each record.
    pub fn log(&self) -> Result<impl Iterator<Item = Result<LogRecord>>> {
        self.is_there()?;
        let (runs, records) = self.settled(Self::begin)?;
        Ok(Following { data: self, runs, records, last: None, is_known: false, opened: 0 })
    }

    fn begin(&self) -> Result<(Runs, Reading<RealDisk>)> {
        let (_, base) = self.newest()?;
        // Behind a checkpoint, the log need not have the beginning of its first run.
        let start = base.as_ref().map(|base| base.info.start()).transpose()?;
        Ok((Runs::behind(start), self.records(base.as_ref())?))
    }

    /// The log as it is read, without its lock.
    pub(super) fn records(&self, base: Option<&Base>) -> Result<Reading<RealDisk>> {
        let (disk, settings, witness) = self.log_of(base)?;
        Ok(thalweg_log::open_read_only(disk, settings, witness)?)
    }
}
