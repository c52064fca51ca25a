//! The hint saves reading, and is not believed over the events.
use crate::dir::Dir;
use crate::model::{DATA, HINT, behind, commit_round, count_rounds, open_and_count, read, rounds, small};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use thalweg_sink::testing::{Step, Watch};
use thalweg_sink::{Event, Positions, Sink, SinkError};

/// A hint, written as the sink would write it.
fn hint(file: u64, from: usize, end: usize) -> Vec<u8> {
    let text = format!(r#"{{"file":{file},"from":{from},"end":{end}"#);
    let text = format!(r#"{text},"crc32c":"{:08x}"}}"#, crc32c::crc32c(text.as_bytes()));
    format!("{text:127}\n").into_bytes()
}

#[test]
fn it_says_where_the_last_positions_are_and_where_the_end_is() {
    let (_, ends, files) = small(5, |sink| sink);
    for n in 1..=5 {
        assert_eq!(files[n][HINT], hint(0, 0, ends[n]));
    }
    let (_, ends, files) = small(5, |sink| sink.read_at_open(0));
    for n in 1..=5 {
        assert_eq!(files[n][HINT], hint(0, ends[n - 1], ends[n]));
    }
}

#[test]
fn a_hint_into_anywhere_changes_nothing_but_the_work() {
    let (dir, ends, files) = small(5, |sink| sink.read_at_open(300));
    for from in 0..ends[5] + 3 {
        for (end, is_right) in [(0, true), (ends[3] - 1, true), (ends[5], true), (ends[5] + 1, false)] {
            let mut files = files[5].clone();
            files.insert(HINT.into(), hint(0, from, end));
            dir.put(&files);
            match open_and_count(&dir, &mut dir.sink(), 1) {
                Ok(5) => assert!(is_right, "from {from} to {end}"),
                Err(SinkError::Damaged { file, .. }) => {
                    assert!(file.ends_with(DATA) && !is_right, "{from} {end}")
                }
                other => panic!("from {from} to {end}: {other:?}"),
            }
        }
    }
    let mut files = files[5].clone();
    files.insert(HINT.into(), hint(1, 0, 10));
    dir.put(&files);
    let refused = dir.sink().open(1);
    assert!(matches!(&refused, Err(SinkError::Damaged { file, .. }) if file.ends_with("e.jsonl.00000001")));
    assert!(matches!(read(&dir), Err(SinkError::Damaged { .. })));
}

#[test]
fn without_the_events_it_says_that_they_are_missing() {
    let (dir, _, files) = small(2, |sink| sink);
    let mut files = files[2].clone();
    files.remove(DATA);
    dir.put(&files);
    let refused = dir.sink().open(1);
    assert!(matches!(&refused, Err(SinkError::Damaged { file, .. }) if file.ends_with(DATA)), "{refused:?}");
    assert!(matches!(read(&dir), Err(SinkError::Damaged { .. })));
    // As the message says.
    files.remove(HINT);
    dir.put(&files);
    assert_eq!(open_and_count(&dir, &mut dir.sink(), 1).unwrap(), 0);
}

#[derive(Default)]
struct Reads(AtomicU64);

impl Watch for Reads {
    fn step(&self, step: Step<'_>, path: &Path, act: &mut dyn FnMut() -> io::Result<()>) -> io::Result<()> {
        let of_events = path.file_name().is_some_and(|name| name == DATA);
        self.0.fetch_add(u64::from(step == Step::Read && of_events), Ordering::SeqCst);
        act()
    }
}

#[test]
fn an_open_reads_the_end_of_a_large_file() {
    let dir = Dir::new();
    let (mut next, body) = (Positions::new(), format!("\"{}\"", "w".repeat(100 << 10)));
    let mut sink = dir.sink().read_at_open(256 << 10);
    sink.open(1).unwrap();
    for offset in 0..80 {
        let event = Event { topic: "t", offset, epoch: 1, ordinal: offset, now: 0, body: &body };
        sink.write(&[event]).unwrap();
        next.advance(&event).unwrap();
        sink.commit(&next).unwrap();
    }
    let reads = |dir: &Dir| {
        let reads = Arc::new(Reads::default());
        assert_eq!(dir.sink().watched_by(reads.clone()).open(1).unwrap(), next);
        reads.0.load(Ordering::SeqCst)
    };
    // At most 256 KiB and a commit, 64 KiB at a time, and the last read that finds nothing.
    let count = reads(&dir);
    assert!(count <= 9, "{count} reads");
    std::fs::remove_file(dir.path().join(HINT)).unwrap();
    assert!(reads(&dir) > 80);
    assert!(reads(&dir) <= 9, "opening has left a hint");
}

#[test]
fn a_hint_that_cannot_be_written_is_no_error_of_a_commit() {
    struct NoHint;
    impl Watch for NoHint {
        fn step(
            &self,
            step: Step<'_>,
            path: &Path,
            act: &mut dyn FnMut() -> io::Result<()>,
        ) -> io::Result<()> {
            let is_hint = path.file_name().is_some_and(|name| name == HINT);
            let refused = is_hint && matches!(step, Step::Write { .. });
            if refused { Err(io::ErrorKind::StorageFull.into()) } else { act() }
        }
    }
    let dir = Dir::new();
    let mut sink = dir.sink().watched_by(Arc::new(NoHint));
    sink.open(1).unwrap();
    for n in 0..4 {
        commit_round(&mut sink, n).unwrap();
    }
    assert_eq!(count_rounds(&read(&dir).unwrap()), 4);
    assert_eq!(dir.sink().open(2).unwrap(), behind(&rounds(4)));
}
