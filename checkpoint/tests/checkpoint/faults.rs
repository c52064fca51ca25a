//! A script of commits and retirements against a store whose n-th operation fails, for every n.
use crate::support::{Group, ID, Objects, State, load, small, write};
use std::sync::Arc;
use thalweg_checkpoint::testing::{Fault, Faulty};
use thalweg_checkpoint::{Error, Location, Result, Settings, Store};

const GROUPS: usize = 3;
const COMMITS: u64 = 6;

/// What is to be committed as this number.
fn state(number: u64) -> State {
    let record = |group: u64, key: u64| {
        let value = format!("{number} at most").repeat(usize::try_from(key).expect("few"));
        // Old keys go, new ones come, some never change.
        (
            (group * 100 + key.max(number % 4)).to_be_bytes().to_vec(),
            if key > 4 { vec![7; 40] } else { value.into() },
        )
    };
    let group = |group| (0..8).map(|key| record(group, key)).collect();
    if number == 0 { vec![Group::new(); GROUPS] } else { (0..GROUPS as u64).map(group).collect() }
}

fn settings() -> Settings {
    Settings { part_bytes: 300, uploads: 2, most_deltas: 2, ..small(GROUPS) }
}

/// Commits until the end or an error; `done` is the last number whose commit has returned.
fn script(location: &Location, done: &mut u64) -> Result<()> {
    let store = Store::open(location, settings())?;
    while *done < COMMITS {
        let base = store.newest()?;
        let mut draft = store.begin(base.as_ref())?;
        write(&mut draft, &state(*done), &state(*done + 1))?;
        draft.commit(*done, b"script")?;
        *done += 1;
        if done.is_multiple_of(2) {
            store.retire()?;
        }
    }
    Ok(())
}

#[test]
fn whatever_fails_the_last_or_the_new_state_is_there() {
    for fault in [Fault::Fail, Fault::Late, Fault::Off, Fault::LateOff] {
        let (mut newer, mut n) = (0, 0);
        loop {
            let objects = Objects::new();
            let faulty = Faulty::new(objects.memory.clone(), n, fault);
            let mut done = 0;
            let result = script(&Location::objects("faulty", Arc::new(faulty.clone())), &mut done);
            if !faulty.injected() {
                result.expect("nothing was injected");
                break;
            }
            if let Err(error) = result {
                assert!(matches!(error, Error::Store { .. }), "{fault:?} at {n}: {error}");
            } else {
                // Only a manifest that was created, but not said so, is found out by reading it.
                assert_eq!((fault, done), (Fault::Late, COMMITS), "{fault:?} at {n} went unnoticed");
            }
            newer += u64::from(check(&objects, done, &format!("{fault:?} at {n}")));
            n += 1;
        }
        assert!(n > 60, "only {n} operations");
        if fault == Fault::LateOff {
            assert!(newer >= COMMITS, "a commit may be done when nobody was told, but only {newer} were");
        }
    }
}

/// Opens what is left, and goes on. Whether the newest manifest is one whose commit had not returned.
fn check(objects: &Objects, done: u64, what: &str) -> bool {
    let store =
        Store::open(&objects.location(), settings()).unwrap_or_else(|error| panic!("{what}: {error}"));
    let report = store.verify().expect("memory");
    assert!(report.is_whole(), "{what}: {:?}", report.problems);
    let newest = store.newest().expect("memory");
    let number = newest.as_ref().map_or(0, |manifest| manifest.number());
    assert!(number == done || number == done + 1, "{what}: {number} is there, {done} was committed");
    if let Some(newest) = &newest {
        assert_eq!(newest.id(), ID);
        assert_eq!(load(&store, newest).expect("whole"), state(number), "{what}");
    }
    // Whatever was left over is gone after the next commit.
    let mut draft = store.begin(newest.as_ref()).expect("the newest");
    write(&mut draft, &state(number), &state(number + 1)).expect("memory");
    let next = draft.commit(0, b"").unwrap_or_else(|error| panic!("{what}: {error}"));
    store.retire().expect("memory");
    assert_eq!(load(&store, &next).expect("whole"), state(number + 1), "{what}");
    let report = store.verify().expect("memory");
    assert_eq!((report.unnamed, report.is_whole()), (0, true), "{what}: {report:?}");
    assert!(report.manifests.len() <= 2, "{what}");
    number > done
}

/// A failed upload is tried again by the next call: no record is lost.
#[test]
fn a_draft_survives_a_failed_upload() {
    let mut failed = 0;
    for n in 4..30 {
        let objects = Objects::new();
        let faulty = Faulty::new(objects.memory.clone(), n, Fault::Fail);
        let store = Store::open(&Location::objects("faulty", Arc::new(faulty)), settings()).expect("later");
        let mut draft = store.begin(None).expect("new");
        let all = state(1);
        for (group, records) in all.iter().enumerate() {
            for (key, value) in records {
                failed += usize::from(draft.put(group, key, value).is_err());
            }
            failed += usize::from(draft.finish(group).is_err());
        }
        let Ok(manifest) = draft.commit(1, b"") else { continue };
        assert_eq!(
            load(&Store::open(&objects.location(), settings()).expect("memory"), &manifest).expect("whole"),
            all
        );
    }
    assert!(failed > 5, "only {failed} uploads failed");
}

/// A commit of which it is not known whether it was done does not shut out the writer that made it.
#[test]
fn a_writer_goes_on_after_a_commit_that_failed() {
    for fault in [Fault::Fail, Fault::Late] {
        let (mut n, mut failed, mut there) = (4, 0, 0);
        loop {
            let objects = Objects::new();
            let faulty = Faulty::new(objects.memory.clone(), n, fault);
            let location = Location::objects("faulty", Arc::new(faulty.clone()));
            let Ok(store) = Store::open(&location, settings()) else {
                n += 1;
                continue;
            };
            let mut numbers = Vec::new();
            for step in 1..5 {
                // Without a base all is written anew, so nothing has to be known of what failed.
                let Ok(mut draft) = store.begin(None) else { continue };
                if write(&mut draft, &state(0), &state(step)).is_ok()
                    && let Ok(manifest) = draft.commit(step, b"")
                {
                    numbers.push(manifest.number());
                }
            }
            if !faulty.injected() {
                break;
            }
            assert!(numbers.len() >= 3, "{fault:?} at {n}: only one of four may fail: {numbers:?}");
            failed += 4 - numbers.len();
            // A number that nobody was told of was taken all the same.
            there += usize::from(numbers != [1, 2, 3] && numbers.len() == 3);
            n += 1;
        }
        assert!(failed > 3, "only {failed} commits failed");
        assert!(there > 0, "{fault:?}: none of those that failed was there");
    }
}
