//! What is shown of directories that are sound.
use crate::bank::{account, running, stopped};
use crate::folder::Folder;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).expect("one object a line")).collect()
}

#[test]
fn a_stopped_app() {
    let folder = Folder::new("stopped");
    stopped(&folder.dir("data"));
    insta::assert_snapshot!(folder.done("inspect data"), @r#"
        app          bank
        release      RELEASE
        last run     0, with 1 worker
        seed         SEED
        log          epochs 1 to 5 with 5 transactions; SIZE in SEGMENTS
                     the last run was stopped
                     from TIME to TIME
        to replay    0 epochs
        checkpoints  1

          number  epoch  size       records  classes  next offsets
          1       5      529 bytes  5        Account  deposits: 4
    "#);
    insta::assert_snapshot!(folder.done("verify data"), @r#"
        log          SEGMENTS, epochs up to 5; ends with a stop
        checkpoints  1 whole; 5 parts with 5 records
        verdict      sound
    "#);
    insta::assert_snapshot!(folder.done("log dump data"), @r#"
        start    0        run 0 of bank, 1 worker, release RELEASE
        call     1.0      TIME  Account::at("Ann").deposit(100, "first\nof all")  id "one"
        outcome  1        nothing failed
        call     2.0      TIME  Account::at("Ann").transfer("Bo", 30)
        outcome  2        nothing failed
        call     3.0      TIME  Account::at("Ann").transfer("Bo", 300)
        outcome  3        3.0 was aborted by the method's own `Err`
        call     4.0      TIME  Account::at("Cy").deposit(1, null)
        call     4.1      TIME  Account::at("Di").deposit(2, null)
        outcome  4        nothing failed
        epoch    5        TIME  no transactions
        outcome  5        nothing failed
        stop     5
    "#);
    insta::assert_snapshot!(folder.done("log dump data --from 2 --to 2"), @r#"
        call     2.0      TIME  Account::at("Ann").transfer("Bo", 30)
        outcome  2        nothing failed
    "#);

    let inspected = folder.json("inspect data");
    assert_eq!((&inspected["app"], &inspected["log"]["transactions"]), (&json!("bank"), &json!(5)));
    assert_eq!(inspected["checkpoints"][0]["classes"], json!(["Account"]));
    let verified = folder.json("verify data");
    assert_eq!((&verified["sound"], &verified["log_ends"]), (&json!(true), &json!("stopped")));
    let records = lines(&folder.run("log dump data --json").out);
    assert_eq!(records[0]["record"], "start");
    let call = &records[1]["requests"][0];
    assert_eq!((&call["method"], &call["request_id"]), (&json!("Account::deposit"), &json!("one")));
    assert_eq!(call["calls"], json!([{ "key": "Ann", "arguments": [100, "first\nof all"] }]));
    let second = lines(&folder.run("log dump --json --from 2 --to 2 data").out);
    let kinds: Vec<_> = second.iter().map(|record| (&record["record"], &record["epoch"])).collect();
    assert_eq!(kinds, [(&json!("epoch"), &json!(2)), (&json!("outcome"), &json!(2))]);
    // Behind the end is nothing.
    assert_eq!(folder.done("log dump data --from 1000"), "");
}

#[test]
fn an_app_that_runs() {
    let folder = Folder::new("running");
    let bank = running(&folder.dir("data"));
    insta::assert_snapshot!(folder.done("inspect data"), @r#"
        app          bank
        release      RELEASE
        last run     0, with 1 worker
        seed         SEED
        log          epochs 1 to 4 with 5 transactions; SIZE in SEGMENTS
                     the last run was not stopped: it goes on, or was killed
                     from TIME to TIME
        to replay    4 epochs
        checkpoints  none; if they are elsewhere, say where with --checkpoints
    "#);
    assert_eq!(folder.done("log dump data").lines().filter(|line| line.starts_with("call ")).count(), 5);
    for refused in ["verify data", "export data there", "log skip data 1.0"] {
        let (fault, what) = folder.refused(refused);
        assert_eq!(fault, "InUse");
        assert_eq!(what, "data/log/LOCK: the log is in use by another process; stop that one first");
    }
    let (fault, what) = folder.refused("import data data");
    assert_eq!(
        (fault.as_str(), what.as_str()),
        ("Absent", "data: there is no state that was exported; give the place to which one was")
    );
    bank.stop().expect("stopped");
}

#[test]
fn an_app_that_writes_meanwhile() {
    let folder = Folder::new("busy");
    let data = folder.dir("data");
    let bank =
        crate::bank::app(&data).checkpoint_after(1 << 20).keep_checkpoints(2).start().expect("it starts");
    // Segments are filled, checkpoints are taken, and the log is released.
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let write = || {
            let note = "x".repeat(10_000);
            while !done.load(Ordering::Relaxed) {
                let deposits = (0..20).map(|_| account("Ann").deposit(1, Some(note.clone())));
                bank.submit_all(deposits).expect("entered").wait().expect("answered");
            }
        };
        std::thread::Builder::new().name("writer".to_owned()).spawn_scoped(scope, write).expect("it starts");
        for _ in 0..5 {
            let looked = [folder.run("inspect data"), folder.run("log dump data")];
            if looked.iter().any(|ran| ran.code != Some(0)) {
                done.store(true, Ordering::Relaxed);
                panic!("{:?}", looked.map(|ran| (ran.code, ran.err)));
            }
        }
        done.store(true, Ordering::Relaxed);
    });
    bank.stop().expect("stopped");
    assert_eq!(folder.json("verify data")["sound"], true);
    // The newest checkpoint being damaged, the log is not what is wrong.
    let manifests = std::fs::read_dir(data.join("checkpoints/manifests")).expect("a folder");
    let newest = manifests.map(|entry| entry.expect("read").path()).max().expect("one");
    std::fs::write(newest, b"").expect("written");
    let ran = folder.run("verify data --json");
    let found: Value = serde_json::from_str(&ran.out).expect("JSON");
    assert!(ran.code == Some(1) && found["problems"].as_array().map(Vec::len) == Some(1), "{ran:?}");
}

#[test]
fn whoever_has_seen_enough() {
    let folder = Folder::new("pipe");
    let data = folder.dir("data");
    let bank = crate::bank::app(&data).start().expect("it starts");
    let deposits =
        (0..20_000).map(|_| account("Ann").deposit(1, Some("a note that makes it longer".to_owned())));
    bank.submit_all(deposits).expect("entered").wait().expect("answered");
    bank.stop().expect("stopped");
    for words in ["log dump data", "log dump data --json"] {
        let mut tool = Command::new(env!("CARGO_BIN_EXE_thalweg"));
        let tool = tool.args(words.split(' ')).current_dir(folder.dir(""));
        let mut child = tool.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it runs");
        let mut first = String::new();
        BufReader::new(child.stdout.take().expect("piped")).read_line(&mut first).expect("a line");
        // The pipe is closed.
        let ended = child.wait_with_output().expect("it ends");
        assert!(ended.status.code() == Some(0) && ended.stderr.is_empty(), "{ended:?}");
    }
    // A disk that is full is no such thing.
    if let Ok(full) = std::fs::File::options().write(true).open("/dev/full") {
        let mut tool = Command::new(env!("CARGO_BIN_EXE_thalweg"));
        let tool = tool.args(["log", "dump", "data"]).current_dir(folder.dir("")).stdout(full);
        let ended =
            tool.stderr(Stdio::piped()).spawn().expect("it runs").wait_with_output().expect("it ends");
        let said = String::from_utf8(ended.stderr).expect("UTF-8");
        assert!(ended.status.code() == Some(4) && said.starts_with("error: standard output"), "{said}");
    }
}
