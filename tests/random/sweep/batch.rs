//! One batch: its programs are drawn, written, compiled without those that rustc refuses, and run.
use super::child;
use super::compile::{Message, Refusal, Rustc};
use super::{Entry, Fate, lock};
use crate::draw;
use crate::judge::Line;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::Duration;

/// How long a batch may run, on the slowest and busiest machine.
const PATIENCE: Duration = Duration::from_secs(1_800);

/// The most memory that was seen in use by one process, in KiB.
#[derive(Clone, Copy, Default)]
pub(super) struct Peaks {
    pub rustc: u64,
    pub batch: u64,
}

/// Where batches are made.
pub(super) struct Work<'a> {
    folder: PathBuf,
    kept: Option<PathBuf>,
    rustc: &'a Rustc,
    peaks: Mutex<Peaks>,
    used: Mutex<BTreeSet<PathBuf>>,
    /// Locked for as long as somebody works in the folder.
    _lock: File,
}

impl<'a> Work<'a> {
    /// A process that was killed leaves its folder behind; nobody else works here, so it is removed.
    pub fn new(folder: &Path, keep: bool, rustc: &'a Rustc) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let lock = File::create(folder.join("lock"))?;
        if lock.try_lock().is_err() {
            println!("waiting for another that works in {}", folder.display());
            lock.lock()?;
        }
        let work = folder.join("work");
        if work.exists() {
            fs::remove_dir_all(&work)?;
        }
        // A compiler that outlived its sweep may still write where it was told to.
        let own = work.join(std::process::id().to_string());
        fs::create_dir_all(&own)?;
        let kept = keep.then(|| folder.join("batches"));
        kept.as_ref().map_or(Ok(()), fs::create_dir_all)?;
        Ok(Self { folder: own, kept, rustc, peaks: Mutex::default(), used: Mutex::default(), _lock: lock })
    }

    /// Removes what nobody will need again.
    pub fn end(self) -> io::Result<Peaks> {
        fs::remove_dir_all(&self.folder)?;
        if let Some(kept) = &self.kept {
            for entry in fs::read_dir(kept)? {
                let path = entry?.path();
                if !lock(&self.used).contains(&path) {
                    fs::remove_file(path)?;
                }
            }
        }
        Ok(*lock(&self.peaks))
    }

    /// What comes of these programs.
    pub fn batch(&self, seeds: &[u64]) -> io::Result<Vec<Entry>> {
        let drawn: BTreeMap<u64, _> = seeds.iter().map(|seed| (*seed, draw::program(*seed))).collect();
        let mut fates = BTreeMap::new();
        self.fates(&drawn, seeds.to_vec(), &mut fates)?;
        let entry = |(seed, fate)| {
            let forms = drawn[&seed].forms.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect();
            Entry { seed, forms, fate }
        };
        Ok(fates.into_iter().map(entry).collect())
    }

    /// rustc names those whom it refuses; they are left out, as often as it finds more. When it names nobody, or needs
    /// too much memory, the batch is halved until one program is left.
    fn fates(
        &self,
        drawn: &BTreeMap<u64, draw::Drawn>,
        mut seeds: Vec<u64>,
        fates: &mut BTreeMap<u64, Fate>,
    ) -> io::Result<()> {
        while !seeds.is_empty() {
            let sources: Vec<_> = seeds.iter().map(|seed| (*seed, drawn[seed].source.as_str())).collect();
            let refused = |Message { error, text }| Fate::Refused { error, text };
            match self.compiled(&sources)? {
                Ok(program) => {
                    fates.extend(self.run(&program, &seeds)?);
                    if self.kept.is_none() {
                        fs::remove_file(program)?;
                    }
                    return Ok(());
                }
                Err(Refusal::Programs(errors)) => {
                    seeds.retain(|seed| !errors.contains_key(seed));
                    fates.extend(errors.into_iter().map(|(seed, message)| (seed, refused(message))));
                }
                Err(Refusal::Batch(message)) if seeds.len() == 1 => {
                    fates.insert(seeds[0], refused(message));
                    return Ok(());
                }
                Err(Refusal::Batch(_)) => {
                    let rest = seeds.split_off(seeds.len() / 2);
                    self.fates(drawn, rest, fates)?;
                }
            }
        }
        Ok(())
    }

    /// The program made of a batch, perhaps from another time.
    fn compiled(&self, sources: &[(u64, &str)]) -> io::Result<Result<PathBuf, Refusal>> {
        let mut hasher = DefaultHasher::new();
        (sources, self.rustc.fingerprint()?).hash(&mut hasher);
        let name = format!("batch-{:016x}", hasher.finish());
        let program = self.kept.as_ref().unwrap_or(&self.folder).join(&name);
        lock(&self.used).insert(program.clone());
        if program.exists() {
            return Ok(Ok(program));
        }
        let folder = self.folder.join(format!("{name}.d"));
        fs::create_dir_all(&folder)?;
        write(&folder, sources)?;
        let made = folder.join("batch");
        let (compiled, peak) = self.rustc.compile(&folder, &made)?;
        let mut peaks = lock(&self.peaks);
        peaks.rustc = peaks.rustc.max(peak);
        drop(peaks);
        if compiled.is_ok() {
            fs::rename(made, &program)?;
        }
        fs::remove_dir_all(folder)?;
        Ok(compiled.map(|()| program))
    }

    /// Runs a batch; when it dies, the one that was its end is named, and the rest run without it.
    fn run(&self, program: &Path, seeds: &[u64]) -> io::Result<BTreeMap<u64, Fate>> {
        let file =
            |extension| self.folder.join(program.file_name().unwrap_or_default()).with_extension(extension);
        let (verdicts, errors) = (file("verdicts"), file("errors"));
        let mut fates = BTreeMap::new();
        while fates.len() < seeds.len() {
            File::create(&verdicts)?;
            let done = fates.keys().map(u64::to_string);
            let mut command = Command::new(program);
            command.arg(&verdicts).args(done).stdout(Stdio::null()).stderr(File::create(&errors)?);
            let ended = child::run(&mut command, PATIENCE)?;
            let mut peaks = lock(&self.peaks);
            peaks.batch = peaks.batch.max(ended.peak);
            drop(peaks);
            let mut running = None;
            for line in fs::read_to_string(&verdicts)?.lines() {
                match serde_json::from_str(line)? {
                    Line::Begins(seed) => running = Some(seed),
                    Line::Ends(verdict) => {
                        running = None;
                        fates.insert(verdict.seed, Fate::Ran(verdict));
                    }
                }
            }
            if ended.is_good() {
                break;
            }
            let how = ended.status.map_or_else(|| "it did not end".to_owned(), |status| format!("{status}"));
            let died = Fate::Died(format!("{how}\n{}", fs::read_to_string(&errors)?));
            let blamed =
                running.into_iter().chain(seeds.iter().copied()).find(|seed| !fates.contains_key(seed));
            fates.extend(blamed.map(|seed| (seed, died)));
        }
        Ok(fates)
    }
}

/// The crate of a batch: each program in a file of its own, so that errors say whose they are.
fn write(folder: &Path, sources: &[(u64, &str)]) -> io::Result<()> {
    let (mut modules, mut list) = (String::new(), String::new());
    for (seed, source) in sources {
        fs::write(folder.join(format!("drawn_{seed}.rs")), source)?;
        let _ = writeln!(modules, "mod drawn_{seed};");
        let _ = write!(list, "drawn_{seed}::PROGRAM, ");
    }
    let main = format!(
        "extern crate thalweg_random as thalweg;\n{modules}\n\
         fn main() {{\n    thalweg_random::judge::main(&[{list}]);\n}}\n"
    );
    fs::write(folder.join("main.rs"), main)
}
