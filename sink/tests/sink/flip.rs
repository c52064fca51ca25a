//! Each byte of a small file is changed. It then reads as before, or shorter if only the last commit can be meant, or the
//! error names the place; never other events.
use crate::dir::{Dir, Files};
use crate::model::{DATA, GENERATION, HINT, count_rounds, open_and_count, read, small};
use thalweg_sink::SinkError;

/// How many changes cost the last commit, and were damage.
#[derive(Debug, Default)]
struct Counts {
    shorter: usize,
    damaged: usize,
}

fn change(dir: &Dir, files: &Files, last: usize, may_be_torn: bool) -> Counts {
    let (mut counts, data) = (Counts::default(), files[DATA].clone());
    for at in 0..data.len() {
        for change in [1, 0x80, 0xff] {
            let mut changed = files.clone();
            changed.get_mut(DATA).unwrap()[at] ^= change;
            dir.put(&changed);
            // Reading verifies everything.
            let found = read(dir);
            let opened = open_and_count(dir, &mut dir.sink(), 1);
            let place = format!("byte {at} ^ {change}");
            match (found, opened) {
                (Ok(found), Ok(5)) => {
                    assert!(count_rounds(&found) == 5, "{place}");
                    panic!("{place}: nobody sees it");
                }
                (Ok(found), Ok(4)) => {
                    assert!(may_be_torn && at >= last, "{place}: a commit is lost");
                    assert_eq!(count_rounds(&found), 4, "{place}");
                    assert_eq!(dir.files()[DATA], data[..last], "{place}");
                    counts.shorter += 1;
                }
                (Err(SinkError::Damaged { file, offset, .. }), opened) => {
                    assert!(file.ends_with(DATA) && offset <= at as u64, "{place}: {offset}");
                    assert_eq!(dir.files()[DATA], changed[DATA], "{place}: nothing is changed");
                    match opened {
                        Err(SinkError::Damaged { .. }) => counts.damaged += 1,
                        other => panic!("{place}: {other:?}"),
                    }
                }
                other => panic!("{place}: {other:?}"),
            }
        }
    }
    counts
}

#[test]
fn with_a_hint_each_change_is_damage() {
    let (dir, ends, files) = small(5, |sink| sink);
    let counts = change(&dir, &files[5], ends[4], false);
    assert_eq!((counts.shorter, counts.damaged), (0, 3 * ends[5]));
}

#[test]
fn without_a_hint_the_last_commit_may_be_a_torn_one() {
    for read_at_open in [0, 1 << 20] {
        let (dir, ends, files) = small(5, |sink| sink.read_at_open(read_at_open));
        let mut files = files[5].clone();
        files.remove(HINT);
        let counts = change(&dir, &files, ends[4], true);
        assert_eq!((counts.shorter, counts.damaged), (3 * (ends[5] - ends[4]), 3 * ends[4]));
    }
}

/// `open` reads only from the hint on; its positions are right all the same, and reading finds the damage.
#[test]
fn what_the_hint_skips_is_verified_when_it_is_read() {
    let (dir, ends, files) = small(5, |sink| sink.read_at_open(0));
    for at in 0..ends[5] {
        let mut changed = files[5].clone();
        changed.get_mut(DATA).unwrap()[at] ^= 1;
        dir.put(&changed);
        assert!(matches!(read(&dir), Err(SinkError::Damaged { .. })), "byte {at}");
        let opened = thalweg_sink::Sink::open(&mut dir.sink(), 1);
        match opened {
            Ok(next) => {
                assert!(at < ends[4] && next == crate::model::behind(&crate::model::rounds(5)), "byte {at}");
            }
            Err(SinkError::Damaged { .. }) => assert!(at >= ends[4], "byte {at}"),
            Err(error) => panic!("byte {at}: {error}"),
        }
        assert_eq!(dir.files()[DATA], changed[DATA]);
    }
}

#[test]
fn the_small_files_are_believed_only_as_they_were_written() {
    let (dir, _, files) = small(5, |sink| sink);
    for (name, is_needed) in [(GENERATION, true), (HINT, false)] {
        for at in 0..files[5][name].len() {
            for change in [1, 0x80, 0xff] {
                let mut changed = files[5].clone();
                changed.get_mut(name).unwrap()[at] ^= change;
                dir.put(&changed);
                match open_and_count(&dir, &mut dir.sink(), 1) {
                    Ok(rounds) => assert!(rounds == 5 && !is_needed, "{name}, byte {at}"),
                    Err(SinkError::Damaged { file, .. }) => {
                        assert!(file.ends_with(name) && is_needed, "{name}, byte {at}");
                    }
                    Err(error) => panic!("{name}, byte {at}: {error}"),
                }
            }
        }
        for length in 0..files[5][name].len() {
            let mut changed = files[5].clone();
            changed.get_mut(name).unwrap().truncate(length);
            dir.put(&changed);
            assert_eq!(
                open_and_count(&dir, &mut dir.sink(), 1).is_err(),
                is_needed,
                "{name}, length {length}"
            );
        }
    }
}

#[test]
fn pieces_are_zeroed_and_removed() {
    let (dir, ends, files) = small(5, |sink| sink);
    let mut files = files[5].clone();
    files.remove(HINT);
    let data = files[DATA].clone();
    for from in (0..data.len()).step_by(3) {
        for size in [1, 40, 150, 512] {
            let until = data.len().min(from + size);
            let (mut zeroed, mut removed) = (data.clone(), data.clone());
            zeroed[from..until].fill(0);
            removed.drain(from..until);
            for (changed, is_removed) in [(zeroed, false), (removed, true)] {
                files.insert(DATA.into(), changed);
                dir.put(&files);
                match open_and_count(&dir, &mut dir.sink(), 1) {
                    Ok(rounds) => {
                        // Whole commits up to the first wrong byte, and none behind it.
                        let whole = ends.iter().rposition(|&end| end <= from).unwrap() as u64;
                        let last = ends.iter().rposition(|&end| end < until).unwrap();
                        assert!(rounds == whole && last == 4, "{from}..{until} {is_removed}: {rounds}");
                    }
                    Err(SinkError::Damaged { .. }) => {}
                    Err(error) => panic!("{from}..{until}: {error}"),
                }
            }
        }
    }
}

#[test]
fn whole_commits_are_removed_repeated_and_swapped() {
    let (dir, ends, files) = small(5, |sink| sink);
    let mut files = files[5].clone();
    files.remove(HINT);
    let data = files[DATA].clone();
    let commits: Vec<&[u8]> = ends.windows(2).map(|pair| &data[pair[0]..pair[1]]).collect();
    for one in 0..4 {
        let without = [&commits[..one], &commits[one + 1..]].concat();
        let twice = [&commits[..=one], &commits[one..]].concat();
        let mut swapped = commits.clone();
        swapped.swap(one, one + 1);
        for (what, commits) in [("without", without), ("twice", twice), ("swapped", swapped)] {
            files.insert(DATA.into(), commits.concat());
            dir.put(&files);
            let opened = open_and_count(&dir, &mut dir.sink(), 1);
            assert!(matches!(opened, Err(SinkError::Damaged { .. })), "{what} {one}: {opened:?}");
            assert!(matches!(read(&dir), Err(SinkError::Damaged { .. })), "{what} {one}");
            assert_eq!(dir.files()[DATA], files[DATA]);
        }
    }
}
