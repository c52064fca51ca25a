//! Names of types that only look like those that an entity cannot have.
#![deny(warnings)]
use std::sync::Arc;
use thalweg::prelude::*;

/// A cell of a table, not std's.
#[entity(auto)]
pub struct Cell {
    #[key]
    id: u64,
    text: Arc<str>,
}

#[entity]
impl Cell {
    pub fn new(id: u64) -> Self {
        Self { id, text: "".into() }
    }
    pub fn text(&self) -> (u64, String) {
        (self.id, self.text.to_string())
    }
}

/// Who writes letters.
#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct Sender;

#[entity(auto, name = "office.Table")]
pub struct Table {
    #[key]
    id: u64,
    cells: Vec<Ref<Cell>>,
    from: Option<Sender>,
    #[cfg(any())]
    gone: u8,
}

#[entity]
impl Table {
    pub fn new(id: u64) -> Self {
        Self { id, cells: vec![], from: None }
    }
    pub fn put(&mut self, cell: Ref<Cell>, from: Sender) -> u64 {
        self.cells.push(cell);
        self.from = Some(from);
        self.id
    }
}

fn main() {
    let app = App::new("office").entity::<Table>().entity::<Cell>().start().unwrap();
    app.call_blocking(Table::at(1).put(Cell::at(2), Sender)).unwrap();
    assert_eq!(app.inspect().unwrap()["office.Table"]["1"]["cells"][0], 2);
}
