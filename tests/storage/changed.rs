//! A directory of an earlier program: states whose fields have changed, and a log that a changed method executes.
use crate::folder::{Folder, copy};
use std::path::Path;
use thalweg::prelude::*;
use thalweg::{Error, StorageFault};

/// The first program.
mod first {
    use super::*;

    #[derive(Clone, Copy, PartialEq, Debug, serde::Serialize, serde::Deserialize)]
    pub enum Colour {
        Red,
        Green,
    }

    #[entity]
    pub struct Car {
        #[key]
        pub plate: String,
        pub owner: String,
        pub colour: Colour,
        pub miles: u32,
        pub seats: u8,
        pub trips: Vec<u32>,
    }

    #[entity]
    impl Car {
        pub fn build(plate: String, owner: String) -> Self {
            Self { plate, owner, colour: Colour::Green, miles: 0, seats: 4, trips: vec![1] }
        }
        pub fn drive(&mut self, miles: u32) -> u32 {
            self.miles += miles;
            self.miles
        }
    }
}

/// Fields are reordered, renamed, widened, added and removed; so are the parameters of a method, and an enum has more.
mod second {
    use super::*;

    #[derive(Clone, Copy, PartialEq, Debug, serde::Serialize, serde::Deserialize)]
    pub enum Colour {
        Blue,
        #[serde(alias = "Green")]
        Lime,
        Red,
    }

    fn four() -> u64 {
        4
    }

    #[entity(name = "Car")]
    pub struct Auto {
        pub trips: std::collections::VecDeque<u64>,
        #[serde(default = "four")]
        pub wheels: u64,
        #[serde(alias = "miles")]
        pub distance: u64,
        pub colour: Colour,
        #[serde(default)]
        pub notes: Vec<String>,
        #[serde(alias = "owner")]
        pub holder: String,
        #[key]
        pub plate: String,
    }

    #[entity]
    impl Auto {
        pub fn build(plate: String, owner: String) -> Self {
            let trips = [1].into();
            Self {
                trips,
                wheels: 4,
                distance: 0,
                colour: Colour::Lime,
                notes: Vec::new(),
                holder: owner,
                plate,
            }
        }
        pub fn drive(&mut self, miles: u64) -> u64 {
            self.distance += miles;
            self.distance
        }
        pub fn all(&self) -> (String, u64, Colour, u64, Vec<u64>, usize) {
            let trips = self.trips.iter().copied().collect();
            (self.holder.clone(), self.distance, self.colour, self.wheels, trips, self.notes.len())
        }
    }
}

/// What comes to something else: an answer, with the same state.
mod third {
    use super::*;

    #[entity(name = "Car")]
    pub struct Car {
        #[key]
        pub plate: String,
        pub owner: String,
        pub miles: u64,
    }

    #[entity]
    impl Car {
        pub fn build(plate: String, owner: String) -> Self {
            Self { plate, owner, miles: 0 }
        }
        pub fn drive(&mut self, miles: u64) -> u64 {
            self.miles += miles;
            self.miles * 16 / 10
        }
    }
}

/// A field has come without a default.
mod fourth {
    use super::*;

    #[entity]
    pub struct Car {
        #[key]
        pub plate: String,
        pub height: u64,
    }

    #[entity]
    impl Car {
        pub fn build(plate: String, owner: String) -> Self {
            Self { height: owner.len() as u64, plate }
        }
        pub fn drive(&mut self, miles: u64) -> u64 {
            self.height + miles
        }
    }
}

fn app(data: &Path, workers: usize) -> App {
    App::new("cars").data_dir(data).workers(workers)
}

fn plate(n: u32) -> String {
    format!("T {n}")
}

/// What the first program leaves: with a checkpoint of all, or with all in the log.
fn before(data: &Path, checkpoint: bool) {
    use first::Car;
    let app = app(data, 2).entity::<Car>().start().expect("it starts");
    for n in 0..20 {
        app.call_blocking(Car::at(plate(n)).build(format!("owner {n}"))).expect("built");
        assert_eq!(app.call_blocking(Car::at(plate(n)).drive(n)), Ok(n));
    }
    if checkpoint {
        app.stop().expect("stopped");
    } else {
        // As if it had been killed: the log is complete, and there is no checkpoint.
        app.call_blocking(Car::at(plate(0)).drive(0)).expect("durable");
        copied(data, app);
    }
}

/// Leaves in the directory what it has while the app runs.
fn copied(data: &Path, app: Handle) {
    let aside = data.with_extension("aside");
    copy(data, &aside);
    app.stop().expect("stopped");
    std::fs::remove_dir_all(data).expect("removed");
    std::fs::rename(aside, data).expect("moved");
}

#[test]
fn states_and_requests_of_an_earlier_program_are_read_by_a_later_one() {
    use second::{Auto, Colour};
    let folder = Folder::new("evolution");
    for checkpoint in [true, false] {
        let data = folder.dir(if checkpoint { "checkpoint" } else { "log" });
        before(&data, checkpoint);
        for life in 0..3 {
            let app = app(&data, life + 1).entity::<Auto>().start().expect("it starts");
            for n in 0..20 {
                let all = app.call_blocking(Auto::at(plate(n)).all()).expect("there");
                let distance = u64::from(n) + life as u64;
                assert_eq!(all, (format!("owner {n}"), distance, Colour::Lime, 4, vec![1], 0));
                app.call_blocking(Auto::at(plate(n)).drive(1)).expect("driven");
            }
            app.stop().expect("stopped");
        }
    }
}

#[test]
fn a_state_that_cannot_be_read_is_named_with_the_way_out() {
    let folder = Folder::new("unreadable");
    let data = folder.dir("a");
    before(&data, true);
    let refused = app(&data, 1).entity::<fourth::Car>().start().map(drop);
    let Err(Error::Storage { fault: StorageFault::Program, what }) = refused else { panic!("{refused:?}") };
    assert!(what.contains("`Car`") && what.contains("height") && what.contains("default"), "{what}");
    // Without the class.
    let refused = app(&data, 1).start().map(drop);
    let Err(Error::Storage { fault: StorageFault::Program, what }) = refused else { panic!("{refused:?}") };
    assert!(what.contains("`Car`") && what.contains("name = "), "{what}");
    let same = app(&data, 1).entity::<first::Car>().start().expect("nothing was changed");
    assert_eq!(same.call_blocking(first::Car::at(plate(3)).drive(0)), Ok(3));
}

#[test]
fn a_method_that_answers_otherwise_is_found_and_can_be_accepted() {
    use third::Car;
    let folder = Folder::new("answers");
    let data = folder.dir("a");
    before(&data, false);
    for workers in [1, 2] {
        let refused = app(&data, workers).entity::<Car>().start().map(drop);
        let Err(Error::Diverged { method, changed, recorded, replayed, .. }) = &refused else {
            panic!("{refused:?}")
        };
        assert_eq!((method.as_str(), changed.as_slice()), ("Car::drive", ["Car".to_owned()].as_slice()));
        assert!(recorded.contains("one thing") && replayed.contains("another"), "{recorded} {replayed}");
    }
    // Another program with the same answers may go on, and the same one is not called changed.
    let same = app(&data, 1).entity::<first::Car>().start().expect("the one that wrote it");
    copied(&data, same);
    let app = app(&data, 2).entity::<Car>().accept_divergence().start().expect("somebody has decided so");
    assert_eq!(app.call_blocking(Car::at(plate(10)).drive(0)), Ok(16));
    app.checkpoint().expect("what it came to counts");
    app.stop().expect("stopped");
    let again = self::app(&data, 1).entity::<Car>().start().expect("nothing is left to differ");
    assert_eq!(again.call_blocking(Car::at(plate(10)).drive(0)), Ok(16));
}

/// More epochs stand behind the checkpoint than are read ahead.
#[test]
fn a_state_that_cannot_be_read_is_named_however_long_the_log_is() {
    use first::Car;
    let folder = Folder::new("long");
    let data = folder.dir("a");
    let app = app(&data, 2).entity::<Car>().start().expect("it starts");
    app.call_blocking(Car::at(plate(1)).build("owner".to_owned())).expect("built");
    app.checkpoint().expect("taken");
    for _ in 0..200 {
        app.call_blocking(Car::at(plate(1)).drive(1)).expect("driven");
    }
    copied(&data, app);
    for workers in [1, 2] {
        let refused = self::app(&data, workers).entity::<fourth::Car>().start().map(drop);
        assert!(matches!(&refused, Err(Error::Storage { fault: StorageFault::Program, .. })), "{refused:?}");
    }
}
