//! What is known of recoveries that the process did not survive: a request that ends the process would do so at each start.
//!
//! A file in the data directory stands for a recovery that goes on. Where a start finds one, the recovery before has not come
//! to its end: then epochs are executed one at a time, and each worker writes into the file what it begins to run. Where the
//! process has ended several times in one epoch, the start is refused, and names what ran.
//!
//! It is the best that can be done, and no more: who kills the process several times in the same epoch is taken for the same.
use crate::base::ambient::TransactionId;
use crate::base::error::{Error, Result};
use crate::base::storage_fault::StorageFault;
use crate::methods::watch::Note;
use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

const FILE: &str = "recovering";

/// So often may the process end in one epoch, besides the first time, of which nothing is known.
const MOST: u64 = 2;

/// Each line of the file has so many bytes: the first is for the epoch, the others are for the workers.
const LINE: usize = 80;

/// See the head of this file.
pub(crate) struct Attempts {
    path: PathBuf,
    file: Arc<File>,
    /// What the attempt before has left.
    before: Option<Died>,
    /// Whether workers write down what they run.
    on: Arc<AtomicBool>,
    /// Whether it ended because of what was known.
    refused: AtomicBool,
}

/// Where a recovery has ended, and not as it should.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Died {
    epoch: u64,
    /// How often it has ended in this epoch.
    deaths: u64,
    running: Vec<TransactionId>,
}

impl Died {
    fn parse(text: &str) -> Self {
        let mut lines = text.lines().map(|line| {
            let numbers = line.split_whitespace().map(str::parse);
            numbers.collect::<Result<Vec<u64>, _>>().unwrap_or_default()
        });
        let (epoch, before) = match lines.next().as_deref() {
            Some([epoch, before]) => (*epoch, *before),
            _ => (0, 0),
        };
        let running = lines.filter_map(|line| match line[..] {
            [run, handle, number] => Some(TransactionId { run, handle, number }),
            _ => None,
        });
        let running: Vec<_> = running.collect();
        Self { epoch, deaths: before + u64::from(!running.is_empty()), running }
    }
}

fn line(TransactionId { run, handle, number }: TransactionId) -> String {
    format!("{run} {handle} {number}")
}

/// Writes a line. What cannot be written is not known later, and that is all.
fn write(file: &File, line: usize, text: &str) {
    let text = format!("{text:<width$}\n", width = LINE - 1);
    let _ = file.write_all_at(text.as_bytes(), (line * LINE) as u64);
}

/// What ran when the last start ended, and not as it should, if that was in this epoch.
pub(crate) fn ran_last(data: &Path, epoch: u64) -> Vec<TransactionId> {
    let died = fs::read_to_string(data.join(FILE)).ok().map(|text| Died::parse(&text));
    died.filter(|died| died.epoch == epoch).map_or_else(Vec::new, |died| died.running)
}

impl Attempts {
    /// A recovery begins, under the lock of the log.
    ///
    /// # Errors
    /// When that cannot be written down.
    pub(crate) fn begin(data: &Path) -> Result<Self> {
        let path = data.join(FILE);
        let before = fs::read_to_string(&path).ok().map(|text| Died::parse(&text));
        let file = OpenOptions::new().write(true).create(true).truncate(true).open(&path);
        let file = Arc::new(file.map_err(|error| {
            let what =
                format!("{}: cannot be written: {error}; mend the cause and start again", path.display());
            Error::storage(StorageFault::Refused, what)
        })?);
        let on = Arc::new(AtomicBool::new(before.is_some()));
        let attempts = Self { path, file, before, on, refused: AtomicBool::new(false) };
        if let Some(died) = &attempts.before {
            tracing::warn!("the last start has not come to its end; the log is executed epoch by epoch");
            attempts.note(died);
        }
        Ok(attempts)
    }

    /// What was known stays so until an epoch is reached.
    fn note(&self, Died { epoch, deaths, .. }: &Died) {
        write(&self.file, 0, &format!("{epoch} {deaths}"));
    }

    /// What workers write down, if they have to.
    pub(crate) fn notes(&self) -> Option<Note> {
        let (file, on) = (self.file.clone(), self.on.clone());
        let note: Note = Arc::new(move |worker, running: Option<TransactionId>| {
            if on.load(Ordering::Relaxed) {
                write(&file, worker + 1, &running.map(line).unwrap_or_default());
            }
        });
        self.is_careful().then_some(note)
    }

    /// Whether epochs are executed one at a time.
    pub(crate) fn is_careful(&self) -> bool {
        self.before.is_some()
    }

    /// All epochs before this one have been executed.
    ///
    /// # Errors
    /// When the process has ended in it too often. `name` says what a transaction is called.
    pub(crate) fn reach(&self, epoch: u64, name: impl Fn(TransactionId) -> String) -> Result<()> {
        let known = self.before.as_ref().filter(|died| died.epoch == epoch);
        match known {
            Some(died @ Died { deaths, running, .. }) if *deaths >= MOST => {
                let suspects = running.iter().map(|id| name(*id)).collect();
                // The next start tries once more: the program may have been mended.
                self.note(&Died { deaths: MOST - 2, ..died.clone() });
                for (worker, id) in running.iter().enumerate() {
                    write(&self.file, worker + 1, &line(*id));
                }
                self.refused.store(true, Ordering::Relaxed);
                Err(Error::Deadly { epoch, suspects, deaths: *deaths })
            }
            Some(died) => {
                self.note(died);
                Ok(())
            }
            // Beyond where it ended last; or before it, and then it is not forgotten.
            None if self.before.as_ref().is_some_and(|died| died.epoch > epoch) => Ok(()),
            None => {
                self.note(&Died { epoch, ..Died::default() });
                Ok(())
            }
        }
    }
}

impl Drop for Attempts {
    /// However it ends, the process is there.
    fn drop(&mut self) {
        self.on.store(false, Ordering::Relaxed);
        if !self.refused.load(Ordering::Relaxed) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reach(attempts: &Attempts, epoch: u64) -> Result<()> {
        attempts.reach(epoch, |id| id.to_string())
    }

    /// The process ends while these epochs are executed, and the last of them runs this.
    fn dies(data: &Path, epochs: std::ops::RangeInclusive<u64>, id: TransactionId) -> Result<()> {
        let attempts = Attempts::begin(data)?;
        for epoch in epochs {
            if attempts.is_careful() {
                reach(&attempts, epoch)?;
            }
        }
        if let Some(note) = attempts.notes() {
            note(0, Some(TransactionId { number: 99, ..id }));
            note(0, None);
            note(1, Some(id));
        }
        std::mem::forget(attempts);
        Ok(())
    }

    #[test]
    fn what_ran_each_time_is_named() {
        let data = std::env::temp_dir().join(format!("thalweg-attempts-{}", std::process::id()));
        fs::create_dir_all(&data).expect("made");
        let id = TransactionId { run: 1, handle: 2, number: 3 };
        dies(&data, 1..=7, id).expect("nothing is known");
        dies(&data, 1..=5, id).expect("the first that is known of");
        dies(&data, 1..=7, id).expect("another epoch");
        // It does not reach that one, so what is known of it stays.
        let attempts = Attempts::begin(&data).expect("begun");
        (1..=3).for_each(|epoch| reach(&attempts, epoch).expect("before it"));
        std::mem::forget(attempts);
        dies(&data, 1..=7, id).expect("the second");
        let attempts = Attempts::begin(&data).expect("begun");
        (1..=6).for_each(|epoch| reach(&attempts, epoch).expect("before it"));
        let deadly = Error::Deadly { epoch: 7, suspects: vec!["1.2.3".to_owned()], deaths: 2 };
        assert_eq!(reach(&attempts, 7), Err(deadly));
        drop(attempts);
        // It is tried once more: the program may have been mended.
        dies(&data, 1..=7, id).expect("tried");
        let attempts = Attempts::begin(&data).expect("begun");
        assert!(matches!(reach(&attempts, 7), Err(Error::Deadly { .. })));
        drop(attempts);
        let attempts = Attempts::begin(&data).expect("begun");
        (1..=9).for_each(|epoch| reach(&attempts, epoch).expect("it has been mended"));
        drop(attempts);
        assert!(!Attempts::begin(&data).expect("begun").is_careful());
        fs::remove_dir_all(&data).expect("removed");
    }
}
