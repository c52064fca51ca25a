//! Who may write: one writer, to a store that refuses to create twice, of one log.
use crate::support::{ID, Objects, load_group, small};
use std::sync::Arc;
use thalweg_checkpoint::object_store::memory::InMemory;
use thalweg_checkpoint::testing::Careless;
use thalweg_checkpoint::{Error, Location, MOST_BYTES, Manifest, Settings, Store};

fn commit(store: &Store, base: Option<&Manifest>, key: &str) -> Result<Manifest, Error> {
    let mut draft = store.begin(base)?;
    draft.put(0, key.as_bytes(), b"")?;
    draft.commit(1, key.as_bytes())
}

fn keys(store: &Store, manifest: &Manifest) -> Vec<String> {
    let group = load_group(store, manifest, 0).expect("whole");
    group.into_keys().map(|key| String::from_utf8(key).expect("of a test")).collect()
}

#[test]
fn the_second_of_two_writers_is_fenced() {
    let objects = Objects::new();
    let [one, two] = [0, 1].map(|_| Store::open(&objects.location(), small(1)).expect("memory"));
    let first = commit(&one, None, "one").expect("the first");
    let error = commit(&two, None, "two").expect_err("the second");
    assert!(matches!(error, Error::Fenced { .. }), "{error}");
    assert!(error.to_string().contains("test/manifests/00000000000000000001"), "{error}");
    // Nor by building on what the other one has written, unless it opens the store again.
    let error = commit(&two, Some(&first), "two").expect_err("fenced");
    assert!(matches!(error, Error::Fenced { .. }), "{error}");
    assert_eq!(keys(&two, &two.newest().expect("memory").expect("one")), ["one"]);
    let again = Store::open(&objects.location(), small(1)).expect("memory");
    let second = commit(&again, Some(&first), "two").expect("opened again");
    assert_eq!(keys(&again, &second), ["one", "two"]);
    let error = commit(&one, Some(&first), "late").expect_err("now the first one is late");
    assert!(matches!(error, Error::Fenced { .. }), "{error}");
    assert_eq!(again.verify().expect("memory").manifests.len(), 2);
}

/// Whoever slept so long that its number was removed again finds it free.
#[test]
fn a_writer_that_slept_is_fenced() {
    let objects = Objects::new();
    let [asleep, awake] = [0, 1].map(|_| Store::open(&objects.location(), small(1)).expect("memory"));
    let mut draft = asleep.begin(None).expect("new");
    draft.put(0, b"asleep", b"").expect("memory");
    draft.finish(0).expect("memory");
    let mut base = None;
    for key in ["a", "b", "c"] {
        base = Some(commit(&awake, base.as_ref(), key).expect("awake"));
    }
    assert_eq!(awake.retire().expect("memory").parts, 1, "what the other one has uploaded");
    let before = objects.all();
    let error = draft.commit(1, b"").expect_err("number 1 is free, but 3 is there");
    assert!(
        matches!(&error, Error::Fenced { object } if object.ends_with("00000000000000000003")),
        "{error}"
    );
    assert_eq!(objects.all(), before, "nothing is left");
}

#[test]
fn two_drafts_of_one_store_cannot_both_be_committed() {
    let store = Store::open(&Location::memory(), small(1)).expect("memory");
    let drafts = [0, 1].map(|_| store.begin(None).expect("new"));
    let [one, two] = drafts.map(|draft| draft.commit(1, b"the same"));
    one.expect("the first");
    assert!(matches!(two, Err(Error::Fenced { .. })), "{two:?}");
}

#[test]
fn a_draft_builds_on_the_newest_manifest() {
    let store = Store::open(&Location::memory(), small(1)).expect("memory");
    let first = commit(&store, None, "a").expect("memory");
    let second = commit(&store, Some(&first), "b").expect("memory");
    let error = store.begin(Some(&first)).expect_err("it is old");
    assert!(matches!(error, Error::Stale { base: 1, newest: 2 }), "{error}");
    assert_eq!(keys(&store, &second), ["a", "b"]);
}

#[test]
fn a_store_that_creates_twice_is_refused() {
    let memory = Arc::new(InMemory::new());
    let careless = Location::objects("careless", Arc::new(Careless::new(memory.clone())));
    let error = Store::open(&careless, small(1)).expect_err("it would overwrite");
    assert!(matches!(&error, Error::Unconditional { location, .. } if location == "careless"), "{error}");
    Store::open_read_only(&careless, small(1)).expect("reading does no harm");
}

#[test]
fn the_probe_is_removed() {
    let objects = Objects::new();
    Store::open(&objects.location(), small(1)).expect("memory");
    assert_eq!(objects.names(), [""; 0]);
    let careless = Location::objects("careless", Arc::new(Careless::new(objects.memory.clone())));
    Store::open(&careless, small(1)).expect_err("it would overwrite");
    assert_eq!(objects.names(), [""; 0]);
}

#[test]
fn another_log_is_foreign() {
    let objects = Objects::new();
    let store = Store::open(&objects.location(), small(1)).expect("memory");
    commit(&store, None, "a").expect("memory");
    let other = Settings { id: Some([9; 16]), ..small(1) };
    let error = Store::open(&objects.location(), other.clone()).expect_err("another log");
    assert!(matches!(error, Error::Foreign { found: ID, wanted: [9, ..], .. }), "{error}");
    let reader = Store::open_read_only(&objects.location(), other).expect("nothing is read");
    assert!(matches!(reader.newest(), Err(Error::Foreign { .. })));
    assert!(matches!(reader.manifests(), Err(Error::Foreign { .. })));
    // Who does not care takes what is there: also how many groups it has.
    let any = Store::open(&objects.location(), Settings { groups: 5, ..Settings::default() }).expect("any");
    assert_eq!((any.id(), any.groups()), (Some(ID), Some(1)));
}

#[test]
fn a_new_store_draws_an_id_of_its_own() {
    let [one, two] = [0, 1].map(|_| Store::open(&Location::memory(), Settings::default()).expect("memory"));
    assert_ne!(one.id(), two.id());
    let manifest = commit(&one, None, "a").expect("memory");
    assert_eq!(Some(manifest.id()), one.id());
    let error = two.begin(Some(&commit(&two, None, "b").expect("memory"))).map(|_| ());
    error.expect("its own");
    assert!(matches!(two.begin(Some(&manifest)), Err(Error::Foreign { .. })));
}

#[test]
fn a_reader_writes_nothing() {
    let objects = Objects::new();
    let store = Store::open(&objects.location(), small(1)).expect("memory");
    for key in ["a", "b", "c"] {
        commit(&store, None, key).expect("memory");
    }
    let before = objects.all();
    let reader = Store::open_read_only(&objects.location(), small(1)).expect("memory");
    assert!(matches!(reader.begin(None), Err(Error::ReadOnly { .. })));
    assert!(matches!(reader.retire(), Err(Error::ReadOnly { .. })));
    let newest = reader.newest().expect("memory").expect("three");
    assert_eq!(keys(&reader, &newest), ["c"]);
    assert!(reader.verify().expect("memory").is_whole());
    assert_eq!(objects.all(), before);
}

#[test]
fn the_manifest_of_an_epoch_is_found() {
    let store = Store::open(&Location::memory(), small(1)).expect("memory");
    assert_eq!(store.at_or_before(u64::MAX).expect("memory"), None);
    for epoch in [10, 20, 20, 30] {
        store.begin(None).expect("new").commit(epoch, b"").expect("memory");
    }
    let number = |epoch| store.at_or_before(epoch).expect("memory").map(|manifest| manifest.number());
    assert_eq!(
        [9, 10, 19, 20, 29, 30, 99].map(number),
        [None, Some(1), Some(1), Some(3), Some(3), Some(4), Some(4)]
    );
    let heads: Vec<_> =
        store.manifests().expect("memory").iter().map(|head| (head.number, head.epoch)).collect();
    assert_eq!(heads, [(1, 10), (2, 20), (3, 20), (4, 30)]);
    assert!(matches!(store.manifest(5), Err(Error::Missing { .. })));
}

#[test]
fn what_is_too_large_is_refused_and_the_draft_goes_on() {
    let store = Store::open(&Location::memory(), small(1)).expect("memory");
    let large = vec![0; MOST_BYTES + 1];
    let mut draft = store.begin(None).expect("new");
    let errors = [draft.put(0, b"", &large), draft.put(0, &large[1..], b"1"), draft.delete(0, &large)];
    for error in errors {
        assert!(matches!(error, Err(Error::TooLarge { what: "record", most: MOST_BYTES, .. })), "{error:?}");
    }
    draft.put(0, b"small", b"").expect("memory");
    let manifest = draft.commit(1, b"").expect("memory");
    assert_eq!(keys(&store, &manifest), ["small"]);
    let late = store.begin(Some(&manifest)).expect("the newest").commit(1, &large);
    assert!(matches!(late, Err(Error::TooLarge { what: "caller's bytes", .. })), "{late:?}");
    assert_eq!(store.newest().expect("memory"), Some(manifest));
}

#[test]
#[should_panic(expected = "group 1 of a draft that has 1")]
fn a_group_that_is_not_there_is_a_mistake_of_the_caller() {
    let store = Store::open(&Location::memory(), small(1)).expect("memory");
    let _ = store.begin(None).expect("new").put(1, b"", b"");
}
