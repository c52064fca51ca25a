//! Every sink of this crate passes the kit.
use crate::dir::Dir;
use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::{Arc, Mutex};
use thalweg_sink::testing::{self, Fault, Place, Step, Watch};
use thalweg_sink::{JsonLines, Memory, OwnedEvent, Result, Sink};

struct InMemory(Memory);

impl Place for InMemory {
    fn sink(&self) -> Box<dyn Sink> {
        Box::new(self.0.clone())
    }
    fn committed(&self) -> Result<Vec<OwnedEvent>> {
        Ok(self.0.events())
    }
    fn fail_commit(&self, fault: Fault) -> bool {
        self.0.fail_commit(fault);
        true
    }
}

struct InFiles<F> {
    dir: Dir,
    set: F,
    faults: Arc<Faults>,
}

#[derive(Default)]
struct Faults(Mutex<Option<Fault>>);

impl Watch for Faults {
    fn step(&self, step: Step<'_>, path: &Path, act: &mut dyn FnMut() -> io::Result<()>) -> io::Result<()> {
        let mut fault = self.0.lock().unwrap();
        let of_events = path.file_name().is_some_and(|name| !name.as_encoded_bytes().starts_with(b"."));
        match (*fault, step) {
            (Some(Fault::Before), Step::Write { .. }) if of_events => {}
            (Some(Fault::Within), Step::Write { offset, bytes }) if of_events => {
                let file = OpenOptions::new().write(true).open(path)?;
                file.write_all_at(&bytes[..bytes.len() / 2], offset)?;
            }
            (Some(Fault::After), Step::Sync) if of_events => act()?,
            _ => return act(),
        }
        *fault = None;
        Err(io::Error::other("injected"))
    }
}

impl<F: Fn(JsonLines) -> JsonLines> Place for InFiles<F> {
    fn sink(&self) -> Box<dyn Sink> {
        Box::new((self.set)(self.dir.sink()).watched_by(self.faults.clone()))
    }
    fn committed(&self) -> Result<Vec<OwnedEvent>> {
        crate::model::read(&self.dir)
    }
    fn fail_commit(&self, fault: Fault) -> bool {
        *self.faults.0.lock().unwrap() = Some(fault);
        true
    }
}

fn check_files(set: impl Fn(JsonLines) -> JsonLines + Copy) {
    testing::check(|| InFiles { dir: Dir::new(), set, faults: Arc::default() });
}

#[test]
fn memory() {
    testing::check(|| InMemory(Memory::new()));
}

#[test]
fn one_file() {
    check_files(|sink| sink);
}

#[test]
fn one_file_that_says_its_positions_often() {
    check_files(|sink| sink.read_at_open(700));
}

#[test]
fn many_files() {
    check_files(|sink| sink.rotate_at(1_500).read_at_open(400));
}

#[test]
fn a_file_for_each_commit() {
    check_files(|sink| sink.rotate_at(0).read_at_open(0));
}

#[test]
fn memory_keeps_the_order_between_topics() {
    let memory = Memory::new();
    let mut sink = memory.clone();
    assert_eq!((memory.generation(), sink.open(3).unwrap().is_empty()), (None, true));
    for n in 0..4 {
        crate::model::commit_round(&mut sink, n).unwrap();
    }
    assert_eq!(memory.events(), crate::model::rounds(4));
    assert_eq!((memory.generation(), memory.positions()), (Some(3), crate::model::behind(&memory.events())));
}
