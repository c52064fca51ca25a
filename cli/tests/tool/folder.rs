//! A folder that is removed, and the tool run in it.
use serde_json::Value;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

pub struct Folder(PathBuf);

/// How a run of the tool has ended.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Folder {
    pub fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("thalweg-cli-{name}-{}", std::process::id()));
        drop(fs::remove_dir_all(&path));
        fs::create_dir_all(&path).expect("a folder for temporary files");
        Self(path)
    }

    pub fn dir(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Runs the tool in this folder with these words.
    pub fn run(&self, words: &str) -> Ran {
        let mut tool = Command::new(env!("CARGO_BIN_EXE_thalweg"));
        tool.args(words.split_whitespace());
        self.run_as(&mut tool)
    }

    /// Runs a command in this folder. It must end soon, and without a panic.
    pub fn run_as(&self, command: &mut Command) -> Ran {
        let drawn = std::thread::current().name().unwrap_or_default().replace("::", "-");
        let (out, err) = (self.dir(&format!("{drawn}.out")), self.dir(&format!("{drawn}.err")));
        let file = |path: &Path| Stdio::from(File::create(path).expect("a file"));
        let command = command.current_dir(&self.0).stdin(Stdio::null()).stdout(file(&out)).stderr(file(&err));
        let mut child = command.spawn().expect("it runs");
        let begin = Instant::now();
        let code = loop {
            if let Some(ended) = child.try_wait().expect("it is waited for") {
                break ended.code();
            }
            if begin.elapsed() > Duration::from_secs(60) {
                child.kill().expect("killed");
                panic!("it hangs: {command:?}");
            }
            std::thread::sleep(Duration::from_millis(2));
        };
        let read = |path: &Path| fs::read_to_string(path).expect("UTF-8");
        let ran = Ran { code, out: read(&out), err: read(&err) };
        let (_, _) = (fs::remove_file(out), fs::remove_file(err));
        assert!(!ran.err.contains("panicked"), "{ran:?}");
        ran
    }

    /// The same for what must be done: its output, with what differs from run to run masked.
    pub fn done(&self, words: &str) -> String {
        let ran = self.run(words);
        assert!(ran.code == Some(0) && ran.err.is_empty(), "{words}: {ran:?}");
        self.masked(&ran.out)
    }

    /// The same as JSON.
    pub fn json(&self, words: &str) -> Value {
        let ran = self.run(&format!("{words} --json"));
        assert!(ran.code == Some(0) && ran.err.is_empty(), "{words}: {ran:?}");
        serde_json::from_str(&ran.out).expect("one JSON document")
    }

    /// What is said of a place that cannot be used, as text and as JSON: both say the same, and standard output is empty.
    pub fn refused(&self, words: &str) -> (String, String) {
        let ran = self.run(words);
        let text = ran.err.strip_prefix("error: ").unwrap_or_else(|| panic!("{words}: {ran:?}"));
        assert!(ran.code == Some(3) && ran.out.is_empty() && text.lines().count() == 1, "{words}: {ran:?}");
        let as_json = self.run(&format!("{words} --json"));
        assert!(as_json.code == Some(3) && as_json.out.is_empty(), "{as_json:?}");
        let said: Value = serde_json::from_str(&as_json.err).expect("JSON");
        assert_eq!(said["error"]["text"], text.trim_end(), "{words}");
        let fault = said["error"]["fault"].as_str().expect("a fault");
        (fault.to_owned(), self.masked(text.trim_end()))
    }

    pub fn masked(&self, text: &str) -> String {
        let text = text.replace(&format!("{}/", self.0.display()), "");
        let mut text = text.replace(env!("CARGO_PKG_VERSION"), "RELEASE");
        let shape = "0000-00-00T00:00:00.000000Z";
        let fits = |(is, shape): (u8, u8)| if shape == b'0' { is.is_ascii_digit() } else { is == shape };
        let mut at = 0;
        while at + shape.len() <= text.len() {
            let bytes = text.as_bytes()[at..at + shape.len()].iter().copied();
            if bytes.zip(shape.bytes()).all(fits) {
                text.replace_range(at..at + shape.len(), "TIME");
            }
            at += 1;
        }
        // A further segment may have been made ahead.
        for masked in ["1 segment", "2 segments"] {
            text = text.replace(masked, "SEGMENTS");
        }
        for masked in ["16.8 MB", "33.6 MB"] {
            text = text.replace(masked, "SIZE");
        }
        // How much of a log is known to be durable, and which old parts are still there, is a matter of time.
        for masked in ["1 part that", "2 parts that", "3 parts that"] {
            text = text.replace(masked, "PARTS that");
        }
        if let Some((before, behind)) = text.split_once("everything below ") {
            let behind = behind.trim_start_matches(|digit: char| digit.is_ascii_digit());
            text = format!("{before}everything below POSITION{behind}");
        }
        let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
        for line in &mut lines {
            if line.starts_with("seed ") {
                "seed         SEED".clone_into(line);
            }
        }
        lines.join("\n")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}
