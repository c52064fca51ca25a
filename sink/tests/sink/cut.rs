//! A file that is cut at each length.
use crate::model::{DATA, GENERATION, HINT, commit_round, count_rounds, open_and_count, read, small};
use thalweg_sink::SinkError;

#[test]
fn without_a_hint_the_rest_is_a_torn_tail() {
    for read_at_open in [0, 300, 1 << 20] {
        let (dir, ends, files) = small(5, |sink| sink.read_at_open(read_at_open));
        let mut files = files.last().unwrap().clone();
        files.remove(HINT);
        let data = files[DATA].clone();
        for length in 0..=data.len() {
            files.insert(DATA.into(), data[..length].to_vec());
            dir.put(&files);
            let whole = ends.iter().rposition(|&end| end <= length).unwrap() as u64;
            assert_eq!(count_rounds(&read(&dir).unwrap()), whole, "length {length}");
            let mut sink = dir.sink();
            assert_eq!(open_and_count(&dir, &mut sink, 1).unwrap(), whole, "length {length}");
            assert_eq!(dir.files()[DATA].len(), ends[whole as usize]);
            // It goes on from there.
            commit_round(&mut sink, whole).unwrap();
            assert_eq!(count_rounds(&read(&dir).unwrap()), whole + 1);
        }
    }
}

#[test]
fn a_hint_knows_that_it_was_longer() {
    let (dir, ends, before) = small(5, |sink| sink.read_at_open(300));
    let mut files = before[5].clone();
    let data = files[DATA].clone();
    for known in 1..=5 {
        files.insert(HINT.into(), before[known][HINT].clone());
        for length in 0..=data.len() {
            files.insert(DATA.into(), data[..length].to_vec());
            dir.put(&files);
            let (found, opened) = (read(&dir), open_and_count(&dir, &mut dir.sink(), 1));
            if length < ends[known] {
                let damaged = |error| match error {
                    SinkError::Damaged { file, offset, .. } => {
                        file.ends_with(DATA) && offset <= length as u64
                    }
                    _ => false,
                };
                assert!(
                    found.is_err_and(damaged) && opened.is_err_and(damaged),
                    "length {length} of {known}"
                );
                assert_eq!(dir.files()[DATA].len(), length, "nothing is changed");
            } else {
                let whole = ends.iter().rposition(|&end| end <= length).unwrap() as u64;
                assert_eq!(
                    (count_rounds(&found.unwrap()), opened.unwrap()),
                    (whole, whole),
                    "length {length}"
                );
            }
        }
    }
}

#[test]
fn a_file_that_no_sink_has_opened_is_not_cut() {
    let (dir, ends, files) = small(3, |sink| sink);
    let mut files = files.last().unwrap().clone();
    files.remove(HINT);
    files.remove(GENERATION);
    let data = files[DATA].clone();
    for length in 0..=data.len() {
        files.insert(DATA.into(), data[..length].to_vec());
        dir.put(&files);
        for _ in 0..2 {
            let opened = open_and_count(&dir, &mut dir.sink(), 1);
            assert_eq!(opened.is_ok(), ends.contains(&length), "length {length}: {opened:?}");
            assert_eq!(dir.files()[DATA].len(), length);
        }
    }
}
