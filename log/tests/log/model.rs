//! What all tests do: append what can be told apart, remember what was reported, and compare.
use crate::independent;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;
use thalweg_log::testing::{Draw, Power};
use thalweg_log::{Disk, Epoch, Error, Kind, Log, Position, Progress, Record, Result, Settings, Witness};

/// The smallest segments there are.
pub(crate) fn settings() -> Settings {
    let retry_full = Duration::from_millis(1);
    Settings { segment_bytes: 64 << 10, retry_full, idle: Duration::ZERO, ..Settings::new([9; 16]) }
}

/// What a log has told.
#[derive(Clone, Debug, Default)]
pub(crate) struct Told {
    inner: Arc<(Mutex<Heard>, Condvar)>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Heard {
    pub(crate) epoch: Epoch,
    pub(crate) position: Position,
    pub(crate) poison: Option<String>,
}

impl Told {
    pub(crate) fn hook(&self) -> impl Fn(Progress) + Send + 'static {
        let told = self.clone();
        move |progress| {
            let mut heard = told.inner.0.lock().unwrap();
            assert!(heard.poison.is_none(), "{progress:?} after {heard:?}");
            match progress {
                Progress::Durable { epoch, position } => {
                    assert!(epoch > heard.epoch && position > heard.position, "{progress:?} after {heard:?}");
                    (heard.epoch, heard.position) = (epoch, position);
                }
                Progress::Poisoned { what } => heard.poison = Some(what),
            }
            told.inner.1.notify_all();
        }
    }
    pub(crate) fn heard(&self) -> Heard {
        self.inner.0.lock().unwrap().clone()
    }
    /// Until the epoch is durable; false if it will not be.
    pub(crate) fn wait(&self, epoch: Epoch) -> bool {
        let heard = self.inner.0.lock().unwrap();
        let waits = |heard: &mut Heard| heard.epoch < epoch && heard.poison.is_none();
        let (heard, waited) = self.inner.1.wait_timeout_while(heard, Duration::from_secs(20), waits).unwrap();
        assert!(!waited.timed_out(), "the log does not answer: {heard:?}");
        heard.epoch >= epoch
    }
}

pub(crate) fn read(disk: &Power) -> Result<Vec<Record>> {
    read_with(disk.clone(), Witness::default())
}

pub(crate) fn read_with(disk: impl Disk, witness: Witness) -> Result<Vec<Record>> {
    thalweg_log::open(disk, settings(), witness)?.collect()
}

pub(crate) fn accept<D: Disk>(disk: D, told: &Told) -> Result<Log> {
    thalweg_log::open(disk, settings(), Witness::default())?.finish()?.accept(b"start", told.hook())
}

/// A sound log reads the same by an independent reader.
pub(crate) fn both_read(disk: &Power) -> Vec<Record> {
    let records = read(disk).expect("a sound log");
    compare(disk, &records);
    records
}

pub(crate) fn compare(disk: &Power, records: &[Record]) {
    let number = |kind| match kind {
        Kind::Start => 1,
        Kind::Epoch => 3,
        Kind::Outcome => 5,
        Kind::Stop => 7,
    };
    let records: Vec<_> = records.iter().map(|r| (number(r.kind), r.epoch.0, r.body.clone())).collect();
    let found = independent::read(disk);
    assert!(found == records, "two readers differ: {} and {} records", found.len(), records.len());
}

/// The epochs of these records.
pub(crate) fn epochs(records: &[Record]) -> Vec<(u64, Vec<u8>)> {
    let epochs = records.iter().filter(|record| record.kind == Kind::Epoch);
    epochs.map(|record| (record.epoch.0, record.body.clone())).collect()
}

/// Appends an epoch and waits for it.
pub(crate) fn append_and_wait(log: &Log, told: &Told, body: Vec<u8>) -> Result<()> {
    let epoch = log.next();
    log.append(epoch, body)?;
    if told.wait(epoch) { Ok(()) } else { Err(Error::Poisoned { what: "told".to_owned() }) }
}

/// Bytes that no other call draws.
pub(crate) fn body(draw: &mut Draw, bytes: usize) -> Vec<u8> {
    (0..bytes.div_ceil(8)).flat_map(|_| draw.any().to_le_bytes()).take(bytes).collect()
}

/// A log on a disk, over many lives: what was appended, and what of it has to be there.
#[derive(Debug, Default)]
pub(crate) struct Truth {
    /// The body of epoch n + 1, as far as it was appended in this life or read in it.
    pub(crate) bodies: Vec<Vec<u8>>,
    /// What was reported.
    pub(crate) durable: Heard,
    /// All up to this one was released.
    pub(crate) released: u64,
}

impl Truth {
    pub(crate) fn witness(&self) -> Witness {
        Witness { epoch: Epoch(self.released), position: self.durable.position }
    }

    /// What was read is right; from now on it is the truth.
    pub(crate) fn check(&mut self, records: &[Record]) {
        let read = epochs(records);
        let first = read.first().map_or(self.released + 1, |(epoch, _)| *epoch);
        assert!(first <= self.released + 1, "epochs from {first} on, {} were released", self.released);
        for (n, (epoch, body)) in (first..).zip(&read) {
            assert_eq!(n, *epoch, "no gap, no repetition");
            assert!(self.bodies.get(n as usize - 1) == Some(body), "epoch {n} is what was appended");
        }
        let last = first + read.len() as u64 - 1;
        assert!(last >= self.durable.epoch.0, "{last} is the last, {:?} was reported", self.durable);
        self.bodies.truncate(last as usize);
    }
}

/// The errors that a failing disk may lead to. It never leads to damage.
#[track_caller]
pub(crate) fn is_refusal(error: &Error) {
    assert!(matches!(error, Error::Io { .. } | Error::Poisoned { .. } | Error::Full), "{error}");
}
