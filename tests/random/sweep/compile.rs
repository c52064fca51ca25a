//! Compiles the programs of a batch as one crate, within a bound of memory, and reads what rustc says of whom.
use super::child::{self, Ended};
use serde_json::Value;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, UNIX_EPOCH};
use std::{env, io};

/// How long rustc may take for a batch, on the slowest and busiest machine.
const PATIENCE: Duration = Duration::from_secs(3_600);

/// rustc, with what it has to know.
pub(super) struct Rustc {
    library: PathBuf,
    /// In KiB, for one process.
    memory: u64,
}

/// What rustc says when it does not compile a batch.
pub(super) enum Refusal {
    /// The errors, by the program in which they stand.
    Programs(BTreeMap<u64, Message>),
    /// Nobody in particular is named; or rustc was killed.
    Batch(Message),
}

/// An error, without and with the code that it quotes.
#[derive(Clone)]
pub(super) struct Message {
    pub error: String,
    pub text: String,
}

impl Rustc {
    /// Our own library stands beside the running program, which is linked with it. There may be several, of builds with
    /// other features; cargo has made the newest from the present sources.
    pub fn find(memory: u64) -> io::Result<Self> {
        let program = env::current_exe()?;
        let beside = program.parent().ok_or_else(|| io::Error::other("a program is in a folder"))?;
        let folder = if beside.ends_with("deps") { beside.to_owned() } else { beside.join("deps") };
        let mut newest = None;
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with("libthalweg_random-") && name.ends_with(".rlib") {
                newest = newest.max(Some((entry.metadata()?.modified()?, entry.path())));
            }
        }
        let (_, library) =
            newest.ok_or_else(|| io::Error::other("libthalweg_random is not beside the program"))?;
        Ok(Self { library, memory })
    }

    /// Differs whenever the library or something below it was built anew.
    pub fn fingerprint(&self) -> io::Result<String> {
        let metadata = fs::metadata(&self.library)?;
        let time = metadata.modified()?.duration_since(UNIX_EPOCH).map_err(io::Error::other)?;
        Ok(format!("{} {} {}", self.library.display(), metadata.len(), time.as_nanos()))
    }

    /// Compiles `main.rs` of that folder.
    pub fn compile(&self, folder: &Path, to: &Path) -> io::Result<(Result<(), Refusal>, u64)> {
        let errors = folder.join("errors.json");
        let mut command = self.command(folder, to);
        command.stderr(File::create(&errors)?);
        let ended = child::run(&mut command, PATIENCE)?;
        if ended.is_good() {
            return Ok((Ok(()), ended.peak));
        }
        Ok((Err(refusal(&fs::read_to_string(errors)?, &ended)), ended.peak))
    }

    /// A shell sets the bound, where there is one, and becomes rustc.
    fn command(&self, folder: &Path, to: &Path) -> Command {
        let mut arguments: Vec<OsString> =
            vec![env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()), folder.join("main.rs").into()];
        let words = "--crate-name=batch --edition=2024 --error-format=json --cap-lints=allow -Cdebuginfo=0 -Cembed-bitcode=no \
                     -Ccodegen-units=2";
        arguments.extend(words.split_whitespace().map(Into::into));
        let mut word = |words: &[&dyn AsRef<std::ffi::OsStr>]| {
            let mut one = OsString::new();
            words.iter().for_each(|part| one.push(part));
            arguments.push(one);
        };
        let dependencies = self.library.parent().unwrap_or(Path::new("."));
        word(&[&"--extern=thalweg_random=", &self.library]);
        word(&[&"-Ldependency=", &dependencies]);
        word(&[&"-o", &to]);
        let mut command = if cfg!(unix) {
            let mut shell = Command::new("sh");
            shell.args(["-c", "ulimit -v \"$0\"; exec \"$@\"", &self.memory.to_string()]);
            shell
        } else {
            Command::new(arguments.remove(0))
        };
        command.args(arguments);
        command
    }
}

fn refusal(errors: &str, ended: &Ended) -> Refusal {
    let mut programs = BTreeMap::new();
    let mut first = None;
    for line in errors.lines() {
        let Some(error) = serde_json::from_str(line).ok().filter(|error: &Value| error["level"] == "error")
        else {
            continue;
        };
        let text = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
        let message = Message { error: text("message"), text: text("rendered") };
        match program(&error) {
            Some(seed) => _ = programs.entry(seed).or_insert(message),
            None if message.error.starts_with("aborting due to") => {}
            None => first = first.or(Some(message)),
        }
    }
    if !programs.is_empty() {
        return Refusal::Programs(programs);
    }
    let killed = || {
        let last: Vec<&str> = errors.lines().rev().take(20).collect();
        let text = last.into_iter().rev().collect::<Vec<_>>().join("\n");
        Message { error: format!("rustc ended without an error: {:?}", ended.status), text }
    };
    Refusal::Batch(first.unwrap_or_else(killed))
}

/// The program in which an error stands: its primary span, or where the macro was used that it points into.
fn program(error: &Value) -> Option<u64> {
    let mut spans = error["spans"].as_array()?.iter().filter(|span| span["is_primary"] == true);
    spans.find_map(|mut span| {
        loop {
            let name = Path::new(span["file_name"].as_str()?).file_stem()?.to_str()?;
            if let Some(seed) = name.strip_prefix("drawn_") {
                return seed.parse().ok();
            }
            span = &span["expansion"]["span"];
        }
    })
}

#[cfg(test)]
mod tests {
    use super::{Ended, Refusal, refusal};

    fn ended() -> Ended {
        Ended { status: None, peak: 0 }
    }

    #[test]
    fn errors_are_given_to_the_program_in_which_the_macro_stands() {
        let inside = r#"{"file_name":"drawn_7.rs","is_primary":true,"expansion":null}"#;
        let below = format!(
            r#"{{"file_name":"vec.rs","is_primary":true,"expansion":{{"span":{}}}}}"#,
            inside.replace('7', "9")
        );
        let error = |message, spans: &str| {
            format!(r#"{{"level":"error","message":"{message}","rendered":"","spans":[{spans}]}}"#)
        };
        let errors = [error("one", inside), error("two", &below), error("three", inside)].join("\n");
        let Refusal::Programs(programs) = refusal(&errors, &ended()) else {
            panic!("two programs are named")
        };
        let first: Vec<_> = programs.iter().map(|(seed, message)| (*seed, message.error.as_str())).collect();
        assert_eq!(first, [(7, "one"), (9, "two")]);
    }

    #[test]
    fn a_rustc_that_was_killed_names_nobody() {
        let Refusal::Batch(message) = refusal("memory allocation of 5 bytes failed\n", &ended()) else {
            panic!("nobody is named")
        };
        assert_eq!(message.text, "memory allocation of 5 bytes failed");
    }
}
