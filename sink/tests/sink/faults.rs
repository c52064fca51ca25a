//! Each operation on a file fails in turn. What was committed is there, and the engine's next `open` goes on.
use crate::dir::Dir;
use crate::model::{behind, commit_round, count_rounds, read, round, rounds, write};
use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use thalweg_sink::testing::{Step, Watch};
use thalweg_sink::{JsonLines, Positions, Sink, SinkError};

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    /// It fails with nothing done.
    Fail,
    /// A write fails half done.
    Short,
    /// It is done, and says that it failed.
    Done,
    /// It is done, and all that follow fail.
    Off,
}

struct Faulty {
    at: u64,
    kind: Kind,
    steps: AtomicU64,
}

impl Watch for Faulty {
    fn step(&self, step: Step<'_>, path: &Path, act: &mut dyn FnMut() -> io::Result<()>) -> io::Result<()> {
        let now = self.steps.fetch_add(1, Ordering::SeqCst);
        let failed = || Err(io::Error::other("injected"));
        match (self.kind, step) {
            (Kind::Off, _) if now > self.at => failed(),
            (Kind::Off, _) => act(),
            _ if now != self.at => act(),
            (Kind::Short, Step::Write { offset, bytes }) => {
                OpenOptions::new().write(true).open(path)?.write_all_at(&bytes[..bytes.len() / 2], offset)?;
                failed()
            }
            (Kind::Done, _) => {
                act()?;
                failed()
            }
            _ => failed(),
        }
    }
}

/// Commits rounds, over files and generations, until it is done or there is an error.
fn live(
    sink: &mut JsonLines,
    generations: u64,
    committed: &mut u64,
    started: &mut u64,
) -> Result<(), SinkError> {
    for generation in 1..=generations {
        let next = sink.open(generation)?;
        let found = (0..20).find(|&n| behind(&rounds(n)) == next).expect("whole rounds");
        assert!((*committed..=*started).contains(&found), "{found} of {committed} to {started}");
        *committed = found;
        for n in found..(found + 2).min(6) {
            *started = n + 1;
            commit_round(sink, n)?;
            *committed = n + 1;
        }
    }
    Ok(())
}

/// Returns false when the sink is done before the fault.
fn one(at: u64, kind: Kind) -> bool {
    let (dir, watch) = (Dir::new(), Arc::new(Faulty { at, kind, steps: AtomicU64::new(0) }));
    let set = |sink: JsonLines| sink.rotate_at(500).read_at_open(100);
    let mut sink = set(dir.sink()).watched_by(watch.clone());
    let (mut committed, mut started) = (0, 0);
    let failed = live(&mut sink, 3, &mut committed, &mut started);
    let injected = watch.steps.load(Ordering::SeqCst) > at;
    match &failed {
        Err(SinkError::Io { .. }) => {}
        Err(error) => panic!("step {at}: {error}"),
        // Only a hint may fail without a word.
        Ok(()) => assert!(committed == 6, "step {at}: {committed}"),
    }
    let error = sink.write(&[]);
    assert!(failed.is_ok() || matches!(error, Err(SinkError::NotOpen)), "{error:?}");
    // The same sink goes on, if it can; else another one.
    if kind == Kind::Off {
        sink = set(dir.sink());
    }
    if kind != Kind::Off {
        let found = count_rounds(&read(&dir).unwrap());
        assert!((committed..=started).contains(&found), "step {at}: {found}");
    }
    let next = sink.open(3).unwrap_or_else(|error| panic!("step {at}, {kind:?}: {error}"));
    let found = count_rounds(&read(&dir).unwrap());
    assert!(next == behind(&rounds(found)) && (committed..=started).contains(&found), "step {at}: {found}");
    for n in found..8 {
        commit_round(&mut sink, n).unwrap();
    }
    assert_eq!(read(&dir).unwrap(), rounds(8), "step {at}, {kind:?}");
    injected
}

#[test]
fn each_step_fails() {
    for kind in [Kind::Fail, Kind::Short, Kind::Done, Kind::Off] {
        let count = (0..).take_while(|&at| one(at, kind)).count();
        assert!(count > 100, "{count} steps");
    }
}

#[test]
fn a_lock_that_somebody_has_is_an_error_for_the_time_being() {
    let dir = Dir::new();
    let mut sink = dir.sink();
    sink.open(1).unwrap();
    let lock = OpenOptions::new().write(true).open(dir.path().join(".e.jsonl.lock")).unwrap();
    lock.try_lock().unwrap();
    let busy = |error: &SinkError| matches!(error, SinkError::Io { doing: "lock", source, .. } if source.kind() == io::ErrorKind::WouldBlock);
    write(&mut sink, &round(0)).unwrap();
    assert!(sink.commit(&behind(&round(0))).is_err_and(|error| busy(&error)));
    assert!(dir.sink().open(2).is_err_and(|error| busy(&error)));
    lock.unlock().unwrap();
    assert_eq!(sink.open(1).unwrap(), Positions::new());
    commit_round(&mut sink, 0).unwrap();
}

#[test]
fn an_answer_comes_after_everything_is_synced() {
    struct Order(std::sync::Mutex<Vec<String>>);
    impl Watch for Order {
        fn step(
            &self,
            step: Step<'_>,
            path: &Path,
            act: &mut dyn FnMut() -> io::Result<()>,
        ) -> io::Result<()> {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            match step {
                Step::Write { .. } => self.0.lock().unwrap().push(format!("write {name}")),
                Step::Sync => self.0.lock().unwrap().push(format!("sync {name}")),
                Step::SyncDir => self.0.lock().unwrap().push("sync directory".into()),
                Step::Create if !name.ends_with("lock") => {
                    self.0.lock().unwrap().push(format!("create {name}"))
                }
                _ => {}
            }
            act()
        }
    }
    let (dir, order) = (Dir::new(), Arc::new(Order(Default::default())));
    let mut sink = dir.sink().watched_by(order.clone());
    let taken = || std::mem::take(&mut *order.0.lock().unwrap());
    sink.open(1).unwrap();
    taken();
    commit_round(&mut sink, 0).unwrap();
    let first = ["create e.jsonl", "write e.jsonl", "sync e.jsonl", "sync directory"];
    assert_eq!(taken(), [&first[..], &["write .e.jsonl.hint", "sync .e.jsonl.hint"]].concat());
    commit_round(&mut sink, 1).unwrap();
    assert_eq!(taken(), ["write e.jsonl", "sync e.jsonl", "write .e.jsonl.hint"]);
    sink.commit(&behind(&rounds(2))).unwrap();
    assert!(taken().is_empty());
}
