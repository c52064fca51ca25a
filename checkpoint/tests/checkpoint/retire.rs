//! What is kept, what is removed, and when a group is written whole.
use crate::support::{Objects, load_group, small};
use std::collections::BTreeSet;
use thalweg_checkpoint::{Error, Manifest, Settings, Store};

fn commit(store: &Store, base: Option<&Manifest>, key: &[u8]) -> Manifest {
    let mut draft = store.begin(base).expect("the newest");
    draft.put(0, key, &[1; 200]).expect("memory");
    draft.commit(1, b"").expect("memory")
}

#[test]
fn nothing_that_a_kept_manifest_names_is_removed() {
    for keep in 1..4 {
        let objects = Objects::new();
        let settings = Settings { keep, most_deltas: 3, ..small(1) };
        let store = Store::open(&objects.location(), settings).expect("memory");
        let mut base = None;
        for step in 0..12_u8 {
            base = Some(commit(&store, base.as_ref(), &[step]));
            let removed = store.retire().expect("memory");
            assert_eq!(removed.manifests, usize::from(usize::from(step) >= keep));
            let heads = store.manifests().expect("memory");
            assert_eq!(heads.len(), keep.min(usize::from(step) + 1));
            let report = store.verify().expect("memory");
            assert_eq!((report.unnamed, report.is_whole()), (0, true), "{report:?}");
            // Most are deltas on top of each other: what was put long ago is there.
            for head in heads {
                let manifest = store.manifest(head.number).expect("memory");
                let first = load_group(&store, &manifest, 0).expect("whole").into_keys().next_back();
                assert_eq!(first, Some(vec![u8::try_from(head.number).expect("few") - 1]));
            }
        }
        assert_eq!(store.retire().expect("memory"), Default::default(), "there is nothing left to remove");
    }
}

#[test]
fn a_draft_in_progress_is_left_alone() {
    let objects = Objects::new();
    let store = Store::open(&objects.location(), small(1)).expect("memory");
    let mut base = commit(&store, None, b"a");
    for _ in 0..3 {
        base = commit(&store, Some(&base), b"b");
    }
    let mut draft = store.begin(Some(&base)).expect("the newest");
    draft.put(0, b"late", b"1").expect("memory");
    draft.finish(0).expect("memory");
    let removed = store.retire().expect("memory");
    assert_eq!(removed.manifests, 2);
    draft.put(0, b"later", b"2").expect("memory");
    let manifest = draft.commit(2, b"").expect("memory");
    let keys: BTreeSet<_> = load_group(&store, &manifest, 0).expect("whole").into_keys().collect();
    assert!(keys.contains(b"late".as_slice()) && keys.contains(b"later".as_slice()));
}

#[test]
fn a_dropped_draft_is_removed_once_its_number_is_taken() {
    let objects = Objects::new();
    let store = Store::open(&objects.location(), small(1)).expect("memory");
    let mut draft = store.begin(None).expect("new");
    draft.put(0, b"dropped", b"").expect("memory");
    draft.finish(0).expect("memory");
    drop(draft);
    assert_eq!(store.retire().expect("memory").parts, 0, "nothing is committed");
    assert_eq!(store.verify().expect("memory").unnamed, 1);
    commit(&store, None, b"a");
    assert_eq!(store.retire().expect("memory").parts, 1);
}

/// A directory may forget that parts were removed when the power goes.
#[test]
fn parts_that_come_back_are_removed_again() {
    let objects = Objects::new();
    let store = Store::open(&objects.location(), Settings { keep: 1, ..small(1) }).expect("memory");
    commit(&store, None, b"a");
    let second = commit(&store, None, b"b");
    let before = objects.all();
    store.retire().expect("memory");
    for (name, bytes) in before.iter().filter(|(name, _)| name.starts_with("parts")) {
        objects.put(name, bytes.clone());
    }
    assert_eq!(store.verify().expect("memory").unnamed, 1);
    assert_eq!(load_group(&store, &second, 0).expect("whole").len(), 1);
    assert_eq!(store.retire().expect("memory").parts, 1);
}

#[test]
fn nothing_is_removed_when_a_kept_manifest_is_damaged() {
    let objects = Objects::new();
    let store = Store::open(&objects.location(), small(1)).expect("memory");
    let mut base = None;
    for _ in 0..4 {
        base = Some(commit(&store, base.as_ref(), b"a"));
    }
    let name = "manifests/00000000000000000003";
    let mut bytes = objects.get(name);
    bytes[100] ^= 1;
    objects.put(name, bytes);
    let before = objects.all();
    let error = store.retire().expect_err("it is not known what 3 names");
    assert!(matches!(&error, Error::Damaged { object, .. } if object.ends_with(name)), "{error}");
    assert_eq!(objects.all(), before);
}

#[test]
fn a_group_is_written_whole_when_changes_have_outgrown_it() {
    let objects = Objects::new();
    let store = Store::open(&objects.location(), small(2)).expect("memory");
    let mut draft = store.begin(None).expect("new");
    assert!(draft.wants_whole(0) && draft.wants_whole(1), "without a base");
    draft.put(0, b"whole", &[0; 4000]).expect("memory");
    let mut base = draft.commit(1, b"").expect("memory");
    let mut deltas = 0;
    loop {
        let mut draft = store.begin(Some(&base)).expect("the newest");
        assert!(!draft.wants_whole(1), "there is nothing in it");
        if draft.wants_whole(0) {
            break;
        }
        draft.put(0, b"delta", &[0; 400]).expect("memory");
        base = draft.commit(1, b"").expect("memory");
        deltas += 1;
    }
    let extent = base.extent(0);
    assert_eq!((extent.whole_parts, extent.delta_parts, extent.records), (1, deltas, 1 + deltas as u64));
    assert!(extent.delta_bytes > extent.whole_bytes / 2 && deltas == 5, "{deltas}: {extent:?}");
    // Who does not ask only puts changes.
    let mut draft = store.begin(Some(&base)).expect("the newest");
    draft.put(0, b"new", b"").expect("memory");
    let base = draft.commit(1, b"").expect("memory");
    assert_eq!(load_group(&store, &base, 0).expect("whole").len(), 3);
    // What is not put again is gone.
    let mut draft = store.begin(Some(&base)).expect("the newest");
    assert!(draft.wants_whole(0));
    draft.put(0, b"new", b"").expect("memory");
    let whole = draft.commit(1, b"").expect("memory");
    assert_eq!(whole.extent(0).delta_parts, 0);
    assert_eq!(load_group(&store, &whole, 0).expect("whole").len(), 1);
}

/// However small they are, not too many parts are read; and not all groups are written whole at once.
#[test]
fn a_group_is_written_whole_when_its_changes_are_many() {
    let objects = Objects::new();
    let settings = Settings { most_deltas: 8, ..small(8) };
    let store = Store::open(&objects.location(), settings).expect("memory");
    let mut base = None;
    let mut wholes = Vec::new();
    for _ in 0..60 {
        let mut draft = store.begin(base.as_ref()).expect("the newest");
        wholes.push(0);
        for group in 0..8 {
            let bytes = if draft.wants_whole(group) { 100_000 } else { 1 };
            *wholes.last_mut().expect("pushed") += usize::from(bytes > 1);
            draft.put(group, b"key", &vec![0; bytes]).expect("memory");
        }
        let manifest = draft.commit(1, b"").expect("memory");
        assert!((0..8).all(|group| manifest.extent(group).delta_parts <= 8), "{:?}", manifest.extent(0));
        base = Some(manifest);
    }
    assert_eq!(wholes[0], 8);
    assert!(wholes[1..].iter().all(|&wholes| wholes < 8), "{wholes:?}");
    assert!(wholes[1..].iter().sum::<usize>() > 40, "{wholes:?}");
}
