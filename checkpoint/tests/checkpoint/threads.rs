//! Groups are loaded by several threads at the same time.
use crate::support::{Group, load_group, small};
use std::sync::Barrier;
use std::thread;
use thalweg_checkpoint::{Location, Settings, Store};

fn group(number: usize) -> Group {
    (0..500_usize).map(|key| (key.to_be_bytes().to_vec(), (number * key).to_be_bytes().to_vec())).collect()
}

fn four_threads_load(location: &Location) {
    let settings = Settings { part_bytes: 2000, ..small(8) };
    let store = Store::open(location, settings.clone()).expect("opened");
    let mut draft = store.begin(None).expect("new");
    for number in 0..8 {
        for (key, value) in group(number) {
            draft.put(number, &key, &value).expect("uploaded");
        }
    }
    let manifest = draft.commit(1, b"").expect("committed");
    let (barrier, store) = (Barrier::new(4), Store::open_read_only(location, settings).expect("opened"));
    thread::scope(|scope| {
        for thread in 0..4 {
            let (barrier, store, manifest) = (&barrier, &store, &manifest);
            scope.spawn(move || {
                barrier.wait();
                for number in (0..8).cycle().skip(thread * 2).take(16) {
                    assert_eq!(load_group(store, manifest, number).expect("whole"), group(number));
                }
            });
        }
    });
}

#[test]
fn four_threads_load_from_memory() {
    four_threads_load(&Location::memory());
}

#[test]
fn four_threads_load_from_a_directory() {
    let dir = crate::directory::Dir::new("threads");
    four_threads_load(&Location::directory(dir.path()));
}
