//! Where the sound commits end, and whether what stands behind them is a torn tail or damage.
//!
//! A commit is written after the one before it is durable, and so is a file. So a bad commit in front of a sound one, or of
//! another file, has been damaged; and so has one that the hint knows. Only what is none of these is a torn tail.
use super::disk::Disk;
use super::paths::Paths;
use super::scan::{Found, Scan, Source, is_followed};
use super::side::Hint;
use crate::{Positions, Result, SinkError};
use std::ops::Range;
use std::path::PathBuf;

/// How far the events go.
#[derive(Debug)]
pub(crate) struct End {
    /// The number of the last file; none if there is no file.
    pub(crate) number: Option<u64>,
    /// So many of its bytes are sound commits.
    pub(crate) length: u64,
    /// Whether more stands behind.
    pub(crate) remains: bool,
    /// The positions behind all commits.
    pub(crate) positions: Positions,
    /// Where the last commit with `before` in this file begins.
    pub(crate) from: Option<u64>,
    /// The last commit in this file, if it is not known that it is durable.
    pub(crate) doubtful: Option<Range<u64>>,
}

/// Finds the end. Nothing is changed.
pub(crate) fn find(disk: &Disk, paths: &Paths) -> Result<End> {
    let hint = Hint::read(disk, paths)?;
    let numbers = paths.numbers()?;
    verify_last(paths, hint, &numbers)?;
    let Some(&last) = numbers.last() else {
        let positions = Positions::new();
        return Ok(End { number: None, length: 0, remains: false, positions, from: None, doubtful: None });
    };
    let mut end = find_in(disk, paths, hint, last)?;
    if end.from.is_none() && last > 0 {
        // The last file was only begun.
        let before = last - 1;
        if !numbers.contains(&before) {
            return Err(damaged(paths.data(before), 0, "this file is missing; restore it from a copy"));
        }
        let found = find_in(disk, paths, hint, before)?;
        if found.remains || found.from.is_none() {
            return Err(damaged(
                paths.data(before),
                found.length,
                "another file follows, but this one is not whole",
            ));
        }
        end.positions = found.positions;
    }
    Ok(end)
}

/// The files go as far as the hint knows.
pub(crate) fn verify_last(paths: &Paths, hint: Option<Hint>, numbers: &[u64]) -> Result<()> {
    match hint {
        Some(hint) if numbers.last().is_none_or(|&last| last < hint.file) => {
            Err(damaged(paths.data(hint.file), 0, &format!("this file is missing; {}", says(paths, hint))))
        }
        _ => Ok(()),
    }
}

fn says(paths: &Paths, hint: Hint) -> String {
    format!(
        "everything below offset {} was committed, says {}; restore the events, or remove that one to go on without them",
        hint.end,
        paths.hint().display()
    )
}

pub(crate) fn damaged(file: PathBuf, offset: u64, what: &str) -> SinkError {
    SinkError::Damaged { file, offset, what: what.to_owned() }
}

/// What is sound in a file, from some place on.
struct Sound {
    length: u64,
    last: Option<Range<u64>>,
    scan: Scan,
    broken: Option<(u64, &'static str)>,
}

fn sound(source: &Source, at: u64) -> Result<Sound> {
    let mut scan = Scan::from(at, None);
    let (mut length, mut last) = (at, None);
    let broken = loop {
        match scan.next(source)? {
            Found::Commit(commit) => (length, last) = (commit.end, Some(commit)),
            Found::Nothing => break None,
            Found::Broken { at, what } => break Some((at, what)),
        }
    };
    Ok(Sound { length, last, scan, broken })
}

/// The end in one file, as if it were the last one. The hint says where to begin, if it is right.
fn find_in(disk: &Disk, paths: &Paths, hint: Option<Hint>, number: u64) -> Result<End> {
    let source = Source::open(disk, paths.data(number))?;
    let hint = hint.filter(|hint| hint.file == number);
    let mut found = sound(&source, hint.map_or(0, |hint| hint.from))?;
    if found.last.is_none() {
        found = sound(&source, 0)?;
    }
    let Sound { length, last, scan, broken } = found;
    judge(&source, paths, hint, length, broken)?;
    let durable = hint.is_some_and(|hint| hint.end >= length);
    Ok(End {
        number: Some(number),
        length,
        remains: broken.is_some(),
        positions: scan.positions.unwrap_or_default(),
        from: scan.from,
        doubtful: last.filter(|_| !durable),
    })
}

/// The sound commits of the last file end at `length`: that is its end, or damage.
pub(crate) fn judge(
    source: &Source,
    paths: &Paths,
    hint: Option<Hint>,
    length: u64,
    broken: Option<(u64, &'static str)>,
) -> Result<()> {
    let (at, what) = broken.unwrap_or((length, "the file ends here"));
    if let Some(hint) = hint.filter(|hint| hint.end > length) {
        return Err(damaged(source.path.clone(), at, &format!("{what}, but {}", says(paths, hint))));
    }
    if broken.is_some() && is_followed(source, length)? {
        let what = format!("{what}, but a whole commit stands behind; restore this file from a copy");
        return Err(damaged(source.path.clone(), at, &what));
    }
    Ok(())
}
