//! A transaction that ends the process each time is left out. The test starts itself as the process that ends.
use crate::bank::{account, app, stopped};
use crate::folder::Folder;
use std::path::Path;
use std::process::{Command, ExitCode};
use thalweg::Error;

const CHILD: &str = "THALWEG_CLI_DEADLY";
const TEST: &str = "deadly::what_ends_the_process_is_left_out";

#[test]
fn what_ends_the_process_is_left_out() -> ExitCode {
    if let Ok(data) = std::env::var(CHILD) {
        let bank = app(Path::new(&data)).start().expect("it starts");
        bank.call_blocking(account("Ann").deposit(7, None)).expect("answered");
        let _ = bank.call_blocking(account("Ann").explode().with_id("boom"));
        return ExitCode::FAILURE;
    }
    let folder = Folder::new("deadly");
    let data = folder.dir("data");
    let live = || {
        let mut me = Command::new(std::env::current_exe().expect("a test is a program"));
        me.args(["--exact", TEST, "--nocapture"]).env(CHILD, &data).output().expect("it runs")
    };
    let ended = live();
    assert_eq!(ended.status.code(), None, "it ends by a signal: {ended:?}");

    insta::assert_snapshot!(folder.done("inspect data"), @r#"
        app          bank
        release      RELEASE
        last run     0, with 1 worker
        seed         SEED
        log          epochs 1 to 2 with 2 transactions; SIZE in SEGMENTS
                     the last run was not stopped: it goes on, or was killed
                     from TIME to TIME
        to replay    2 epochs
        checkpoints  none; if they are elsewhere, say where with --checkpoints
    "#);
    insta::assert_snapshot!(folder.done("verify data"), @r#"
        log          SEGMENTS, epochs up to 2; ends without a stop: the last run was killed
        checkpoints  0 whole; 0 parts with 0 records
        verdict      sound
    "#);
    insta::assert_snapshot!(folder.done("log dump data"), @r#"
        start    0        run 0 of bank, 1 worker, release RELEASE
        call     1.0      TIME  Account::at("Ann").deposit(7, null)
        outcome  1        nothing failed
        call     2.0      TIME  Account::at("Ann").explode()  id "boom"
    "#);
    for (place, why) in [
        ("1.0", "has ended, and others may have seen what it did; only what never ended can be skipped"),
        ("2.1", "is not in the log; look there for its number"),
        ("3.0", "is not in the log; look there for its number"),
        ("18446744073709551615.18446744073709551615", "is not in the log; look there for its number"),
        ("0.0", "is in a checkpoint, and is not executed again"),
        (
            "2.0",
            "has not been seen to end the process; start the program until that is refused, which names what does",
        ),
    ] {
        let (fault, what) = folder.refused(&format!("log skip data {place}"));
        assert_eq!((fault.as_str(), what), ("Absent", format!("data: transaction {place} {why}")));
    }
    let refused = (0..5).find_map(|_| Some(live()).filter(|ended| ended.status.code().is_some()));
    let said =
        refused.map(|ended| String::from_utf8_lossy(&ended.stderr).into_owned()).expect("it is refused");
    assert!(said.contains("Deadly") && said.contains("2.0 (`Account::explode`)"), "{said}");
    insta::assert_snapshot!(folder.done("log skip data 2.0"), @"transaction 2.0 is left out from the next start on");
    assert_eq!(
        folder.json("log skip data 2.0"),
        serde_json::json!({ "skipped": "2.0" }),
        "once more changes nothing"
    );
    assert_eq!(folder.json("inspect data")["skipped"], serde_json::json!(["2.0"]));
    let bank = app(&data).start().expect("it starts");
    assert_eq!(bank.call_blocking(account("Ann").balance()), Ok(7));
    assert_eq!(bank.call_blocking(account("Ann").explode().with_id("boom")), Err(Error::Skipped));
    bank.stop().expect("stopped");

    let (_, what) = folder.refused("log skip data 2.0");
    assert_eq!(what, "data: transaction 2.0 is in a checkpoint, and is not executed again");
    std::fs::write(data.join("skipped"), "all of it\n").expect("written");
    let (fault, what) = folder.refused("inspect data");
    assert_eq!(fault, "Damaged");
    insta::assert_snapshot!(what, @"data/skipped: `all of it` is no transaction; write one a line, as `epoch.transaction`, or remove the file");
    ExitCode::SUCCESS
}

#[test]
fn nothing_is_left_out_of_an_app_that_was_stopped() {
    let folder = Folder::new("skip");
    stopped(&folder.dir("data"));
    let (fault, what) = folder.refused("log skip data 1.0");
    assert_eq!(fault, "Absent");
    assert_eq!(what, "data: transaction 1.0 is in a checkpoint, and is not executed again");
    let (_, what) = folder.refused("log skip data 6.0");
    assert_eq!(what, "data: transaction 6.0 is not in the log; look there for its number");
    assert!(!folder.dir("data/skipped").exists(), "nothing was written");
}

#[test]
fn the_error_of_a_start_names_the_command_as_it_is() {
    let error = Error::Deadly { epoch: 7, suspects: vec!["7.0 (Account::explode)".to_owned()], deaths: 2 };
    let error = error.to_string();
    let command = error.split('`').nth(1).and_then(|command| command.strip_prefix("thalweg "));
    let words = command.expect("a command of the tool").replace("DIR", "missing");
    let folder = Folder::new("command");
    assert_eq!(folder.run(&words).code, Some(2), "EPOCH.TRANSACTION stands for what is given");
    let (_, what) = folder.refused(&words.replace("EPOCH.TRANSACTION", "7.0"));
    assert_eq!(what, "missing: there is no such directory; give that of an app");
}
