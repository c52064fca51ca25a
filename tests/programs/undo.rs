//! Undo keeps the fields that a method may write, and not the whole entity; what it puts back is the same.
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use thalweg::prelude::*;

static COPIES: AtomicUsize = AtomicUsize::new(0);

/// Both tests copy.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// What is expensive to copy; it counts how often that is done.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Large(BTreeMap<u64, String>);

impl Clone for Large {
    fn clone(&self) -> Self {
        COPIES.fetch_add(1, Ordering::SeqCst);
        Self(self.0.clone())
    }
}

/// Writes one field more than it is given.
macro_rules! counted {
    ($entity:ident.$field:ident, $n:expr) => {
        $entity.$field += $n;
        $entity.text = "counted".to_owned();
    };
}

#[entity(auto)]
pub struct Room {
    #[key]
    id: u64,
    guests: Large,
    visits: u64,
    notes: Vec<String>,
    last: Option<Ref<Room>>,
    text: String,
}

#[entity]
impl Room {
    pub fn new(id: u64) -> Self {
        Self { id, guests: Large::default(), visits: 0, notes: Vec::new(), last: None, text: String::new() }
    }
    pub fn enter(&mut self, guest: u64) {
        self.guests.0.insert(guest, "here".to_owned());
    }
    pub fn visit(&mut self) -> u64 {
        self.visits += 1;
        self.visits
    }
    pub fn note(&mut self, text: String) -> usize {
        self.notes.push(text);
        self.notes.len()
    }
    fn clear(&mut self) {
        self.guests.0.clear();
        self.visits = 0;
    }
    /// What it calls may write anything.
    pub fn close(&mut self) {
        self.clear();
    }
    pub fn seen(&self) -> (usize, u64, usize, bool) {
        (self.guests.0.len(), self.visits, self.notes.len(), self.last.is_some())
    }
    pub async fn visit_both(&mut self, other: Ref<Room>, well: bool) -> Result<u64, String> {
        self.visits += 1;
        self.last = Some(other.clone());
        let there = other.visit().await;
        self.visits += 10;
        if well { Ok(self.visits + there) } else { Err("not well".to_owned()) }
    }
    /// First a field, then another, then the whole; and all of it is undone.
    pub async fn all(&mut self, me: Ref<Room>, well: bool) -> Result<(usize, u64, usize, bool), String> {
        self.visits += 1;
        me.note("a".to_owned()).await;
        me.visit().await;
        me.close().await;
        me.enter(7).await;
        self.visits += 100;
        let seen = me.seen().await;
        if well { Ok(seen) } else { Err(format!("{seen:?}")) }
    }
    /// Another one has its fields written, goes, and comes again.
    pub async fn leave(&mut self, other: Ref<Room>, well: bool) -> Result<u64, String> {
        other.visit().await;
        other.note("b".to_owned()).await;
        other.remove().await;
        let visits = other.visit().await;
        if well { Ok(visits) } else { Err("not well".to_owned()) }
    }
    /// Fields that only a macro, a closure or a pattern names.
    pub fn by_other_ways(&mut self, well: bool) -> Result<(String, u64), String> {
        write!(self.text, "{}", self.visits).map_err(|error| error.to_string())?;
        let mut note = |text: &str| self.notes.push(text.to_owned());
        note("d");
        if let Some(last) = &mut self.last {
            *last = Room::at(8);
        }
        for guest in self.guests.0.values_mut() {
            guest.push('!');
        }
        let seen = (format!("{} {:?} {:?}", self.text, self.notes, self.guests.0), self.visits);
        if well { Ok(seen) } else { Err(seen.0) }
    }
    /// Fields that no one sees from here: macros put them there.
    pub fn by_macros(&mut self, well: bool) -> Result<u64, String> {
        macro_rules! note {
            () => {
                self.notes.push("m".to_owned())
            };
        }
        note!();
        counted!(self.visits, 5);
        if well { Ok(self.visits) } else { Err(format!("{} {:?}", self.text, self.notes)) }
    }
    pub async fn by_macros_and_calls(&mut self, other: Ref<Room>, well: bool) -> Result<u64, u64> {
        counted!(self.visits, 7);
        let there = other.visit().await;
        if well { Ok(there) } else { Err(there) }
    }
    pub fn taken_apart(&mut self, well: bool) -> Result<u64, u64> {
        let Self { visits, notes, .. } = self;
        *visits += 1;
        notes.clear();
        if well { Ok(*visits) } else { Err(*visits) }
    }
    pub async fn broken(&mut self, other: Ref<Room>) {
        self.visits += 1;
        other.note("c".to_owned()).await;
        other.enter(9).await;
        panic!("broken");
    }
}

#[test]
fn what_was_written_is_undone() {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let room = Room::at;
    script!([Room]
        room(1).enter(3) => "Ok(())",
        room(1).visit() => "Ok(1)",
        room(1).note("x".to_owned()) => "Ok(1)",
        room(1).visit_both(room(2), false) => "Ok(Err(\"not well\"))",
        room(1).seen() => "Ok((1, 1, 1, false))",
        room(1).visit_both(room(2), true) => "Ok(Ok(13))",
        room(1).seen() => "Ok((1, 12, 1, true))",
        room(1).all(room(1), false) => "Ok(Err(\"(1, 100, 2, true)\"))",
        room(1).seen() => "Ok((1, 12, 1, true))",
        room(3).leave(room(1), false) => "Ok(Err(\"not well\"))",
        room(1).seen() => "Ok((1, 12, 1, true))",
        room(1).by_other_ways(false) => r#"Ok(Err("12 [\"x\", \"d\"] {3: \"here!\"}"))"#,
        room(1).by_macros(false) => r#"Ok(Err("counted [\"x\", \"m\"]"))"#,
        room(1).by_macros_and_calls(room(3), false) => "Ok(Err(1))",
        room(1).taken_apart(false) => "Ok(Err(13))",
        room(1).by_other_ways(true) => r#"Ok(Ok(("12 [\"x\", \"d\"] {3: \"here!\"}", 12)))"#,
        room(1).broken(room(2)) => "Err(Panicked…)",
        room(2).broken(room(1)) => "Err(Panicked…)",
        room(1).seen() => "Ok((1, 12, 2, true))",
        room(2).seen() => "Ok((0, 1, 0, false))",
        room(1).all(room(1), true) => "Ok(Ok((1, 100, 3, true)))",
        room(1).seen() => "Ok((1, 100, 3, true))",
        room(3).leave(room(1), true) => "Ok(Ok(1))",
        room(1).seen() => "Ok((0, 1, 0, false))",
    );
}

/// At home or lent, in an epoch that can be undone or not: a small field is written without a copy of the large one.
#[test]
fn a_large_field_is_not_copied_for_a_small_one() {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    for workers in [1, 2, 3] {
        let app = App::new("rooms").entity::<Room>().workers(workers).start().expect("it starts");
        for room in 0..4 {
            app.call_blocking(Room::at(room).enter(1)).expect("a guest enters");
        }
        let before = COPIES.load(Ordering::SeqCst);
        for n in 0..200 {
            app.call_blocking(Room::at(n % 4).visit()).expect("it is visited");
            app.call_blocking(Room::at(n % 4).visit_both(Room::at((n + 1) % 4), n % 3 == 0))
                .expect("they are")
                .ok();
        }
        assert_eq!(COPIES.load(Ordering::SeqCst) - before, 0, "{workers} workers");
        app.call_blocking(Room::at(1).close()).expect("it closes");
        assert_eq!(COPIES.load(Ordering::SeqCst) - before, 1, "the count counts");
    }
}
