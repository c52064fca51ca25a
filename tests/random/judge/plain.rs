//! The plain world: a map for each class, read and written where the program says `self.x`.
//!
//! What ends a request early unwinds to its root, where a copy of the world from before is put back.
use super::Request;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::cell::{Cell, RefCell, RefMut};
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// How many calls a request may make; one that makes more is drawn again with less fuel.
const CALLS: usize = 250;

thread_local! {
    /// The calls the running request has made.
    static MADE: Cell<usize> = const { Cell::new(0) };
    /// What it has emitted.
    static EMITTED: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Why a request cannot go on.
enum Doom {
    Missing(&'static str, u64),
    AlreadyExists(&'static str, u64),
    WrongKey(&'static str, u64, u64),
    TooLong,
}

fn doom(doom: Doom) -> ! {
    resume_unwind(Box::new(doom))
}

/// Emits an event.
pub fn emit(event: (i64, u64)) {
    let event = serde_json::to_string(&event).expect("numbers are JSON");
    EMITTED.with_borrow_mut(|emitted| emitted.push(event));
}

/// An entity. Every class has the same fields, so that hundreds of programs share one world's code.
#[derive(Clone, Serialize)]
pub struct Row {
    /// The key.
    pub id: u64,
    /// A number.
    pub a: i64,
    /// Another.
    pub b: i64,
    /// A reference.
    pub r: u64,
    /// A list of references.
    pub list: Vec<u64>,
    /// A text.
    pub name: String,
    /// A number or none.
    pub o: Option<i64>,
    /// Numbers, at least three.
    pub v: Vec<i64>,
    /// Three numbers.
    pub arr: [i64; 3],
    /// One of a few.
    pub kind: Mark,
}

/// An enum, the same in both renderings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mark {
    /// Without a number.
    Low,
    /// With one.
    High(i64),
}

/// The entities of one class.
#[derive(Clone)]
pub struct Table {
    name: &'static str,
    fresh: Option<fn(u64) -> Row>,
    rows: RefCell<BTreeMap<u64, Row>>,
}

impl Table {
    /// No entity yet; `fresh` makes those that are made on first use.
    pub fn new(name: &'static str, fresh: Option<fn(u64) -> Row>) -> Self {
        Self { name, fresh, rows: RefCell::default() }
    }

    /// A call arrives: the entity is there, or is made on first use, or the request is lost.
    pub fn enter(&self, key: u64) {
        MADE.set(MADE.get() + 1);
        if MADE.get() > CALLS {
            doom(Doom::TooLong);
        }
        if !self.exists(key) {
            let Some(fresh) = self.fresh else { doom(Doom::Missing(self.name, key)) };
            self.rows.borrow_mut().insert(key, fresh(key));
        }
    }

    /// A call has returned: the caller must still be there.
    pub fn back<V>(&self, key: u64, value: V) -> V {
        if !self.exists(key) {
            doom(Doom::Missing(self.name, key));
        }
        value
    }

    /// A method that could write lets go of its entity, which must have its key still.
    pub fn leave(&self, key: u64) {
        let made = self.get(key).id;
        if made != key {
            doom(Doom::WrongKey(self.name, key, made));
        }
    }

    /// An entry of `v` as a place.
    pub fn v_at(&self, key: u64, index: usize) -> RefMut<'_, i64> {
        RefMut::map(self.at(key), |row| &mut row.v[index])
    }

    /// An entry of `arr` as a place.
    pub fn arr_at(&self, key: u64, index: usize) -> RefMut<'_, i64> {
        RefMut::map(self.at(key), |row| &mut row.arr[index])
    }

    /// The entity, to read a field of it.
    pub fn get(&self, key: u64) -> Row {
        self.rows.borrow()[&key].clone()
    }

    /// The entity as a place.
    pub fn at(&self, key: u64) -> RefMut<'_, Row> {
        RefMut::map(self.rows.borrow_mut(), |rows| {
            rows.get_mut(&key).expect("`enter` and `back` have looked")
        })
    }

    /// A constructor was called.
    pub fn open(&self, key: u64, entity: Row) {
        if self.exists(key) {
            doom(Doom::AlreadyExists(self.name, key));
        }
        self.rows.borrow_mut().insert(key, entity);
    }

    /// Whether there is an entity of that key.
    pub fn exists(&self, key: u64) -> bool {
        self.rows.borrow().contains_key(&key)
    }

    /// Ends an entity; whether there was one.
    pub fn remove(&self, key: u64) -> bool {
        self.rows.borrow_mut().remove(&key).is_some()
    }

    fn state(&self) -> (String, Value) {
        let rows = self.rows.borrow();
        let texts: BTreeMap<String, &Row> = rows.iter().map(|(key, row)| (key.to_string(), row)).collect();
        (self.name.to_owned(), serde_json::to_value(texts).expect("a row is JSON"))
    }
}

/// The reply of a root that came to its end, and whether its effects stand.
pub fn done<T: Debug>(output: T, is_err: impl Fn(&T) -> bool) -> (String, bool) {
    (format!("Ok({output:?})"), !is_err(&output))
}

/// The maps of one program.
#[derive(Clone)]
pub struct World {
    /// The first class.
    pub k0: Table,
    /// The second.
    pub k1: Table,
    /// The third, which may have no entities.
    pub k2: Table,
}

/// A plain program that can be asked.
pub struct Plain {
    /// Its entities.
    pub world: World,
    /// Makes a call: the reply, and whether its effects stand.
    pub root: fn(&World, &Request) -> (String, bool),
    /// What requests whose effects stand have emitted.
    pub events: Vec<String>,
}

impl Plain {
    /// The reply; nothing when the request makes too many calls.
    pub fn request(&mut self, request: &Request) -> Option<String> {
        let before = self.world.clone();
        MADE.set(0);
        let outcome = catch_unwind(AssertUnwindSafe(|| (self.root)(&self.world, request)));
        let emitted = EMITTED.take();
        if matches!(outcome, Ok((_, true))) {
            self.events.extend(emitted);
        } else {
            self.world = before;
        }
        let panic = match outcome {
            Ok((reply, _)) => return Some(reply),
            Err(panic) => panic,
        };
        let text = |message: &str| Some(format!("Err(Panicked {{ message: {message:?} }})"));
        match (panic.downcast_ref::<Doom>(), panic.downcast_ref::<String>(), panic.downcast_ref::<&str>()) {
            (Some(Doom::TooLong), ..) => None,
            (Some(Doom::Missing(name, key)), ..) => {
                Some(format!("Err(Missing {{ entity: {name:?}, key: \"{key}\" }})"))
            }
            (Some(Doom::AlreadyExists(name, key)), ..) => {
                Some(format!("Err(AlreadyExists {{ entity: {name:?}, key: \"{key}\" }})"))
            }
            (Some(Doom::WrongKey(name, key, made)), ..) => {
                Some(format!("Err(WrongKey {{ entity: {name:?}, key: \"{key}\", made: \"{made}\" }})"))
            }
            (_, Some(message), _) => text(message),
            (.., Some(message)) => text(message),
            _ => text("a value that is not text"),
        }
    }

    /// All classes, without those that have no entity.
    pub fn state(&self) -> Value {
        let World { k0, k1, k2 } = &self.world;
        let tables = [k0, k1, k2].map(Table::state);
        tables.into_iter().filter(|(_, rows)| rows.as_object().is_some_and(|rows| !rows.is_empty())).collect()
    }
}
