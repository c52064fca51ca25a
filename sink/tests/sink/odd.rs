//! What is no file, not ours, not JSON, or changed by somebody else.
use crate::dir::Dir;
use crate::model::{DATA, GENERATION, HINT, behind, commit_round, count_rounds, read, rounds};
use thalweg_sink::{Event, JsonLines, Positions, Sink, SinkError};

#[track_caller]
fn is_refused(path: impl AsRef<std::path::Path>) {
    let opened = JsonLines::new(path).open(1);
    assert!(matches!(opened, Err(SinkError::Io { .. })), "{opened:?}");
}

#[test]
fn what_is_no_file_is_refused() {
    let dir = Dir::new();
    std::fs::create_dir(dir.events()).unwrap();
    is_refused(dir.events());
    assert!(read(&dir).is_err());
    std::fs::write(dir.path().join("file"), "").unwrap();
    is_refused(dir.path().join("file/e.jsonl"));
    is_refused("/");
    is_refused("/proc/nowhere/e.jsonl");
    std::os::unix::fs::symlink("/dev/null", dir.path().join("null")).unwrap();
    let opened = JsonLines::new(dir.path().join("null")).open(1);
    let kind = std::io::ErrorKind::InvalidInput;
    assert!(
        matches!(&opened, Err(SinkError::Io { doing: "open", source, .. }) if source.kind() == kind),
        "{opened:?}"
    );
    for side in [".x.lock", ".x.generation", ".x.hint"] {
        let dir = Dir::new();
        std::fs::create_dir(dir.path().join(side)).unwrap();
        is_refused(dir.path().join("x"));
    }
}

#[test]
fn a_file_that_is_read_only_is_refused() {
    let dir = Dir::new();
    dir.sink().open(1).unwrap();
    std::fs::write(dir.events(), "").unwrap();
    let mut permissions = std::fs::metadata(dir.events()).unwrap().permissions();
    permissions.set_readonly(true);
    std::fs::set_permissions(dir.events(), permissions).unwrap();
    // Some users may write everything.
    let may_write = std::fs::OpenOptions::new().write(true).open(dir.events()).is_ok();
    let opened = dir.sink().open(1);
    assert!(matches!(opened, Err(SinkError::Io { doing: "open", .. })) || may_write, "{opened:?}");
}

#[test]
fn directories_are_made() {
    let dir = Dir::new();
    let path = dir.path().join("a/b/e.jsonl");
    let mut sink = JsonLines::new(&path);
    sink.open(1).unwrap();
    commit_round(&mut sink, 0).unwrap();
    assert_eq!(JsonLines::read(path).unwrap().count(), rounds(1).len());
    assert_eq!(JsonLines::read(dir.path().join("none/e.jsonl")).unwrap().count(), 0);
}

#[test]
fn a_file_of_somebody_else_is_left_alone() {
    for text in ["{\"a\":1}\n{\"b\":2}\n", "hello", "\n", "\0\0\0"] {
        let dir = Dir::new();
        std::fs::write(dir.events(), text).unwrap();
        for _ in 0..2 {
            let opened = dir.sink().open(1);
            assert!(matches!(&opened, Err(SinkError::Damaged { offset: 0, .. })), "{text:?}: {opened:?}");
            assert_eq!(dir.files()[DATA], text.as_bytes());
        }
    }
}

#[test]
fn copied_events_are_taken_over() {
    let (dir, _, files) = crate::model::small(3, |sink| sink);
    let mut files = files[3].clone();
    files.remove(HINT);
    files.remove(GENERATION);
    dir.put(&files);
    let mut sink = dir.sink();
    assert_eq!(sink.open(7).unwrap(), behind(&rounds(3)));
    commit_round(&mut sink, 3).unwrap();
    assert!(matches!(dir.sink().open(6), Err(SinkError::Shutout { generation: 6, known: 7 })));
    assert_eq!(count_rounds(&read(&dir).unwrap()), 4);
}

#[test]
fn bodies_that_are_not_json_are_refused() {
    let dir = Dir::new();
    let mut sink = dir.sink();
    for body in ["", "{", "1 2", "{\n}", "\"\u{7}\""] {
        assert_eq!(sink.open(1).unwrap(), Positions::new());
        let event = Event { topic: "t", offset: 0, epoch: 0, ordinal: 0, now: 0, body };
        let refused = sink.write(&[event]);
        assert!(matches!(&refused, Err(SinkError::Body { offset: 0, .. })), "{body:?}: {refused:?}");
        assert!(matches!(sink.write(&[]), Err(SinkError::NotOpen)));
    }
    assert_eq!(read(&dir).unwrap(), []);
}

#[test]
fn another_program_at_the_file_is_noticed() {
    use std::io::Write;
    let append = |dir: &Dir| {
        let mut file = std::fs::OpenOptions::new().append(true).open(dir.events()).unwrap();
        file.write_all(b"x\n").unwrap();
    };
    let replace = |dir: &Dir| {
        let bytes = std::fs::read(dir.events()).unwrap();
        std::fs::rename(dir.events(), dir.path().join("old")).unwrap();
        std::fs::write(dir.events(), bytes).unwrap();
    };
    let cut = |dir: &Dir| std::fs::write(dir.events(), "").unwrap();
    let remove = |dir: &Dir| std::fs::remove_file(dir.events()).unwrap();
    let forget = |dir: &Dir| std::fs::remove_file(dir.path().join(GENERATION)).unwrap();
    let change = |name: &str, dir: &Dir| match name {
        "append" => append(dir),
        "replace" => replace(dir),
        "cut" => cut(dir),
        "remove" => remove(dir),
        _ => forget(dir),
    };
    for name in ["append", "replace", "cut", "remove", "forget"] {
        let dir = Dir::new();
        let mut sink = dir.sink();
        sink.open(1).unwrap();
        for n in 0..3 {
            commit_round(&mut sink, n).unwrap();
        }
        change(name, &dir);
        let files = dir.files();
        let refused = commit_round(&mut sink, 3);
        assert!(
            matches!(refused, Err(SinkError::Damaged { .. } | SinkError::Io { .. })),
            "{name}: {refused:?}"
        );
        assert_eq!(dir.files(), files, "{name}");
        let again = sink.open(1);
        let is_lost = name == "cut" || name == "remove";
        assert_eq!(matches!(again, Err(SinkError::Damaged { .. })), is_lost, "{name}: {again:?}");
        if !is_lost {
            assert_eq!(again.unwrap(), behind(&rounds(3)), "{name}");
            commit_round(&mut sink, 3).unwrap();
            assert_eq!(count_rounds(&read(&dir).unwrap()), 4, "{name}");
        }
    }
}

#[test]
fn a_large_commit_does_not_wait_in_memory_and_is_not_visible() {
    let dir = Dir::new();
    let mut sink = dir.sink();
    sink.open(1).unwrap();
    commit_round(&mut sink, 0).unwrap();
    let (body, length) = (format!("\"{}\"", "v".repeat(1 << 20)), dir.files()[DATA].len());
    let event = |offset| Event { topic: "large", offset, epoch: 1, ordinal: 0, now: 0, body: &body };
    sink.write(&[event(0), event(1)]).unwrap();
    sink.write(&[event(2)]).unwrap();
    assert!(dir.files()[DATA].len() > length + (2 << 20));
    assert_eq!(count_rounds(&read(&dir).unwrap()), 1);
    // A newer one removes it, and the older one cannot go on.
    let mut newer = dir.sink();
    let mut next = newer.open(2).unwrap();
    assert_eq!(dir.files()[DATA].len(), length);
    assert!(matches!(sink.write(&[event(3)]), Err(SinkError::Shutout { generation: 1, known: 2 })));
    newer.write(&[event(0), event(1)]).unwrap();
    next.set("large", 2);
    newer.commit(&next).unwrap();
    let found = read(&dir).unwrap();
    assert_eq!((found.len(), &found.last().unwrap().body), (rounds(1).len() + 2, &body));
    assert_eq!(dir.sink().open(2).unwrap(), next);
}
