//! What is said, where, and how the process ends.
use serde::Serialize;
use serde_json::json;
use std::io::{self, BufWriter, StdoutLock, Write};
use std::process::ExitCode;
use thalweg::Error;

/// What a command has found or done.
pub(crate) trait Shown: Serialize {
    /// For people; ends with a newline.
    fn text(&self) -> String;
    /// Whether nothing is wrong with what was looked at.
    fn is_sound(&self) -> bool {
        true
    }
}

/// Why a command has not come to its end.
pub(crate) enum Failure {
    /// The directory cannot be used, or the other place.
    Storage(Error),
    /// Nobody takes what is written.
    Output(io::Error),
}

pub(crate) type Result<T = (), E = Failure> = std::result::Result<T, E>;

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Storage(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

/// How the process ends: see the help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    Sound = 0,
    Unsound = 1,
    Unusable = 3,
    Unwritten = 4,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Standard output.
pub(crate) struct Output {
    to: BufWriter<StdoutLock<'static>>,
    json: bool,
    sound: bool,
}

impl Output {
    pub(crate) fn new(json: bool) -> Self {
        Self { to: BufWriter::new(io::stdout().lock()), json, sound: true }
    }

    /// The one thing that most commands have to show.
    pub(crate) fn show(&mut self, shown: &impl Shown) -> Result {
        self.sound = shown.is_sound();
        if self.json {
            serde_json::to_writer_pretty(&mut self.to, shown).map_err(io::Error::from)?;
            writeln!(self.to)?;
        } else {
            self.to.write_all(shown.text().as_bytes())?;
        }
        Ok(())
    }

    /// One of many records: a line of JSON, or some of text.
    pub(crate) fn record(&mut self, record: &impl Shown) -> Result {
        if self.json {
            serde_json::to_writer(&mut self.to, record).map_err(io::Error::from)?;
            writeln!(self.to)?;
        } else {
            self.to.write_all(record.text().as_bytes())?;
        }
        Ok(())
    }

    /// Says what went wrong, if anything did.
    pub(crate) fn end(mut self, done: Result) -> Exit {
        let sound = if self.sound { Exit::Sound } else { Exit::Unsound };
        let flushed = self.to.flush();
        match done.and_then(|()| Ok(flushed?)) {
            Ok(()) => sound,
            // As `head` does when it has seen enough.
            Err(Failure::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => sound,
            Err(Failure::Output(error)) => {
                let text =
                    format!("standard output: cannot be written: {error}; mend the cause and try again");
                self.complain(None, &text);
                Exit::Unwritten
            }
            Err(Failure::Storage(Error::Storage { fault, what })) => {
                self.complain(Some(fault), &what);
                Exit::Unusable
            }
            Err(Failure::Storage(error)) => {
                self.complain(None, &error.to_string());
                Exit::Unusable
            }
        }
    }

    /// Nobody can be told that standard error is closed.
    fn complain(&self, fault: Option<thalweg::StorageFault>, text: &str) {
        let said = if self.json {
            json!({ "error": { "fault": fault, "text": text } }).to_string()
        } else {
            format!("error: {}", crate::words::line(text))
        };
        let _ = writeln!(io::stderr(), "{said}");
    }
}
