//! What all tests do: commit events that can be told apart, and compare what is read.
use crate::dir::{Dir, Files};
use thalweg_sink::{Event, JsonLines, OwnedEvent, Positions, Result, Sink};

pub(crate) const DATA: &str = "e.jsonl";
pub(crate) const HINT: &str = ".e.jsonl.hint";
pub(crate) const GENERATION: &str = ".e.jsonl.generation";

/// The same events for the same round: of two topics, and of a third one at times.
pub(crate) fn round(n: u64) -> Vec<OwnedEvent> {
    let event = |topic: &str, offset: u64, body: String| {
        let topic = topic.to_owned();
        OwnedEvent { topic, offset, epoch: n + 1, ordinal: offset, now: 1_000 + n, body }
    };
    let mut events = vec![
        event("a", 2 * n, format!(r#"{{"n":{n}}}"#)),
        event("b", n, "\"\"".to_owned()),
        event("a", 2 * n + 1, n.to_string()),
    ];
    if n.is_multiple_of(2) {
        events.push(event("\"c\"", n / 2, format!("[{:?}]", "z".repeat(n as usize % 7))));
    }
    events
}

/// All events of the first rounds.
pub(crate) fn rounds(count: u64) -> Vec<OwnedEvent> {
    (0..count).flat_map(round).collect()
}

/// The positions behind these events.
pub(crate) fn behind(events: &[OwnedEvent]) -> Positions {
    let mut next = Positions::new();
    events.iter().for_each(|event| next.advance(&event.event()).unwrap());
    next
}

pub(crate) fn write(sink: &mut dyn Sink, events: &[OwnedEvent]) -> Result<()> {
    let events: Vec<Event<'_>> = events.iter().map(OwnedEvent::event).collect();
    sink.write(&events)
}

pub(crate) fn commit_round(sink: &mut dyn Sink, n: u64) -> Result<()> {
    write(sink, &round(n))?;
    sink.commit(&behind(&rounds(n + 1)))
}

pub(crate) fn read(dir: &Dir) -> Result<Vec<OwnedEvent>> {
    JsonLines::read(dir.events())?.collect()
}

/// Whole rounds were read. Returns how many.
#[track_caller]
pub(crate) fn count_rounds(read: &[OwnedEvent]) -> u64 {
    let mut count = 0;
    while rounds(count).len() < read.len() {
        count += 1;
    }
    assert!(rounds(count) == read, "what was read is not what was written: {read:?}");
    count
}

/// Opening says the same as reading does, and reading is whole rounds. Returns how many.
#[track_caller]
pub(crate) fn open_and_count(dir: &Dir, sink: &mut dyn Sink, generation: u64) -> Result<u64> {
    let next = sink.open(generation)?;
    let read = read(dir)?;
    assert_eq!(next, behind(&read));
    Ok(count_rounds(&read))
}

/// Some rounds, and how long the file was after each.
pub(crate) fn small(count: u64, set: impl Fn(JsonLines) -> JsonLines) -> (Dir, Vec<usize>, Vec<Files>) {
    let dir = Dir::new();
    let mut sink = set(dir.sink());
    sink.open(1).unwrap();
    let (mut ends, mut files) = (vec![0], vec![dir.files()]);
    for n in 0..count {
        commit_round(&mut sink, n).unwrap();
        files.push(dir.files());
        ends.push(dir.files()[DATA].len());
    }
    assert_eq!(count_rounds(&read(&dir).unwrap()), count);
    (dir, ends, files)
}
