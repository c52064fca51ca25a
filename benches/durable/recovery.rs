//! What a log costs when it is read, and how large it is.
use crate::bank::{self, Place};
use crate::input::Input;
use std::path::Path;
use std::time::Instant;
use thalweg_log::{Kind, RealDisk, Settings, Witness};

/// How long starts take.
pub fn seconds(folder: &Path, workers: usize, rounds: usize, input: &Input) -> thalweg::Result<Vec<f64>> {
    let mut seconds = Vec::new();
    for _ in 0..rounds {
        let start = Instant::now();
        let app = bank::start(Place::Disk(folder), workers)?;
        seconds.push(start.elapsed().as_secs_f64());
        if !input.transfers.is_empty() {
            bank::check(&app)?;
        }
        app.stop()?;
    }
    Ok(seconds)
}

/// Bytes of the records of an app that has stopped, and bytes of its log. It had one life.
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
    let report = thalweg_log::verify(disk, Witness::default())?;
    report.end?;
    // The segments before the one in which the log ends are full; one behind it is made in time, and empty.
    let number = report.file.as_ref().and_then(|file| file.file_stem()?.to_str()?.parse::<u64>().ok());
    let full = number.unwrap_or(1).saturating_sub(1) * settings.segment_bytes;
    Ok((records, full + report.offset))
}
