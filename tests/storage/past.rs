//! What a data directory has besides the state: its past, its log, a state that goes elsewhere; and what is said of it.
use crate::folder::Folder;
use serde_json::json;
use std::path::Path;
use thalweg::data_dir::{DataDir, LogRecord};
use thalweg::prelude::*;
use thalweg::sink::Memory;
use thalweg::{Error, StorageFault};
use thalweg_checkpoint::Location;
use thalweg_log::testing::Power;

mod safe {
    use super::*;

    #[entity(auto)]
    pub struct Safe {
        #[key]
        pub at: (String, u8),
        pub coins: i64,
    }

    #[entity]
    impl Safe {
        pub fn new(at: (String, u8)) -> Self {
            Self { at, coins: 0 }
        }
        pub fn put(&mut self, coins: i64) -> Result<i64, String> {
            if self.coins + coins < 0 {
                return Err(format!("only {}", self.coins));
            }
            self.coins += coins;
            thalweg::emit("puts", &(&self.at.0, coins));
            Ok(self.coins)
        }
        pub fn coins(&self) -> i64 {
            self.coins
        }
        pub async fn with(&self, other: Ref<Safe>) -> i64 {
            self.coins + other.coins().await
        }
        pub async fn through(&self, other: Ref<Safe>, coins: i64) -> Result<i64, String> {
            other.put(coins).await
        }
    }
}
use safe::Safe;

fn safe(n: u8) -> Ref<Safe> {
    Safe::at(("street".to_owned(), n))
}

fn on(disk: &Power, store: &Location, workers: usize) -> App {
    let app = App::new("safes").entity::<Safe>().workers(workers).sink("puts", Memory::new());
    app.data_on(disk.clone()).checkpoints_on(store.clone())
}

fn refused(app: App) -> (StorageFault, String) {
    match app.start() {
        Err(Error::Storage { fault, what }) => (fault, what),
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("it starts"),
    }
}

#[test]
fn every_epoch_that_is_kept_can_be_shown_while_the_app_goes_on() {
    let (disk, store) = (Power::new(), Location::memory());
    let app = on(&disk, &store, 2).keep_checkpoints(3).start().expect("it starts");
    // After each request, one epoch has gone by; checkpoints take some of their own.
    let mut known = Vec::new();
    let mut puts = 0;
    for round in 0..5_i64 {
        for n in 0..4 {
            app.call_blocking(safe(n).put(round * 4 + i64::from(n))).expect("answered").expect("put");
            puts += 1;
        }
        let epoch = app.checkpoint().expect("taken");
        let coins: Vec<i64> = (0..4).map(|n| app.call_blocking(safe(n).coins()).expect("answered")).collect();
        known.push((epoch, coins));
    }
    assert_eq!(puts, 20);
    for workers in [1, 3] {
        for (epoch, coins) in &known[2..] {
            let past = on(&disk, &store, workers).at_epoch(*epoch).start().expect("it is kept");
            let then: Vec<i64> =
                (0..4).map(|n| past.call_blocking(safe(n).coins()).expect("answered")).collect();
            assert_eq!(then, *coins, "epoch {epoch}");
            let both = past.call_blocking(safe(0).with(safe(3))).expect("a dynamic look, too");
            assert_eq!(both, coins[0] + coins[3]);
            for refused in
                [past.call_blocking(safe(0).put(1)), past.call_blocking(safe(0).through(safe(1), 1))]
            {
                assert!(
                    matches!(&refused, Err(Error::ReadOnly { epoch: at, .. }) if at == epoch),
                    "{refused:?}"
                );
            }
            assert!(matches!(past.checkpoint(), Err(Error::Storage { fault: StorageFault::Absent, .. })));
            past.stop().expect("nothing is left");
        }
    }
    // Between two checkpoints the log is executed again, and behind the last one as well.
    let between = known[3].0 + 4 + 2; // the looks have epochs, too
    let past = on(&disk, &store, 2).at_epoch(between).start().expect("it is kept");
    let sum =
        |app: &Handle| (0..4).map(|n| app.call_blocking(safe(n).coins()).expect("answered")).sum::<i64>();
    let (now, then, before) = (sum(&app), sum(&past), known[3].1.iter().sum::<i64>());
    assert!(before < then && then < now, "{before} {then} {now}");
    let (fault, what) = refused(on(&disk, &store, 1).at_epoch(known[0].0));
    assert!(fault == StorageFault::Absent && what.contains("keep more checkpoints"), "{what}");
    let (fault, what) = refused(on(&disk, &store, 1).at_epoch(1_000_000));
    assert!(fault == StorageFault::Absent && what.contains("has not been"), "{what}");
    app.call_blocking(safe(1).put(1)).expect("it goes on").expect("put");
    let in_memory = App::new("safes").entity::<Safe>().at_epoch(1).start();
    assert!(matches!(in_memory.map(drop), Err(Error::Start(_))));
}

fn at(folder: &Path, sink: &Memory) -> App {
    App::new("safes").entity::<Safe>().sink("puts", sink.clone()).data_dir(folder)
}

fn fault<T: std::fmt::Debug>(result: Result<T, Error>) -> (StorageFault, String) {
    match result {
        Err(Error::Storage { fault, what }) => (fault, what),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_state_goes_elsewhere_with_what_is_remembered_and_emitted() {
    let folder = Folder::new("export");
    let sink = Memory::new();
    let app = at(&folder.dir("a"), &sink).start().expect("it starts");
    let random = app.seed();
    assert_eq!(app.export(&folder.url("empty")).expect("an empty app has a state, too"), 1);
    app.call_blocking(safe(1).put(5).with_id("once")).expect("answered").expect("put");
    app.call_blocking(safe(2).put(7)).expect("answered").expect("put");
    let (found, what) = fault(DataDir::at(folder.dir("a")).export(&folder.url("running")));
    assert!(found == StorageFault::InUse, "{what}");
    let epoch = app.export(&folder.url("live")).expect("exported");
    app.call_blocking(safe(2).put(100)).expect("answered").expect("put");
    let (found, what) = fault(app.export(&folder.url("live")));
    assert!(found == StorageFault::InUse && what.contains("checkpoints already"), "{what}");
    let (found, _) = fault(app.export("ftp://nowhere"));
    assert_eq!(found, StorageFault::Refused);
    app.stop().expect("stopped");
    // All events have left, so nothing is lost by a start without the sink.
    let without = App::new("safes").entity::<Safe>().data_dir(folder.dir("a")).start().expect("it starts");
    without.stop().expect("stopped");
    DataDir::at(folder.dir("a")).export(&folder.url("stopped")).expect("exported");

    let there = DataDir::at(folder.dir("b"));
    assert_eq!(there.import(&folder.url("live")).expect("imported"), epoch);
    let inspection = there.inspect().expect("looked at");
    assert_eq!((inspection.app.as_deref(), inspection.to_replay), (Some("safes"), 0));
    let (found, what) = fault(there.import(&folder.url("live")));
    assert!(found == StorageFault::InUse && what.contains("checkpoints already"), "{what}");
    let (found, _) = fault(DataDir::at(folder.dir("c")).import(&folder.url("nothing")));
    assert_eq!(found, StorageFault::Absent);
    let sink = sink_behind(2);
    let (found, what) = fault(DataDir::at(folder.dir("c")).import(&folder.url("a/checkpoints")));
    assert!(found == StorageFault::Foreign && what.contains("export its state"), "{what}");
    // Two lives: the second finds a log that begins behind the import.
    for life in 1..3 {
        // The events before went to the sink of the app that emitted them.
        let app = at(&folder.dir("b"), &sink).workers(life).start().expect("it starts");
        assert_eq!(app.seed(), random);
        let again = app.call_blocking(safe(1).put(5).with_id("once")).expect("answered");
        assert_eq!((again, app.call_blocking(safe(1).coins())), (Ok(5), Ok(5)));
        let coins = app.call_blocking(safe(2).put(1)).expect("answered");
        assert_eq!(coins, Ok(7 + life as i64));
        if life == 1 {
            // More than the checkpoint of the stop has to know.
            app.call_blocking(safe(9).put(1)).expect("answered").expect("put");
        }
    }
    let stopped = DataDir::at(folder.dir("d"));
    stopped.import(&folder.url("stopped")).expect("imported");
    let app = at(&folder.dir("d"), &sink_behind(3)).start().expect("it starts");
    assert_eq!(app.call_blocking(safe(2).coins()), Ok(107));
    app.stop().expect("stopped");
    // Another app does not begin with it.
    let other = Folder::new("other");
    DataDir::at(other.dir("a")).import(&folder.url("stopped")).expect("imported");
    let (found, what) = fault(App::new("vaults").entity::<Safe>().data_dir(other.dir("a")).start().map(drop));
    assert!(found == StorageFault::Foreign && what.contains("`safes`"), "{what}");
}

/// A sink that has taken so many events.
fn sink_behind(count: u64) -> Memory {
    let sink = Memory::new();
    let app = App::new("safes").entity::<Safe>().sink("puts", sink.clone()).start().expect("it starts");
    for _ in 0..count {
        app.call_blocking(safe(1).put(1)).expect("answered").expect("put");
    }
    app.stop().expect("all have left");
    sink
}

#[test]
fn a_directory_tells_what_it_has_and_whether_it_is_whole() {
    let folder = Folder::new("verify");
    let dir = folder.dir("a");
    let data = DataDir::at(&dir);
    for (found, what) in [fault(data.inspect()), fault(data.verify()), fault(data.log().map(drop))] {
        assert!(found == StorageFault::Absent && what.contains("no such directory"), "{what}");
    }
    let app = at(&dir, &Memory::new()).start().expect("it starts");
    app.call_blocking(safe(1).put(5).with_id("one")).expect("answered").expect("put");
    app.call_blocking(safe(1).put(-50)).expect("answered").expect_err("too much");
    let batch = (0..3).map(|n| safe(n).put(i64::from(n)));
    app.submit_all(batch).expect("entered").wait().expect("answered");
    // While it runs, what is there can be looked at.
    let running = data.inspect().expect("looked at");
    assert_eq!((running.log.transactions, running.log.starts, running.log.stopped), (5, 1, false));
    assert_eq!(fault(data.verify()).0, StorageFault::InUse);
    let (found, what) = fault(data.skip(1, 0));
    assert!(found == StorageFault::InUse, "{what}");
    app.stop().expect("stopped");

    let inspection = data.inspect().expect("looked at");
    assert_eq!(inspection.app.as_deref(), Some("safes"));
    assert_eq!((inspection.run, inspection.workers, inspection.to_replay), (Some(0), Some(1), 0));
    let newest = inspection.checkpoints.last().expect("the clean stop's");
    assert_eq!((newest.classes.as_slice(), newest.topics["puts"]), (["Safe".to_owned()].as_slice(), 4));
    let verified = data.verify().expect("read");
    assert!(verified.is_sound(), "{verified:?}");
    assert_eq!((verified.log_ends.as_deref(), verified.checkpoints > 0), (Some("stopped"), true));

    let records: Vec<LogRecord> = data.log().expect("there").collect::<Result<_, _>>().expect("sound");
    let shown = serde_json::to_value(&records).expect("JSON");
    assert_eq!(shown[0]["record"], "start");
    let requests: Vec<_> =
        shown.as_array().expect("a list").iter().filter(|record| record["record"] == "epoch").collect();
    let first = &requests[0]["requests"][0];
    assert_eq!(
        (&first["method"], &first["transaction"], &first["id"]),
        (&json!("Safe::put"), &json!(0), &json!("0.0.0"))
    );
    assert_eq!(first["calls"], json!([{ "key": ["street", 1], "arguments": [5] }]));
    assert_eq!(first["request_id"], "one");
    let calls = requests.iter().flat_map(|epoch| epoch["requests"].as_array().expect("a list"));
    let calls = calls.map(|request| request["calls"].as_array().expect("known").len()).sum::<usize>();
    assert_eq!(calls, 5);
    let failures: Vec<_> = records
        .iter()
        .filter_map(|record| match record {
            LogRecord::Outcome { failures, .. } => Some(failures.clone()),
            _ => None,
        })
        .flatten()
        .collect();
    assert!(failures.len() == 1 && failures[0].what.contains("own `Err`"), "{failures:?}");

    let (found, what) = fault(data.skip(1, 0));
    assert!(found == StorageFault::Absent && what.contains("in a checkpoint"), "{what}");
    let (_, what) = fault(data.skip(1_000, 0));
    assert!(what.contains("not in the log"), "{what}");

    // Damage anywhere is found, and named.
    let segment =
        std::fs::read_dir(dir.join("log")).expect("a folder").map(|entry| entry.expect("read").path());
    let segment = segment.filter(|path| path.extension().is_some_and(|is| is == "log")).min().expect("one");
    let whole = std::fs::read(&segment).expect("read");
    let mut bytes = whole.clone();
    bytes[4_096 + 50] ^= 1; // in the body of the first frame
    std::fs::write(&segment, &bytes).expect("written");
    let damaged = data.verify().expect("read");
    let problem = &damaged.problems[0];
    assert!(damaged.problems.len() == 1 && problem.contains(segment.to_str().expect("UTF-8")), "{damaged:?}");
    std::fs::write(&segment, &whole).expect("written");
    let parts = std::fs::read_dir(dir.join("checkpoints/parts")).expect("a folder");
    let part = parts.map(|entry| entry.expect("read").path()).max().expect("one");
    let mut bytes = std::fs::read(&part).expect("read");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&part, &bytes).expect("written");
    let damaged = data.verify().expect("read");
    assert!(!damaged.is_sound() && damaged.problems[0].contains("damage"), "{damaged:?}");
}
