//! Fields that are tables, that were, and that will be; and tables that are written in odd ways.
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;
use thalweg::prelude::*;
use thalweg_checkpoint::Location;
use thalweg_log::testing::Power;

/// An entity whose fields are these; `$pages` and `$index` are what is stored as pages and as an index.
macro_rules! ledger {
    ($module:ident, $pages:ident, $index:ident { $($(#[$attribute:meta])* $field:ident: $ty:ty,)* }) => {
        mod $module {
            #[allow(unused_imports)]
            use super::*;

            #[entity(auto, name = "Ledger")]
            pub struct Ledger {
                #[key]
                id: u64,
                $($(#[$attribute])* $field: $ty,)*
            }
            #[entity]
            impl Ledger {
                pub fn new(id: u64) -> Self {
                    Self { id, $($field: Default::default(),)* }
                }
                pub fn write(&mut self, page: u64, n: u64) -> usize {
                    self.$index.insert(n, page);
                    let page = self.$pages.entry(page).or_default();
                    page.push(n);
                    page.len()
                }
                pub fn tear_out(&mut self, page: u64) -> bool {
                    self.$index.remove(&page);
                    self.$pages.remove(&page).is_some()
                }
                pub fn all(&self) -> Content {
                    let pages = self.$pages.iter().map(|(page, lines)| (*page, lines.clone())).collect();
                    (pages, self.$index.iter().map(|(n, page)| (*n, *page)).collect())
                }
            }
        }
    };
}

type Content = (Vec<(u64, Vec<u64>)>, Vec<(u64, u64)>);

ledger!(map, pages, index { pages: BTreeMap<u64, Vec<u64>>, index: BTreeMap<u64, u64>, });
ledger!(table, pages, index { pages: Table<u64, Vec<u64>>, index: Table<u64, u64>, });
ledger!(moved, pages, index { index: Table<u64, u64>, pages: Table<u64, Vec<u64>>, });
ledger!(wrapped, pages, index { pages: Box<Table<u64, Vec<u64>>>, index: Table<u64, u64>, });
// Each is where the other one was, and has its name in the program.
ledger!(exchanged, index, pages {
    #[serde(rename = "index")]
    pages: Table<u64, u64>,
    #[serde(rename = "pages")]
    index: Table<u64, Vec<u64>>,
});

/// Runs a program with one of them: it finds what was there, writes some of it, and what is there then is given.
macro_rules! life {
    ($module:ident, $disk:expr, $store:expr, $life:expr, $before:expr) => {{
        use $module::Ledger;
        let app =
            App::new("ledgers").entity::<Ledger>().workers(1 + $life % 3).seed(5).data_on($disk.clone());
        let app = app.checkpoints_on($store.clone()).checkpoint_every(Duration::from_secs(3600));
        let app = app.start().expect("it starts");
        let all = || {
            (0..6)
                .map(|id| app.call_blocking(Ledger::at(id).all()).expect("it is answered"))
                .collect::<Vec<_>>()
        };
        if $life > 0 {
            assert_eq!(all(), $before, "life {}: {}", $life, stringify!($module));
        }
        let life = $life as u64;
        // Some of them are not touched, and have what an older program has written.
        for id in (0..6).filter(|id| life == 0 || id % 3 == life % 3) {
            for n in 0..12 {
                app.call_blocking(Ledger::at(id).write((n * 7 + life) % 40, n)).expect("it is answered");
            }
            app.call_blocking(Ledger::at(id).tear_out((life * 5) % 40)).expect("it is answered");
        }
        app.checkpoint().expect("it can be written");
        app.call_blocking(Ledger::at(life % 6).write(99, life)).expect("it is answered");
        app.call_blocking(Ledger::at(life % 6).tear_out((life * 3) % 40)).expect("it is answered");
        let now = all();
        app.stop().expect("it stops");
        $disk.cut(life);
        now
    }};
}

#[test]
fn a_field_becomes_a_table_and_a_map_again() {
    let (disk, store) = (Power::new(), Location::memory());
    let mut before = Vec::new();
    for life in 0..24_usize {
        before = match life % 5 {
            1 | 2 => life!(table, disk, store, life, before),
            4 if life % 2 == 0 => life!(wrapped, disk, store, life, before),
            4 => life!(moved, disk, store, life, before),
            _ => life!(map, disk, store, life, before),
        };
    }
}

#[test]
fn a_table_takes_another_name_and_another_place() {
    let (disk, store) = (Power::new(), Location::memory());
    let mut before = Vec::new();
    for life in 0..30_usize {
        before = match life / 2 % 4 {
            0 => life!(table, disk, store, life, before),
            1 => life!(moved, disk, store, life, before),
            2 => life!(exchanged, disk, store, life, before),
            _ => life!(wrapped, disk, store, life, before),
        };
    }
}

/// A table as a list of pairs.
mod pairs {
    use super::*;
    use serde::{Deserializer, Serializer};

    pub fn serialize<S: Serializer>(table: &Table<u64, u64>, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(table)
    }
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Table<u64, u64>, D::Error> {
        Vec::deserialize(deserializer).map(Table::from_iter)
    }
}

/// A table as a text.
mod text {
    use super::*;
    use serde::{Deserializer, Serializer};

    pub fn serialize<S: Serializer>(table: &Table<u64, u64>, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&serde_json::to_string(table).map_err(serde::ser::Error::custom)?)
    }
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Table<u64, u64>, D::Error> {
        let text = String::deserialize(deserializer)?;
        serde_json::from_str(&text).map_err(serde::de::Error::custom)
    }
}

#[entity(auto)]
pub struct Odd {
    #[key]
    id: u64,
    plain: Table<u64, u64>,
    #[serde(skip)]
    skipped: Table<u64, u64>,
    #[serde(with = "pairs")]
    pairs: Table<u64, u64>,
    #[serde(rename = "ren")]
    renamed: Table<u64, u64>,
    #[serde(skip_serializing_if = "Table::is_empty", default)]
    mostly: Table<u64, u64>,
    within: (Table<u64, u64>, Option<Box<Table<u64, u64>>>),
    nested: Table<u64, Table<u64, u64>>,
}

#[entity]
impl Odd {
    pub fn new(id: u64) -> Self {
        let none = Table::new;
        let (plain, skipped, pairs, renamed, mostly) = (none(), none(), none(), none(), none());
        Self { id, plain, skipped, pairs, renamed, mostly, within: (none(), None), nested: Table::new() }
    }
    pub fn put(&mut self, at: u64, n: u64) {
        for table in
            [&mut self.plain, &mut self.skipped, &mut self.pairs, &mut self.renamed, &mut self.within.0]
        {
            table.insert(at, n);
        }
        *self.within.1.get_or_insert_default().entry(at).or_default() += n;
        self.nested.entry(at % 3).or_default().insert(at, n);
        if n % 2 == 0 {
            self.mostly.insert(at, n);
        } else {
            self.mostly.clear();
        }
    }
    pub fn skipped(&self) -> usize {
        self.skipped.len()
    }
}

/// Its rows go through something that wants to see them.
#[entity(auto)]
pub struct Flat {
    #[key]
    id: u64,
    kept: Table<u64, u64>,
    #[serde(with = "text")]
    text: Table<u64, u64>,
    #[serde(flatten)]
    rest: Table<String, u64>,
}

#[entity]
impl Flat {
    pub fn new(id: u64) -> Self {
        Self { id, kept: Table::new(), text: Table::new(), rest: Table::new() }
    }
    pub fn put(&mut self, at: u64, n: u64) {
        self.rest.insert(format!("row {at}"), n);
        self.kept.insert(at, n);
        self.text.insert(at, n);
    }
}

#[derive(Clone, Serialize, Deserialize)]
struct Whole {
    id: u64,
    rows: BTreeMap<u64, u64>,
}

impl From<Other> for Whole {
    fn from(Other { id, rows }: Other) -> Self {
        Self { id, rows: rows.into() }
    }
}
impl From<Whole> for Other {
    fn from(Whole { id, rows }: Whole) -> Self {
        Self { id, rows: rows.into() }
    }
}

/// It is written as another type.
#[entity(auto)]
#[derive(Clone, Serialize, Deserialize)]
#[serde(into = "Whole", from = "Whole")]
pub struct Other {
    #[key]
    id: u64,
    rows: Table<u64, u64>,
}

#[entity]
impl Other {
    pub fn new(id: u64) -> Self {
        Self { id, rows: Table::new() }
    }
    pub fn put(&mut self, at: u64, n: u64) {
        self.rows.insert(at, n);
    }
}

#[test]
fn tables_that_are_written_in_odd_ways_come_back() {
    let (disk, store) = (Power::new(), Location::memory());
    let mut before = None;
    for life in 0..6_usize {
        let app = App::new("odd").entity::<Odd>().entity::<Flat>().entity::<Other>().workers(1 + life % 3);
        let app = app.data_on(disk.clone()).checkpoints_on(store.clone()).seed(1);
        let app = app.checkpoint_every(Duration::from_secs(3600)).start().expect("it starts");
        let state = || app.inspect().expect("the state can be read").to_string();
        if let Some(before) = before.take() {
            assert_eq!(state(), before, "life {life}");
            // As it always was: what is skipped is not kept.
            assert_eq!(app.call_blocking(Odd::at(1).skipped()), Ok(0));
        }
        for n in 0..9 {
            for id in 0..3 {
                let at = (n * 5 + life as u64) % 11;
                app.call_blocking(Odd::at(id).put(at, n)).expect("it is answered");
                app.call_blocking(Flat::at(id).put(at, n)).expect("it is answered");
                app.call_blocking(Other::at(id).put(at, n)).expect("it is answered");
            }
            if n % 3 == 0 {
                app.checkpoint().expect("it can be written");
            }
        }
        before = Some(state());
        app.stop().expect("it stops");
        disk.cut(life as u64);
    }
}
