//! Reading the events back.
use super::disk::Disk;
use super::end::{self, damaged};
use super::format::Line;
use super::paths::Paths;
use super::scan::{Found, Lines, Scan, Source};
use super::side::Hint;
use crate::{OwnedEvent, Positions, Result};
use std::ops::Range;

/// The committed events of a file and those that follow it, in order. All of them are verified.
///
/// Nothing is locked or changed: a writer may be at work. Files at the beginning may have been moved elsewhere.
pub struct Reading {
    disk: Disk,
    paths: Paths,
    hint: Option<Hint>,
    numbers: Vec<u64>,
    /// So many of them were opened.
    opened: usize,
    positions: Option<Positions>,
    current: Option<Current>,
    over: bool,
}

struct Current {
    source: Source,
    scan: Scan,
    /// The end of the last sound commit.
    length: u64,
    /// What is left of the commit: its lines.
    lines: Lines,
    commit: Range<u64>,
}

impl Reading {
    pub(crate) fn new(disk: Disk, paths: Paths) -> Result<Self> {
        // The hint comes first: a writer may move it on meanwhile.
        let hint = Hint::read(&disk, &paths)?;
        let numbers = paths.numbers()?;
        end::verify_last(&paths, hint, &numbers)?;
        Ok(Self { disk, paths, hint, numbers, opened: 0, positions: None, current: None, over: false })
    }

    fn step(&mut self) -> Result<Option<OwnedEvent>> {
        loop {
            let Some(current) = &mut self.current else {
                if !self.load()? {
                    return Ok(None);
                }
                continue;
            };
            if current.lines.at < current.commit.end {
                return current.event().map(Some);
            }
            match current.scan.next(&current.source)? {
                Found::Commit(commit) => {
                    current.length = commit.end;
                    current.lines.seek(commit.start);
                    current.commit = commit;
                }
                Found::Nothing => self.leave(None)?,
                Found::Broken { at, what } => self.leave(Some((at, what)))?,
            }
        }
    }

    /// Opens the next file; false if there is none.
    fn load(&mut self) -> Result<bool> {
        let Some(&number) = self.numbers.get(self.opened) else { return Ok(false) };
        if self.opened > 0 && self.numbers[self.opened - 1] + 1 != number {
            let missing = self.paths.data(number - 1);
            return Err(damaged(missing, 0, "this file is missing; restore it from a copy"));
        }
        self.opened += 1;
        let source = Source::open(&self.disk, self.paths.data(number))?;
        // The first file begins at nothing, or what it begins at is moved elsewhere.
        let known = if number == 0 { Some(Positions::new()) } else { self.positions.take() };
        let scan = Scan::from(0, known);
        self.current = Some(Current { source, scan, length: 0, lines: Lines::from(0), commit: 0..0 });
        Ok(true)
    }

    /// A file is over: it ends well, or the error says why not.
    fn leave(&mut self, broken: Option<(u64, &'static str)>) -> Result<()> {
        let Some(Current { source, scan, length, .. }) = self.current.take() else { return Ok(()) };
        if self.opened < self.numbers.len() {
            let broken = if length == 0 { broken.or(Some((0, "the file is empty"))) } else { broken };
            if let Some((at, what)) = broken {
                let what = format!("{what}, but another file follows; restore this file from a copy");
                return Err(damaged(source.path, at, &what));
            }
        }
        let number = self.numbers[self.opened - 1];
        end::judge(&source, &self.paths, self.hint.filter(|hint| hint.file == number), length, broken)?;
        self.positions = scan.positions;
        Ok(())
    }
}

impl Current {
    fn event(&mut self) -> Result<OwnedEvent> {
        let at = self.lines.at;
        let whole = self.lines.next(&self.source)?;
        let event = if whole { Line::parse(&self.lines.line).and_then(|line| line.to_event()) } else { None };
        event.ok_or_else(|| damaged(self.source.path.clone(), at, "another program has changed the file"))
    }
}

impl Iterator for Reading {
    type Item = Result<OwnedEvent>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.over {
            return None;
        }
        let event = self.step().transpose();
        self.over = !matches!(event, Some(Ok(_)));
        event
    }
}

impl std::fmt::Debug for Reading {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reading")
            .field("paths", &self.paths)
            .field("opened", &self.opened)
            .finish_non_exhaustive()
    }
}
