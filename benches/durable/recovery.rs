//! What a log costs when it is read, and how large it is.
use crate::BATCHES;
use crate::bank::{self, Place};
use crate::input::Input;
use std::path::Path;
use std::process::Command;
use std::time::Instant;
use thalweg_log::{Kind, RealDisk, Settings, Witness};

/// What a process does that is killed after its last answer: transfers in batches, and no stop, which would take a
/// checkpoint.
pub fn fill(folder: &Path, input: &Input) -> thalweg::Result {
    let handles = [bank::start(Place::Disk(folder), 1)?];
    bank::in_batches(&handles, BATCHES, input)?;
    std::process::exit(0) // the handle is not dropped, which would stop the app
}

/// The same in a process of its own.
pub fn fill_apart(folder: &Path, quick: bool) -> thalweg::Result {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("--fill").arg(folder).args(quick.then_some("--quick"));
    let status = command.status()?;
    if status.success() { Ok(()) } else { Err(format!("the process that writes a log: {status}").into()) }
}

/// All files of a folder.
pub fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// How long a start takes.
pub fn seconds(folder: &Path, workers: usize) -> thalweg::Result<f64> {
    let start = Instant::now();
    let app = bank::start(Place::Disk(folder), workers)?;
    let seconds = start.elapsed().as_secs_f64();
    bank::check(&app)?;
    app.stop()?;
    Ok(seconds)
}

/// Bytes of the records of an app that has stopped, and bytes of its log. It had one life, and wrote less than a segment,
/// of which a checkpoint takes nothing away.
pub fn bytes(folder: &Path) -> thalweg::Result<(u64, u64)> {
    let disk = RealDisk::at(folder.join("log"))?;
    let settings = Settings::new([0; 16]);
    let mut records = 0;
    for record in thalweg_log::open(disk.clone(), settings.clone(), Witness::default())? {
        let record = record?;
        if record.kind == Kind::Epoch || record.kind == Kind::Outcome {
            records += record.body.len() as u64;
        }
    }
    let report = thalweg_log::verify(disk, settings, Witness::default())?;
    report.end?;
    // It has one segment; one behind it is made in time, and empty.
    let first = report.file.as_ref().and_then(|file| file.file_stem()?.to_str()?.parse::<u64>().ok());
    assert!(first.is_none_or(|number| number == 1), "the log has one segment");
    Ok((records, report.offset))
}
