//! Places that are no data directories, and words that make no sense.
use crate::bank::stopped;
use crate::folder::{Folder, Ran};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

/// All that is done to a data directory, with a place for it.
const COMMANDS: [&str; 5] = ["inspect {}", "verify {}", "log dump {}", "log skip {} 1.0", "export {} there"];

#[test]
fn what_is_no_data_directory() {
    let folder = Folder::new("refused");
    fs::create_dir(folder.dir("empty")).expect("made");
    fs::create_dir(folder.dir("foreign")).expect("made");
    fs::write(folder.dir("foreign/photo.jpg"), b"light").expect("written");
    fs::write(folder.dir("file"), b"").expect("written");
    for (dir, expected) in [
        (
            "empty",
            "empty: no app has run here: there is neither a log nor a checkpoint; give the data directory of an app",
        ),
        (
            "foreign",
            "foreign: no app has run here: there is neither a log nor a checkpoint; give the data directory of an app",
        ),
        ("missing", "missing: there is no such directory; give that of an app"),
        ("file", "file: this is no directory; give that of an app"),
        ("file/data", "file/data: there is no such directory; give that of an app"),
    ] {
        for command in COMMANDS {
            let (fault, what) = folder.refused(&command.replace("{}", dir));
            assert_eq!((fault.as_str(), what.as_str()), ("Absent", expected), "{command}");
        }
    }
    assert!(!folder.dir("there").exists() && !folder.dir("missing").exists(), "nothing was made");
    assert_eq!(fs::read_dir(folder.dir("empty")).expect("a folder").count(), 0);
}

#[test]
fn a_directory_with_files_of_others() {
    let folder = Folder::new("foreign");
    stopped(&folder.dir("data"));
    let before = folder.done("inspect data");
    for place in ["", "log", "checkpoints", "checkpoints/parts", "checkpoints/manifests"] {
        fs::write(folder.dir("data").join(place).join("notes.txt"), b"not ours").expect("written");
        fs::create_dir(folder.dir("data").join(place).join("lost+found")).expect("made");
    }
    fs::write(folder.dir("data/log/1.log"), b"not quite the name of a segment").expect("written");
    assert_eq!(folder.done("inspect data"), before);
    assert_eq!(folder.json("verify data")["sound"], true);
    folder.done("export data there");
}

#[test]
fn other_places_that_make_no_sense() {
    let folder = Folder::new("places");
    stopped(&folder.dir("data"));
    fs::write(folder.dir("file"), b"").expect("written");
    let refused = |words: &str| folder.refused(words).1;
    insta::assert_snapshot!(refused("export data ftp://example.com/there"), @"ftp://example.com/there: no scheme that is known; give a directory, or file://, memory:///, s3://, gs:// or az:// with a place");
    insta::assert_snapshot!(refused("import new ftp://example.com/there"), @"ftp://example.com/there: no scheme that is known; give a directory, or file://, memory:///, s3://, gs:// or az:// with a place");
    insta::assert_snapshot!(refused("inspect data --checkpoints ftp://example.com/there"), @"ftp://example.com/there: no scheme that is known; give a directory, or file://, memory:///, s3://, gs:// or az:// with a place");
    insta::assert_snapshot!(refused("export data s3://"), @"s3://: no bucket; give a directory, or file://, memory:///, s3://, gs:// or az:// with a place");
    if !cfg!(feature = "s3") {
        insta::assert_snapshot!(refused("export data s3://bucket/there"), @"s3://bucket/there: this build has no such store; build it with the feature `s3`");
    }
    insta::assert_snapshot!(refused("export data file"), @"file: cannot make the directory: Generic LocalFileSystem error: File exists (os error 17); mend the cause and open the store again");
    insta::assert_snapshot!(refused("import new file"), @"file/manifests: cannot list: Generic LocalFileSystem error: Not a directory (os error 20); mend the cause and open the store again");
    insta::assert_snapshot!(refused("import new nowhere"), @"nowhere: there is no state that was exported; give the place to which one was");
    insta::assert_snapshot!(refused("import new data"), @"data: there is no state that was exported; give the place to which one was");
    assert!(!folder.dir("new").exists(), "nothing was begun");
    // A state does not come into a directory whose app has run.
    folder.done("export data there");
    stopped(&folder.dir("other"));
    insta::assert_snapshot!(refused("import other there"), @"other: there is a log already; import into a new directory");
    insta::assert_snapshot!(refused("import file there"), @"file/log: cannot be used for the log: File exists (os error 17); give the app a folder that it may write");
}

#[test]
fn a_directory_that_can_only_be_read() {
    let folder = Folder::new("read-only");
    stopped(&folder.dir("data"));
    for dir in
        ["data", "data/log", "data/checkpoints", "data/checkpoints/parts", "data/checkpoints/manifests"]
    {
        fs::set_permissions(folder.dir(dir), fs::Permissions::from_mode(0o555)).expect("set");
    }
    fs::set_permissions(folder.dir("data/log/LOCK"), fs::Permissions::from_mode(0o444)).expect("set");
    fs::create_dir(folder.dir("anybodys")).expect("made");
    fs::set_permissions(folder.dir("anybodys"), fs::Permissions::from_mode(0o777)).expect("set");
    let tool = folder.dir("thalweg");
    fs::copy(env!("CARGO_BIN_EXE_thalweg"), &tool).expect("copied");
    // To the administrator nothing can only be read, so somebody else looks.
    let is_root = fs::metadata(folder.dir("data")).expect("there").uid() == 0;
    let run = |words: &str| -> Ran {
        let mut tool = Command::new(&tool);
        tool.args(words.split(' '));
        if is_root {
            tool.uid(65_534);
        }
        folder.run_as(&mut tool)
    };
    for words in ["inspect data", "verify data", "log dump data", "export data anybodys/there"] {
        let ran = run(words);
        assert_eq!(ran.code, Some(0), "{words}: {ran:?}");
    }
    for (words, what) in [
        ("log skip data 5.0", "data/log/LOCK: cannot lock: Permission denied"),
        ("import data anybodys/there", "data/log/LOCK: cannot lock: Permission denied"),
        ("import data/new anybodys/there", "data/new/log: cannot be used for the log: Permission denied"),
    ] {
        let ran = run(words);
        assert!(ran.code == Some(3) && folder.masked(&ran.err).contains(what), "{words}: {ran:?}");
    }
    // Or not even that.
    for dir in ["data/log", "data"] {
        fs::set_permissions(folder.dir(dir), fs::Permissions::from_mode(0o000)).expect("set");
        for words in ["inspect data", "verify data", "log dump data"] {
            let ran = run(words);
            assert!(ran.code == Some(3) && ran.err.contains("Permission denied"), "{words}: {ran:?}");
        }
    }
    let all =
        ["data", "data/log", "data/checkpoints", "data/checkpoints/parts", "data/checkpoints/manifests"];
    all.into_iter().for_each(|dir| writable(&folder.dir(dir)));
}

fn writable(dir: &Path) {
    fs::set_permissions(dir, fs::Permissions::from_mode(0o755)).expect("set");
}

#[test]
fn wrong_usage_is_told_from_everything_else() {
    let folder = Folder::new("usage");
    for words in [
        "",
        "inspekt data",
        "inspect",
        "inspect data more",
        "inspect s3://bucket/data",
        "inspect data --yaml",
        "log",
        "log dump data --from one",
        "log dump data --from 3 --to 2",
        "log skip data",
        "log skip data 7",
        "log skip data 7.x",
        "log skip data 7.-1",
        "log skip data 99999999999999999999.0",
        "export data",
        "export data memory:///",
        "export s3://bucket data",
        "import data --json",
    ] {
        let ran = folder.run(words);
        assert!(ran.code == Some(2) && ran.out.is_empty() && !ran.err.is_empty(), "{words}: {ran:?}");
    }
    let said = folder.run("import s3://bucket/there data").err;
    assert!(said.contains("the data directory is a folder, and comes first"), "{said}");
    for words in ["--version", "--help", "inspect --help", "log dump --help", "log skip --help"] {
        let ran = folder.run(words);
        assert!(ran.code == Some(0) && ran.err.is_empty(), "{words}: {ran:?}");
        assert!(words == "--version" || ran.out.contains("Exit codes:"), "{words}: {ran:?}");
    }
    insta::assert_snapshot!(folder.done("--help"), @r#"
        Looks into the data directory of a Thalweg app, and moves what is in it. The app's program is not needed

        Usage: thalweg <COMMAND>

        Commands:
          inspect  Shows what is in a data directory: the app, its log, its checkpoints. The app may run
          verify   Reads everything, and says what is wrong. Nothing is changed; the app must not run
          log      Shows the log, or leaves a transaction of it out
          export   Writes the state to another place, where `import` finds it. The app must not run
          import   Begins a new data directory with a state that was exported
          help     Print this message or the help of the given subcommand(s)

        Options:
          -h, --help     Print help
          -V, --version  Print version

        Exit codes:
          0  what was asked for is done, and what was looked at is sound
          1  what was looked at is not sound: `verify` has found problems
          2  wrong usage
          3  the directory, or the other place, cannot be used; the message says what, where and what to do
          4  the output could not be written

        With --json, results are JSON on standard output and errors are JSON on standard error, as
        {"error":{"fault":"InUse","text":".."}}; wrong usage is always told as text.
    "#);
    // What stands behind it is the same everywhere.
    let all = folder.done("--help");
    let (_, codes) = all.split_once("\nExit codes:").expect("it has them");
    let help = folder.done("log dump --help");
    let help =
        help.strip_suffix(codes).and_then(|help| help.strip_suffix("\nExit codes:")).expect("the same");
    insta::assert_snapshot!(help, @r#"
        Shows the log, a line for each transaction and whatever else is in it. The app may run

        Usage: thalweg log dump [OPTIONS] <DIR>

        Arguments:
          <DIR>  The data directory of the app

        Options:
              --checkpoints <URL>  Where its checkpoints are, if not in the data directory: as given to `App::checkpoints_at`
              --json               Print JSON
              --from <EPOCH>       The first epoch to show
              --to <EPOCH>         The last epoch to show
          -h, --help               Print help
    "#);
}
