//! Drawn drafts against a map.
use crate::independent;
use crate::support::{Group, Objects, State, load, small};
use std::collections::BTreeMap;
use thalweg_checkpoint::testing::Draw;
use thalweg_checkpoint::{Draft, Manifest, Settings, Store};

const GROUPS: usize = 3;

#[test]
fn drawn_drafts_are_read_back() {
    let mut seen = Seen::default();
    for seed in 0..60 {
        run(seed, &mut seen);
    }
    let Seen { wholes, deltas, dropped, reopened, retired, parts, blocks } = seen;
    for count in [wholes, deltas, dropped, reopened, retired] {
        assert!(count > 30, "every case happens: {wholes} {deltas} {dropped} {reopened} {retired}");
    }
    assert!(parts > 1, "no group had several parts in its whole");
    assert!(blocks, "no part had several blocks");
}

/// Which cases have happened.
#[derive(Debug, Default)]
struct Seen {
    wholes: usize,
    deltas: usize,
    dropped: usize,
    reopened: usize,
    retired: usize,
    parts: usize,
    blocks: bool,
}

fn run(seed: u64, seen: &mut Seen) {
    let mut draw = Draw::new(seed);
    let objects = Objects::new();
    let part_bytes = [1, 300, 5000, 200_000][draw.size_below(4)];
    let settings = Settings {
        part_bytes,
        keep: 1 + draw.size_below(3),
        most_deltas: 1 + draw.size_below(8),
        uploads: 1 + draw.size_below(3),
        ..small(GROUPS)
    };
    let value_bytes = [1, 20, 3000, 80_000][draw.size_below(4)];
    let mut store = Store::open(&objects.location(), settings.clone()).expect("memory");
    let mut states = BTreeMap::<u64, State>::from([(0, vec![Group::new(); GROUPS])]);
    let mut base: Option<Manifest> = None;
    for step in 0..14_u64 {
        let number = base.as_ref().map_or(0, Manifest::number);
        let mut state = states[&number].clone();
        // Now and then all is written again.
        let from = base.as_ref().filter(|_| draw.below(10) > 0);
        let mut draft = store.begin(from).expect("the newest is the base");
        for (group, records) in state.iter_mut().enumerate() {
            change(&mut draft, group, records, value_bytes, &mut draw, seen);
        }
        if draw.below(5) == 0 {
            drop(draft);
            seen.dropped += 1;
        } else {
            let info = step.to_le_bytes();
            let manifest = draft.commit(step * 10, &info).expect("memory");
            assert_eq!(
                (manifest.number(), manifest.epoch(), manifest.info()),
                (number + 1, step * 10, info.as_slice())
            );
            seen.parts = seen.parts.max(manifest.extent(0).whole_parts);
            seen.blocks |= part_bytes == 200_000 && manifest.extent(0).whole_bytes > 100_000;
            states.insert(number + 1, state);
            base = Some(manifest);
        }
        if draw.below(3) == 0 {
            seen.retired += store.retire().expect("memory").parts;
        }
        if draw.below(4) == 0 {
            store = Store::open(&objects.location(), settings.clone()).expect("memory");
            assert_eq!(store.newest().expect("memory"), base, "seed {seed}, step {step}");
            seen.reopened += 1;
        }
        for head in store.manifests().expect("memory") {
            let manifest = store.manifest(head.number).expect("memory");
            assert_eq!(
                load(&store, &manifest).expect("whole"),
                states[&head.number],
                "seed {seed}, step {step}"
            );
        }
    }
    store.retire().expect("memory");
    assert!(store.manifests().expect("memory").len() <= settings.keep);
    let report = store.verify().expect("memory");
    assert!(report.is_whole(), "{:?}", report.problems);
    let all = objects.all();
    for head in report.manifests {
        assert_eq!(
            independent::state(&all, head.number),
            states[&head.number],
            "seed {seed}: by another reader"
        );
    }
}

/// Changes a group in the draft and in the model.
fn change(
    draft: &mut Draft,
    group: usize,
    records: &mut Group,
    value_bytes: usize,
    draw: &mut Draw,
    seen: &mut Seen,
) {
    if draw.below(12) == 0 {
        draft.rewrite(group);
    }
    let key = |draw: &mut Draw| -> Vec<u8> {
        let length = draw.size_below(4);
        (0..length).map(|_| b'a' + u8::try_from(draw.below(3)).expect("3")).collect()
    };
    let value = |draw: &mut Draw| {
        let length = draw.size_below(value_bytes);
        vec![u8::try_from(draw.below(256)).expect("a byte"); length]
    };
    if draft.wants_whole(group) {
        seen.wholes += 1;
        // What is put twice, or put and deleted, is what it was made last.
        for (key, value) in &*records {
            if draw.below(4) == 0 {
                draft.put(group, key, b"stale").expect("memory");
            }
            draft.put(group, key, value).expect("memory");
        }
    } else {
        seen.deltas += 1;
    }
    for _ in 0..draw.below(10) {
        let key = key(draw);
        match draw.below(20) {
            0..12 => {
                let value = value(draw);
                draft.put(group, &key, &value).expect("memory");
                records.insert(key, value);
            }
            12..18 => {
                draft.delete(group, &key).expect("memory");
                records.remove(&key);
            }
            18 => {
                draft.delete_prefix(group, &key).expect("memory");
                records.retain(|other, _| !other.starts_with(&key));
            }
            _ => draft.finish(group).expect("memory"),
        }
    }
}
