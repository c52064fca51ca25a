//! One file after the other.
use crate::dir::{Dir, Files};
use crate::model::{HINT, behind, commit_round, count_rounds, open_and_count, read, rounds};
use thalweg_sink::{Sink, SinkError};

const THIRD: &str = "e.jsonl.00000002";

/// In four files, two in each.
const ROUNDS: u64 = 8;

/// These rounds.
fn several() -> (Dir, Files, Vec<String>) {
    let dir = Dir::new();
    let mut sink = dir.sink().rotate_at(400);
    sink.open(1).unwrap();
    for n in 0..ROUNDS {
        commit_round(&mut sink, n).unwrap();
    }
    let files = dir.files();
    let names: Vec<_> = files.keys().filter(|name| !name.starts_with('.')).cloned().collect();
    assert!(names.len() == 4 && names[0] == "e.jsonl" && names[2] == THIRD, "{names:?}");
    (dir, files, names)
}

#[test]
fn all_files_are_one_sequence() {
    let (dir, files, names) = several();
    assert_eq!(read(&dir).unwrap(), rounds(ROUNDS));
    let text: Vec<u8> = names.iter().flat_map(|name| files[name].clone()).collect();
    let objects = serde_json::Deserializer::from_slice(&text).into_iter::<serde_json::Value>();
    let objects: Vec<_> = objects.collect::<Result<_, _>>().unwrap();
    assert_eq!(objects.len(), rounds(ROUNDS).len());
    for (object, event) in objects.iter().zip(rounds(ROUNDS)) {
        assert_eq!(
            (object["topic"].as_str(), object["offset"].as_u64()),
            (Some(&event.topic[..]), Some(event.offset))
        );
        assert_eq!(object["event"].to_string(), event.body);
        assert_eq!((object["epoch"].as_u64(), object["now"].as_u64()), (Some(event.epoch), Some(event.now)));
    }
    assert_eq!(objects.iter().filter(|object| object.get("end").is_some()).count() as u64, ROUNDS);
    // Another size, or none, is no matter.
    for (n, set) in [(ROUNDS, None), (ROUNDS + 1, Some(0)), (ROUNDS + 2, Some(100_000))] {
        let mut sink = dir.sink();
        if let Some(bytes) = set {
            sink = sink.rotate_at(bytes);
        }
        sink.open(1).unwrap();
        commit_round(&mut sink, n).unwrap();
        assert_eq!(read(&dir).unwrap(), rounds(n + 1));
    }
}

#[test]
fn the_first_ones_may_be_moved_elsewhere() {
    let (dir, mut files, names) = several();
    for (n, name) in names[..names.len() - 1].iter().enumerate() {
        files.remove(name);
        dir.put(&files);
        let found = read(&dir).unwrap();
        assert!(
            rounds(ROUNDS).ends_with(&found) && !found.is_empty() && found.len() < rounds(ROUNDS).len(),
            "{n}"
        );
        assert_eq!(dir.sink().open(1).unwrap(), behind(&rounds(ROUNDS)));
    }
}

#[test]
fn one_of_the_others_is_missing() {
    let (dir, files, names) = several();
    for name in &names[1..names.len() - 1] {
        let mut files = files.clone();
        files.remove(name);
        dir.put(&files);
        let found = read(&dir);
        assert!(matches!(&found, Err(SinkError::Damaged { file, .. }) if file.ends_with(name)), "{found:?}");
    }
    // The last one: the hint knows of it.
    let last = names.last().unwrap();
    let mut files = files.clone();
    files.remove(last);
    dir.put(&files);
    for found in [read(&dir).map(drop), dir.sink().open(1).map(drop)] {
        assert!(matches!(&found, Err(SinkError::Damaged { file, .. }) if file.ends_with(last)), "{found:?}");
    }
}

#[test]
fn a_file_before_the_last_is_never_torn() {
    let (dir, files, names) = several();
    for hint in [true, false] {
        for (n, name) in names[..names.len() - 1].iter().enumerate() {
            for length in 0..files[name].len() {
                let mut files = files.clone();
                files.get_mut(name).unwrap().truncate(length);
                if !hint {
                    files.remove(HINT);
                }
                dir.put(&files);
                let found = read(&dir);
                // One that ends with a whole commit is found when the next one does not follow.
                let is_whole = length > 0 && files[name].ends_with(b"\"}}\n");
                let culprit = &names[n + usize::from(is_whole)];
                let place = format!("{name} of length {length}: {found:?}");
                assert!(
                    matches!(&found, Err(SinkError::Damaged { file, .. }) if file.ends_with(culprit)),
                    "{place}"
                );
                // Opening looks only at the last one.
                assert_eq!(dir.sink().open(1).unwrap(), behind(&rounds(ROUNDS)));
                assert_eq!(dir.files()[name].len(), length);
            }
        }
    }
}

#[test]
fn the_last_file_may_only_be_begun() {
    let (dir, files, names) = several();
    let (last, next) = (names.last().unwrap(), format!("e.jsonl.{:08}", names.len()));
    for hint in [true, false] {
        let mut files = files.clone();
        if !hint {
            files.remove(HINT);
        }
        for length in 0..100 {
            files.insert(next.clone(), files[last][..length].to_vec());
            dir.put(&files);
            let mut sink = dir.sink();
            assert_eq!(open_and_count(&dir, &mut sink, 1).unwrap(), ROUNDS);
            commit_round(&mut sink, ROUNDS).unwrap();
            assert_eq!(count_rounds(&read(&dir).unwrap()), ROUNDS + 1);
            assert_eq!(dir.files().keys().filter(|name| !name.starts_with('.')).count(), names.len() + 1);
        }
        // Then the one before has to be whole, and there.
        files.insert(next.clone(), Vec::new());
        let end = files[last].len() - 1;
        files.get_mut(last).unwrap().truncate(end);
        dir.put(&files);
        assert!(matches!(dir.sink().open(1), Err(SinkError::Damaged { file, .. }) if file.ends_with(last)));
        files.remove(last);
        dir.put(&files);
        assert!(matches!(dir.sink().open(1), Err(SinkError::Damaged { file, .. }) if file.ends_with(last)));
    }
}
