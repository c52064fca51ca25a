//! States that go elsewhere and come back, and checkpoints that are elsewhere.
use crate::bank::{account, app, stopped};
use crate::folder::Folder;
use serde_json::json;
use thalweg::sink::Memory;

#[test]
fn a_state_goes_elsewhere_and_comes_back() {
    let folder = Folder::new("moves");
    stopped(&folder.dir("data"));
    insta::assert_snapshot!(folder.done("export data there"), @"exported the state behind epoch 5 to there");
    insta::assert_snapshot!(folder.done("import new there"), @"imported the state behind epoch 5 from there");
    insta::assert_snapshot!(folder.done("inspect new"), @r#"
        app          bank
        release      RELEASE
        last run     0, with 1 worker
        seed         SEED
        log          none yet
        to replay    0 epochs
        checkpoints  1

          number  epoch  size       records  classes  next offsets
          1       5      529 bytes  5        Account  deposits: 4
    "#);
    insta::assert_snapshot!(folder.done("verify new"), @r#"
        log          none yet
        checkpoints  1 whole; 5 parts with 5 records
        verdict      sound
    "#);
    assert_eq!(folder.done("log dump new"), "");
    let (fault, what) = folder.refused("export data there");
    assert_eq!(fault, "InUse");
    insta::assert_snapshot!(what, @"there: there are checkpoints already; give a place without any");
    let (fault, what) = folder.refused("import new there");
    assert_eq!(fault, "InUse");
    insta::assert_snapshot!(what, @"new/checkpoints: there are checkpoints already; give a place without any");
    let (_, what) = folder.refused("inspect there");
    insta::assert_snapshot!(what, @"there: this is an exported state; import it into a new directory");

    assert_eq!(folder.json("export data other"), json!({ "epoch": 5, "to": "other" }));
    let url = format!("file://{}", folder.dir("other").display());
    assert_eq!(folder.json(&format!("import again {url}")), json!({ "epoch": 5, "from": url }));
    // The app goes on where it was. Its events are at the sink of the app that has emitted them.
    let bank = without_sink(&folder.dir("again")).start().expect("it starts");
    assert_eq!(bank.call_blocking(account("Ann").balance()), Ok(70));
    bank.stop().expect("stopped");
}

/// The bank, without the events that a new sink would lack.
fn without_sink(data: &std::path::Path) -> thalweg::App {
    let sink = Memory::new();
    let before = thalweg::App::new("bank").entity::<crate::bank::Account>().sink("deposits", sink.clone());
    let before = before.start().expect("it starts");
    for _ in 0..4 {
        before.call_blocking(account("Ann").deposit(1, None)).expect("answered");
    }
    before.stop().expect("all have left");
    thalweg::App::new("bank").entity::<crate::bank::Account>().data_dir(data).sink("deposits", sink)
}

#[test]
fn checkpoints_that_are_elsewhere() {
    let folder = Folder::new("elsewhere");
    let elsewhere = folder.dir("elsewhere").display().to_string();
    let bank = app(&folder.dir("data")).checkpoints_at(&elsewhere).start().expect("it starts");
    bank.call_blocking(account("Ann").deposit(1, None)).expect("answered");
    bank.stop().expect("stopped");
    let there = folder.json("inspect data --checkpoints elsewhere");
    assert_eq!((&there["to_replay"], there["checkpoints"].as_array().map(Vec::len)), (&json!(0), Some(1)));
    assert_eq!(folder.json("verify --checkpoints elsewhere data")["checkpoints"], 1);
    // Who has not been told of them finds none.
    assert_eq!(folder.json("inspect data")["checkpoints"], json!([]));
    let (fault, what) = folder.refused("export data there");
    assert_eq!(fault, "Absent");
    insta::assert_snapshot!(what, @"data: there is no checkpoint to export; start the program and stop it, which takes one, or say where its checkpoints are");
    let (fault, what) = folder.refused("inspect data --checkpoints nowhere");
    assert_eq!(fault, "Absent");
    insta::assert_snapshot!(what, @"nowhere: there are no checkpoints; give the place where they are");
    folder.done("export data there --checkpoints elsewhere");
    folder.done("import new there --checkpoints new-elsewhere");
    assert_eq!(folder.json("verify new --checkpoints new-elsewhere")["sound"], true);
}

#[test]
fn a_log_that_is_not_drained_is_not_exported() {
    let folder = Folder::new("open");
    let bank = app(&folder.dir("data")).start().expect("it starts");
    bank.call_blocking(account("Ann").deposit(1, None)).expect("answered");
    bank.checkpoint().expect("taken");
    bank.call_blocking(account("Ann").deposit(1, None)).expect("answered");
    // As a copy of a folder that was taken while the app ran.
    copy(&folder.dir("data"), &folder.dir("copy"));
    bank.stop().expect("stopped");
    let (fault, what) = folder.refused("export copy there");
    assert_eq!(fault, "Absent");
    insta::assert_snapshot!(what, @"copy: the last checkpoint is of epoch 2, and the log goes on to 3; start the program and stop it, which takes one");
    assert_eq!(folder.json("verify copy")["log_ends"], "open");
    assert!(!folder.dir("there").exists(), "nothing was begun there");
}

pub fn copy(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir_all(to).expect("made");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let path = entry.expect("read").path();
        let to = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy(&path, &to);
        } else {
            match std::fs::copy(&path, &to) {
                // A running app removes files.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                copied => drop(copied.expect("copied")),
            }
        }
    }
}
