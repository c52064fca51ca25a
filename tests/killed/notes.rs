//! What a client has said about its requests: a file each, outside the data directory.
//!
//! A line is one write. A kill may tear the last one, so each line ends with a dot, a life begins with a new line, and what
//! has no dot is not there: a request whose `sent` is torn has not left, and an answer whose `acked` is torn was not
//! acknowledged.
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// How far a counter must be, and how far it may be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bounds {
    /// The counter was answered to be here.
    pub acked: u64,
    /// It is here if all that was sent has been done.
    pub sent: u64,
}

fn path(folder: &Path, client: u64) -> PathBuf {
    folder.join(format!("client-{client}"))
}

/// What has been said until now.
pub fn read(folder: &Path, client: u64) -> Bounds {
    let text = match fs::read(path(folder, client)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Bounds::default(),
        text => String::from_utf8(text.expect("the notes can be read")).expect("notes are text"),
    };
    let mut bounds = Bounds::default();
    for line in text.lines().filter_map(|line| line.strip_suffix('.')) {
        let (word, number) = line.split_once(' ').expect("a word and a number");
        let number = number.parse().expect("a number");
        match word {
            "sent" => bounds.sent = number,
            "acked" => bounds.acked = number,
            other => panic!("notes do not have the word {other}"),
        }
    }
    bounds
}

/// The file of one client.
pub struct Notes(File);

impl Notes {
    pub fn open(folder: &Path, client: u64) -> Self {
        let mut options = OpenOptions::new();
        let file = options.append(true).create(true).open(path(folder, client));
        let mut notes = Self(file.expect("the notes can be opened"));
        notes.write("\n");
        notes
    }
    /// The counter may come to this.
    pub fn sent(&mut self, steps: u64) {
        self.write(&format!("sent {steps}.\n"));
    }
    /// The counter is here.
    pub fn acked(&mut self, steps: u64) {
        self.write(&format!("acked {steps}.\n"));
    }
    fn write(&mut self, line: &str) {
        self.0.write_all(line.as_bytes()).expect("the notes can be written");
    }
}
