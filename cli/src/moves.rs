//! What goes elsewhere, what comes from there, and what is left out.
use crate::args::{Place, Skip};
use crate::output::{Result, Shown};
use serde::Serialize;
use thalweg::data_dir::DataDir;

#[derive(Serialize)]
pub(crate) struct Exported {
    /// The last one that the state has.
    epoch: u64,
    to: String,
}

pub(crate) fn export(data: &DataDir, url: &str) -> Result<Exported> {
    Ok(Exported { epoch: data.export(url)?, to: url.to_owned() })
}

impl Shown for Exported {
    fn text(&self) -> String {
        format!("exported the state behind epoch {} to {}\n", self.epoch, self.to)
    }
}

#[derive(Serialize)]
pub(crate) struct Imported {
    /// The last one that the state has.
    epoch: u64,
    from: String,
}

pub(crate) fn import(data: &DataDir, url: &str) -> Result<Imported> {
    Ok(Imported { epoch: data.import(url)?, from: url.to_owned() })
}

impl Shown for Imported {
    fn text(&self) -> String {
        format!("imported the state behind epoch {} from {}\n", self.epoch, self.from)
    }
}

#[derive(Serialize)]
pub(crate) struct Skipped {
    /// As `epoch.transaction`.
    skipped: String,
}

pub(crate) fn skip(
    data: &DataDir,
    Skip { place: Place { epoch, transaction }, .. }: &Skip,
) -> Result<Skipped> {
    data.skip(*epoch, *transaction)?;
    Ok(Skipped { skipped: format!("{epoch}.{transaction}") })
}

impl Shown for Skipped {
    fn text(&self) -> String {
        format!("transaction {} is left out from the next start on\n", self.skipped)
    }
}
