//! Every byte of every object is changed, and every object is cut off at every length. One test binary of its own: what is
//! allocated is measured.
#[path = "checkpoint/support.rs"]
mod support;

use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use std::alloc::System;
use std::collections::BTreeMap;
use support::{Objects, State, load, small};
use thalweg_checkpoint::{Error, Settings, Store};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Three checkpoints: of the newest one, a group is whole and another one has changes, in parts of several blocks.
fn store() -> (Objects, Store, State) {
    let objects = Objects::new();
    let settings = Settings { part_bytes: 400, ..small(2) };
    let store = Store::open(&objects.location(), settings).expect("memory");
    let mut base = None;
    for epoch in 1..4_u8 {
        let mut draft = store.begin(base.as_ref()).expect("the newest");
        if base.is_none() || epoch == 3 {
            draft.rewrite(1);
            for key in 0..20 {
                draft.put(1, &[epoch, key], &[key; 7]).expect("memory");
            }
        }
        if base.is_none() {
            for key in 0..60 {
                draft.put(0, &[key], &[key; 9]).expect("memory");
            }
            draft.put(0, b"large", &vec![1; 400]).expect("memory");
        } else {
            draft.put(0, b"large", &[epoch]).expect("memory");
            draft.delete(0, &[epoch]).expect("memory");
            draft.delete_prefix(0, &[epoch + 10]).expect("memory");
        }
        base = Some(draft.commit(u64::from(epoch), b"the caller's").expect("memory"));
    }
    let state = load(&store, &base.expect("three")).expect("whole");
    (objects, store, state)
}

/// Reads the newest state, with bounded memory.
fn read(store: &Store, bytes: usize) -> Result<State, Error> {
    let region = Region::new(ALLOCATOR);
    let read = store.newest().and_then(|newest| load(store, &newest.expect("its name is there")));
    let allocated = region.change().bytes_allocated;
    assert!(allocated < bytes + (1 << 20), "{allocated} bytes were allocated for {bytes}");
    read
}

/// What may be said of an object that was changed.
fn is_typed(error: &Error, name: &str) -> bool {
    let (Error::Damaged { object, .. } | Error::Format { object, .. } | Error::Foreign { object, .. }) =
        error
    else {
        return false;
    };
    *object == format!("test/{name}") && error.to_string().contains(name)
}

/// Which of the objects the newest checkpoint needs: without any other one it is read.
fn needed(objects: &Objects, store: &Store, all: &BTreeMap<String, Vec<u8>>) -> Vec<String> {
    let mut needed = Vec::new();
    for (name, bytes) in all {
        objects.remove(name);
        // Without its manifest, another one is the newest.
        let last = name == "manifests/00000000000000000003";
        match read(store, 10_000) {
            Err(Error::Missing { object }) if object == format!("test/{name}") => needed.push(name.clone()),
            Ok(_) if last => needed.push(name.clone()),
            Ok(_) => {}
            Err(error) => panic!("without {name}: {error}"),
        }
        objects.put(name, bytes.clone());
    }
    needed
}

#[test]
fn damage_is_found_and_allocates_little() {
    let (objects, store, state) = store();
    let all = objects.all();
    let bytes = all.values().map(Vec::len).sum();
    let needed = needed(&objects, &store, &all);
    assert!(needed.len() >= 7 && needed.len() < all.len(), "{needed:?} of {:?}", all.keys());
    let check = |name: &String, changed: Vec<u8>, what: &str| {
        objects.put(name, changed);
        match read(&store, bytes) {
            Ok(read) => {
                assert!(!needed.contains(name), "{name}: {what} was not found");
                assert_eq!(read, state, "{name}: {what}");
            }
            Err(error) => assert!(needed.contains(name) && is_typed(&error, name), "{name}: {what}: {error}"),
        }
        let report = store.verify().expect("memory");
        assert!(report.manifests.len() < 3, "{name}: {what}: not all are whole");
        let problems = report.problems;
        assert!(!problems.is_empty(), "{name}: {what} was not found by verify");
        assert!(problems.iter().all(|problem| is_typed(problem, name)), "{name}: {what}: {problems:?}");
    };
    let mut checked = 0;
    for (name, good) in &all {
        for at in 0..good.len() {
            for flip in [0x01, 0x80, 0xff] {
                let mut changed = good.clone();
                changed[at] ^= flip;
                check(name, changed, &format!("{flip:#x} at {at}"));
                checked += 1;
            }
            check(name, good[..at].to_vec(), &format!("cut off at {at}"));
        }
        check(name, [good.as_slice(), &[0]].concat(), "a byte more");
        // What has the right size and a right beginning, but stands in another object's place.
        for (other, changed) in &all {
            if other != name {
                check(name, changed.clone(), &format!("{other} in its place"));
            }
        }
        objects.put(name, good.clone());
    }
    // A part of another size is not even read.
    let name = needed.iter().find(|name| name.starts_with("parts")).expect("a part");
    objects.put(name, vec![0; 1 << 20]);
    let error = read(&store, bytes).expect_err("it is too large");
    assert!(error.to_string().contains("it has 1048576 bytes, and its manifest says"), "{error}");
    objects.put(name, all[name].clone());
    assert!(checked > 4000, "only {checked} changes");
    assert_eq!(read(&store, bytes).expect("all is mended"), state);
    assert!(store.verify().expect("memory").is_whole());
}
