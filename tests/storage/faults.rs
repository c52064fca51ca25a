//! What may go wrong with a disk, against a whole app: each operation fails, bytes are wrong, files are cut, power goes.
//!
//! What was acknowledged is there afterwards, once, or the start is refused with a typed error. `THALWEG_FAULTS` says how many
//! faults of each kind there are; they are spread over all places where they can be.
use crate::folder::{Folder, copy};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use thalweg::prelude::*;
use thalweg::sink::Memory;
use thalweg::{Error, StorageFault};
use thalweg_checkpoint::Location;
use thalweg_checkpoint::object_store::memory::InMemory;
use thalweg_checkpoint::testing::{Fault as StoreFault, Faulty as FaultyStore};
use thalweg_log::testing::{Draw, Fault, Faulty, Power};

mod till {
    use super::*;

    #[entity(auto)]
    pub struct Till {
        #[key]
        pub id: u32,
        pub coins: i64,
        pub notes: Vec<u32>,
    }

    #[entity]
    impl Till {
        pub fn new(id: u32) -> Self {
            Self { id, coins: 0, notes: Vec::new() }
        }
        pub fn put(&mut self, note: u32) -> usize {
            self.coins += i64::from(note);
            self.notes.push(note);
            thalweg::emit("notes", &note);
            self.notes.len()
        }
        pub async fn both(&mut self, other: Ref<Till>, note: u32) -> usize {
            other.put(note).await;
            self.put(note)
        }
        pub fn notes(&self) -> Vec<u32> {
            self.notes.clone()
        }
    }
}
use till::Till;

const TILLS: u32 = 6;

fn amount() -> u64 {
    let amount = std::env::var("THALWEG_FAULTS").ok().map(|text| text.parse().expect("a number"));
    amount.unwrap_or(24)
}

fn app(sink: &Memory, workers: usize) -> App {
    App::new("tills").entity::<Till>().workers(workers).seed(1).sink("notes", sink.clone())
}

/// What was acknowledged: the notes; and those of which nobody knows.
#[derive(Default)]
struct Known {
    acknowledged: Vec<u32>,
    undecided: Vec<u32>,
}

impl Known {
    /// Asks for some notes, one after the other, until one is not taken. Each is in two tills.
    fn work(&mut self, app: &Handle, notes: std::ops::Range<u32>) {
        for note in notes {
            let (one, other) = (Till::at(note % TILLS), Till::at((note + 1 + note % 3) % TILLS));
            match app.call_blocking(one.both(other, note)) {
                Ok(_) => self.acknowledged.push(note),
                // A full disk has not taken it, and heals.
                Err(Error::Storage { fault: StorageFault::Full, .. }) => {}
                Err(_) => return self.undecided.push(note),
            }
            if note % 7 == 6 {
                // It may fail, and harms nothing.
                let _ = app.checkpoint();
            }
        }
    }

    /// Every note that was acknowledged is in two tills once, in order, and so is one that is undecided, or in none.
    fn check(&self, app: &Handle, what: &str) {
        let mut found = Vec::new();
        for id in 0..TILLS {
            let notes =
                app.call_blocking(Till::at(id).notes()).unwrap_or_else(|error| panic!("{what}: {error}"));
            assert!(notes.is_sorted(), "{what}: {notes:?}");
            found.extend(notes);
        }
        found.sort_unstable();
        let twice = |note: &u32| [*note, *note];
        let mut expected: Vec<u32> = self.acknowledged.iter().flat_map(twice).collect();
        expected.extend(self.undecided.iter().filter(|note| found.contains(note)).flat_map(twice));
        expected.sort_unstable();
        assert_eq!(found, expected, "{what}");
    }
}

#[test]
fn whatever_operation_of_the_disk_fails_nothing_is_lost() {
    let (mut injected, mut operations) = (0, 0);
    for fault in [Fault::Fail, Fault::Short, Fault::Full, Fault::Off] {
        // How many operations there are is known after the first.
        let mut all = 1;
        for n in 0..amount() {
            let at = n * all / amount();
            let (power, store, sink) = (Power::new(), Location::memory(), Memory::new());
            let mut known = Known::default();
            let what = format!("{fault:?} at {at}");
            let disk = Faulty::new(power.clone(), at, fault);
            let on = |workers| app(&sink, workers).checkpoints_on(store.clone());
            let started = on(1 + (at % 2) as usize).data_on(disk.clone()).start();
            match started {
                Ok(app) => {
                    known.work(&app, 0..20);
                    let _ = app.stop();
                }
                Err(error) => assert!(matches!(error, Error::Storage { .. }), "{what}: {error:?}"),
            }
            if n == 0 {
                // The first has failed at once; the next are spread over what a life without a fault does.
                let sound = Faulty::new(Power::new(), u64::MAX, fault);
                let app = app(&Memory::new(), 1).checkpoints_on(Location::memory()).data_on(sound.clone());
                let app = app.start().expect("it starts");
                Known::default().work(&app, 0..20);
                app.stop().expect("stopped");
                all = sound.operations();
                operations = all;
            }
            injected += u64::from(disk.injected());
            // Half of the time the power goes, too.
            if at % 2 == 1 {
                power.cut(at);
            }
            let app = on(2).data_on(power.clone()).start().unwrap_or_else(|error| panic!("{what}: {error}"));
            known.check(&app, &what);
            known.work(&app, 100..104);
            known.check(&app, &what);
            app.stop().expect("stopped");
            let mut emitted: Vec<u32> =
                sink.events().iter().map(|event| event.body.parse().expect("a number")).collect();
            let count = emitted.len();
            emitted.sort_unstable();
            emitted.dedup();
            assert_eq!(emitted.len() * 2, count, "{what}: each is emitted twice, by two tills");
        }
    }
    println!("{injected} faults in {operations} operations");
    assert!(injected > amount() * 3, "only {injected} faults have happened");
}

#[test]
fn whatever_operation_of_the_object_store_fails_nothing_is_lost() {
    let mut injected = 0;
    let faults = [StoreFault::Fail, StoreFault::Late, StoreFault::Off, StoreFault::LateOff];
    for fault in faults {
        for n in 0..amount() {
            let at = n * 160 / amount();
            let (power, objects, sink) = (Power::new(), Arc::new(InMemory::new()), Memory::new());
            let faulty = Arc::new(FaultyStore::new(objects.clone(), at, fault));
            let what = format!("{fault:?} at {at}");
            let mut known = Known::default();
            let store = Location::objects("faulty", faulty.clone());
            match app(&sink, 1).checkpoints_on(store).data_on(power.clone()).start() {
                Ok(app) => {
                    known.work(&app, 0..30);
                    assert_eq!(known.acknowledged.len(), 30, "{what}: requests need no checkpoint");
                    let _ = app.stop();
                }
                Err(error) => assert!(matches!(error, Error::Storage { .. }), "{what}: {error:?}"),
            }
            injected += u64::from(faulty.injected());
            let sound = Location::objects("sound", objects);
            let app = app(&sink, 2).checkpoints_on(sound).data_on(power).start();
            let app = app.unwrap_or_else(|error| panic!("{what}: {error}"));
            known.check(&app, &what);
            app.stop().unwrap_or_else(|error| panic!("{what}: {error}"));
        }
    }
    assert!(injected > amount(), "only {injected} faults have happened");
}

/// A directory with a checkpoint and a log behind it, and what it has.
fn made(folder: &Folder) -> (PathBuf, Known) {
    let (data, mut known) = (folder.dir("made"), Known::default());
    let app = app(&Memory::new(), 2).data_dir(&data).start().expect("it starts");
    known.work(&app, 0..12);
    app.checkpoint().expect("taken");
    known.work(&app, 12..20);
    // As it is while the app runs.
    copy(&data, &folder.dir("left"));
    app.stop().expect("stopped");
    (folder.dir("left"), known)
}

fn files(folder: &Path, suffix: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("read").path();
        if path.is_dir() {
            found.extend(files(&path, suffix));
        } else if path.to_str().is_some_and(|name| name.contains(suffix)) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Starts from this directory: it has all of it, or it is refused for damage. Whether it was.
fn refused(data: &Path, known: &Known, what: &str) -> bool {
    let sink = Memory::new();
    // The sink is another one, so what it lacks is refused, too; what counts is the state.
    let plain =
        App::new("tills").entity::<Till>().seed(1).sink("notes", sink).data_dir(data).at_epoch(last(data));
    match plain.start() {
        Ok(app) => {
            known.check(&app, what);
            false
        }
        Err(Error::Storage { fault, what: text }) => {
            assert!(
                matches!(
                    fault,
                    StorageFault::Damaged
                        | StorageFault::Release
                        | StorageFault::Foreign
                        | StorageFault::Absent
                ),
                "{what}: {fault:?} {text}"
            );
            true
        }
        Err(error) => panic!("{what}: {error}"),
    }
}

/// The last epoch that a sound log of `made` has.
fn last(data: &Path) -> u64 {
    let text = std::fs::read_to_string(data.join("last")).expect("it was noted");
    text.parse().expect("a number")
}

fn note_last(data: &Path) {
    let last = thalweg::data_dir::DataDir::at(data).inspect().expect("sound").log.last_epoch.expect("some");
    std::fs::write(data.join("last"), last.to_string()).expect("written");
}

#[test]
fn a_wrong_byte_or_a_cut_file_is_never_taken_for_another_state() {
    let folder = Folder::new("bytes");
    let (data, known) = made(&folder);
    note_last(&data);
    assert!(!refused(&data, &known, "nothing is wrong"));
    let (mut draw, mut found, mut tried) = (Draw::new(5), 0, 0);
    for part in [".log", "manifests/", "parts/"] {
        for n in 0..amount() {
            let files = files(&data, part);
            let path = &files[draw.size_below(files.len())];
            let whole = std::fs::read(path).expect("read");
            // Most of a segment has never been written; what counts is near its beginning.
            let used = whole.len().clamp(1, 160 << 10);
            let mut bytes = whole.clone();
            let what = if n % 4 == 3 {
                let length = draw.size_below(used);
                bytes.truncate(length);
                format!("{} cut at {length}", path.display())
            } else {
                let at = draw.size_below(used);
                bytes[at] ^= 1 << draw.below(8);
                format!("{} wrong at {at}", path.display())
            };
            std::fs::write(path, &bytes).expect("written");
            found += u64::from(refused(&data, &known, &what));
            tried += 1;
            std::fs::write(path, &whole).expect("written");
        }
    }
    println!("{found} of {tried} refused");
    assert!(found > tried / 4, "{found} of {tried}");
    assert!(!refused(&data, &known, "all is as it was"));
}

#[test]
fn a_directory_that_cannot_be_used_says_why() {
    let folder = Folder::new("odd");
    let start = |data: &Path| app(&Memory::new(), 1).data_dir(data).start().map(drop);
    let fault = |data: &Path| match start(data) {
        Err(Error::Storage { fault, what }) => (fault, what),
        other => panic!("{}: {other:?}", data.display()),
    };
    // A file in its place.
    let file = folder.dir("file");
    std::fs::write(&file, "no folder").expect("written");
    let (found, what) = fault(&file);
    assert!(found == StorageFault::Refused && what.contains("file"), "{what}");
    // A file where a folder of it should be.
    let half = folder.dir("half");
    std::fs::create_dir_all(&half).expect("made");
    std::fs::write(half.join("checkpoints"), "no folder").expect("written");
    assert_eq!(fault(&half).0, StorageFault::Refused);
    // Files that are not its own do not matter, whatever they are called.
    let foreign = folder.dir("foreign");
    std::fs::create_dir_all(foreign.join("log")).expect("made");
    for name in ["readme.txt", "log/7.log", "log/00000000000000000001.bak", "recovering", "log/LOCK"] {
        std::fs::write(foreign.join(name), "something else").expect("written");
    }
    start(&foreign).expect("it is as good as empty");
    // A file that names no transaction.
    std::fs::write(foreign.join("skipped"), "1.2\nthree\n").expect("written");
    let (found, what) = fault(&foreign);
    assert!(found == StorageFault::Damaged && what.contains("`three`"), "{what}");
    // Places for checkpoints that are none.
    let at = |url: &str| match app(&Memory::new(), 1).data_dir(folder.dir("url")).checkpoints_at(url).start()
    {
        Err(Error::Storage { fault, what }) => (fault, what),
        other => panic!("{url}: {:?}", other.map(drop)),
    };
    for (url, says) in
        [("ftp://somewhere", "scheme"), ("s3://bucket/prefix", "feature `s3`"), ("", "no place")]
    {
        let (found, what) = at(url);
        assert!(found == StorageFault::Refused && what.contains(says), "{what}");
    }
    // What the app may not write. A superuser may, and then it starts.
    use std::os::unix::fs::PermissionsExt;
    let readable = folder.dir("readable");
    start(&readable).expect("it starts");
    let set = |mode| {
        for path in [readable.join("log"), readable.join("checkpoints"), readable.clone()] {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("set");
        }
    };
    set(0o555);
    let started = start(&readable);
    assert!(
        matches!(started, Ok(()) | Err(Error::Storage { fault: StorageFault::Refused, .. })),
        "{started:?}"
    );
    set(0o755);
    start(&readable).expect("it starts");
}
