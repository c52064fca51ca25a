//! What can be asked for.
use clap::builder::{PathBufValueParser, TypedValueParser};
use clap::error::ErrorKind;
use clap::{Args, CommandFactory, Parser, Subcommand};
use std::path::PathBuf;
use std::str::FromStr;
use thalweg::data_dir::DataDir;

const EXIT_CODES: &str = "\
Exit codes:
  0  what was asked for is done, and what was looked at is sound
  1  what was looked at is not sound: `verify` has found problems
  2  wrong usage
  3  the directory, or the other place, cannot be used; the message says what, where and what to do
  4  the output could not be written

With --json, results are JSON on standard output and errors are JSON on standard error, as
{\"error\":{\"fault\":\"InUse\",\"text\":\"..\"}}; wrong usage is always told as text.";

/// Looks into the data directory of a Thalweg app, and moves what is in it. The app's program is not needed.
#[derive(Debug, Parser)]
#[command(name = "thalweg", version, after_help = EXIT_CODES)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Shows what is in a data directory: the app, its log, its checkpoints. The app may run
    #[command(after_help = EXIT_CODES)]
    Inspect(Directory),
    /// Reads everything, and says what is wrong. Nothing is changed; the app must not run
    #[command(after_help = EXIT_CODES)]
    Verify(Directory),
    /// Shows the log, or leaves a transaction of it out
    #[command(subcommand)]
    Log(Log),
    /// Writes the state to another place, where `import` finds it. The app must not run
    #[command(after_help = EXIT_CODES)]
    Export(Moved),
    /// Begins a new data directory with a state that was exported
    #[command(after_help = EXIT_CODES)]
    Import(Moved),
}

#[derive(Debug, Subcommand)]
pub(crate) enum Log {
    /// Shows the log, a line for each transaction and whatever else is in it. The app may run
    #[command(after_help = EXIT_CODES)]
    Dump(Dump),
    /// Leaves a transaction out at the next start, for one that ends the process each time. The app must not run
    #[command(after_help = EXIT_CODES)]
    Skip(Skip),
}

/// What all commands have.
#[derive(Debug, Args)]
pub(crate) struct Directory {
    /// The data directory of the app
    #[arg(value_name = "DIR", value_parser = PathBufValueParser::new().try_map(directory))]
    path: PathBuf,
    /// Where its checkpoints are, if not in the data directory: as given to `App::checkpoints_at`
    #[arg(long, value_name = "URL", value_parser = place)]
    checkpoints: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Dump {
    #[command(flatten)]
    pub(crate) directory: Directory,
    /// The first epoch to show
    #[arg(long, value_name = "EPOCH", default_value_t = 0, hide_default_value = true)]
    pub(crate) from: u64,
    /// The last epoch to show
    #[arg(long, value_name = "EPOCH", default_value_t = u64::MAX, hide_default_value = true)]
    pub(crate) to: u64,
}

#[derive(Debug, Args)]
pub(crate) struct Skip {
    #[command(flatten)]
    pub(crate) directory: Directory,
    /// The transaction, as the refused start and `log dump` call it, as in 7.0
    #[arg(value_name = "EPOCH.TRANSACTION")]
    pub(crate) place: Place,
}

#[derive(Debug, Args)]
pub(crate) struct Moved {
    #[command(flatten)]
    pub(crate) directory: Directory,
    /// The other place: a folder, file:///folder, s3://bucket/prefix, gs://bucket/prefix or az://container/prefix
    #[arg(value_parser = place)]
    pub(crate) url: String,
}

/// A transaction: its epoch, and its place there, from 0.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) epoch: u64,
    pub(crate) transaction: u64,
}

impl FromStr for Place {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let numbers = text.split_once('.').and_then(|(epoch, transaction)| {
            Some(Self { epoch: epoch.parse().ok()?, transaction: transaction.parse().ok()? })
        });
        numbers.ok_or("give the number of the epoch and that of the transaction in it, as in 7.0")
    }
}

fn directory(path: PathBuf) -> Result<PathBuf, &'static str> {
    if path.to_string_lossy().contains("://") {
        return Err("the data directory is a folder, and comes first");
    }
    Ok(path)
}

fn place(text: &str) -> Result<String, &'static str> {
    if text.starts_with("memory:") {
        return Err("the memory of this tool ends with it; give a folder or a bucket");
    }
    Ok(text.to_owned())
}

impl Directory {
    pub(crate) fn open(&self) -> DataDir {
        let data = DataDir::at(&self.path);
        match &self.checkpoints {
            Some(url) => data.checkpoints_at(url),
            None => data,
        }
    }
}

impl Command {
    pub(crate) fn directory(&self) -> &Directory {
        match self {
            Self::Inspect(directory) | Self::Verify(directory) => directory,
            Self::Log(Log::Dump(dump)) => &dump.directory,
            Self::Log(Log::Skip(skip)) => &skip.directory,
            Self::Export(moved) | Self::Import(moved) => &moved.directory,
        }
    }
}

impl Arguments {
    /// Those of this process, or its end.
    pub(crate) fn of_process() -> Self {
        let arguments = Self::parse();
        if let Command::Log(Log::Dump(Dump { from, to, .. })) = &arguments.command
            && from > to
        {
            let what = format!("--from {from} is behind --to {to}: there is nothing between them");
            Self::command().error(ErrorKind::ArgumentConflict, what).exit();
        }
        arguments
    }
}
