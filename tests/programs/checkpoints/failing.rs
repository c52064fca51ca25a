//! Checkpoints that fail: by a state without bytes, and by a store.
use super::*;
use std::sync::Arc;
use thalweg_checkpoint::object_store::memory::InMemory;
use thalweg_checkpoint::testing::{Fault, Faulty};

mod hidden {
    use super::*;

    /// Can be written only while it is even.
    #[derive(Clone, Copy, serde::Deserialize)]
    pub struct Even(pub u64);
    impl serde::Serialize for Even {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            if self.0.is_multiple_of(2) {
                serializer.serialize_newtype_struct("Even", &self.0)
            } else {
                Err(serde::ser::Error::custom("it is odd"))
            }
        }
    }

    #[entity(auto)]
    pub struct Odd {
        #[key]
        pub id: u64,
        pub n: Even,
    }

    #[entity]
    impl Odd {
        pub fn new(id: u64) -> Self {
            Self { id, n: Even(0) }
        }
        pub fn step(&mut self) -> u64 {
            self.n.0 += 1;
            self.n.0
        }
    }
}

#[test]
fn a_state_without_bytes_fails_the_checkpoint_and_nothing_else() {
    use hidden::Odd;
    let (disk, store) = (Power::new(), Location::memory());
    let start = || {
        let app = App::new("odd").entity::<Odd>().workers(2).data_on(disk.clone());
        app.checkpoints_on(store.clone()).start().expect("the app starts")
    };
    let handle = start();
    (0..5).for_each(|id| assert_eq!(handle.call_blocking(Odd::at(id).step()), Ok(1)));
    let failed = handle.checkpoint();
    assert!(
        matches!(&failed, Err(Error::Storage { fault: thalweg::StorageFault::State, what }) if what.contains("`Odd`") && what.contains("odd")),
        "{failed:?}"
    );
    (0..5).for_each(|id| assert_eq!(handle.call_blocking(Odd::at(id).step()), Ok(2)));
    handle.checkpoint().expect("all are even");
    assert_eq!(handle.call_blocking(Odd::at(0).step()), Ok(3));
    handle.checkpoint().expect_err("one is odd again");
    disk.cut(0);
    drop(handle);
    let handle = start();
    assert_eq!((0..2).map(|id| handle.call_blocking(Odd::at(id).step())).collect::<Vec<_>>(), [Ok(4), Ok(3)]);
}

#[test]
fn a_store_that_fails_fails_one_checkpoint_and_not_the_next() {
    let mut injected = 0;
    for at in 0..60 {
        let sound = Arc::new(InMemory::new());
        let faulty = Faulty::new(sound.clone(), at, Fault::Fail);
        let (disk, store) = (Power::new(), Location::objects("faulty", Arc::new(faulty.clone())));
        // The start looks into the store, too.
        let Ok(handle) = app(&disk, &store, 2).start() else {
            injected += usize::from(faulty.injected());
            continue;
        };
        let taken = (0..3).map(|n| {
            work(&handle, &mut Draw::new(n), 30);
            handle.checkpoint()
        });
        let failed: Vec<Error> = taken.filter_map(Result::err).collect();
        injected += failed.len();
        assert!(failed.len() <= 1, "operation {at} fails once: {failed:?}");
        let before = state(&handle);
        disk.cut(at);
        drop(handle);
        let store = Location::objects("sound", sound);
        assert_eq!(state(&start(&disk, &store, 3)), before, "operation {at}");
    }
    assert!(injected > 20, "{injected} faults are no test");
}

mod large {
    use super::*;

    #[entity(auto)]
    pub struct Text {
        #[key]
        pub id: u64,
        pub text: String,
    }

    #[entity]
    impl Text {
        pub fn new(id: u64) -> Self {
            Self { id, text: String::new() }
        }
        pub fn fill(&mut self, length: usize) {
            self.text = "x".repeat(length);
        }
    }
}

/// A part that is full is uploaded while the workers still save: they go on to their end.
#[test]
fn a_store_that_fails_while_workers_save_leaves_them_ready_for_the_next_cut() {
    use large::Text;
    const ALL: u64 = 60_000;
    let mut failed = 0;
    for at in 4..8 {
        let faulty = Faulty::new(Arc::new(InMemory::new()), at, Fault::Fail);
        let (disk, store) = (Power::new(), Location::objects("faulty", Arc::new(faulty)));
        let app = App::new("texts").entity::<Text>().workers(2).data_on(disk).checkpoints_on(store);
        let Ok(handle) = app.start() else { continue };
        // What changed last is saved first, and the rest takes the workers a while.
        let fill = |n: u64| Text::at(n).fill(if n + 4 > ALL { 9 << 20 } else { 1 });
        let filled = handle.submit_all((0..ALL).map(fill)).and_then(thalweg::Replies::wait);
        assert!(filled.expect("it is answered").iter().all(Result::is_ok));
        let all: Vec<_> = (0..3).map(|_| handle.checkpoint()).collect();
        let errors = all.iter().filter(|one| one.is_err()).count();
        assert!(errors <= 1, "operation {at}: {all:?}");
        failed += errors;
        handle.stop().expect("nothing else fails");
    }
    assert!(failed > 1, "only {failed} checkpoints failed");
}
