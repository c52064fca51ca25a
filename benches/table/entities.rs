//! The same entity with a number, with a table and with a `BTreeMap`.
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use thalweg::prelude::*;

/// A row of 32 bytes.
#[derive(Clone, Copy, Default, Serialize, Deserialize)]
pub struct Row([u64; 4]);

#[entity(auto)]
pub struct Number {
    #[key]
    id: u64,
    name: String,
    row: Row,
}

#[entity]
impl Number {
    pub fn new(id: u64) -> Self {
        Self { id, name: String::new(), row: Row::default() }
    }
    pub fn add(&mut self, at: u64, well: bool) -> Result<u64, u64> {
        self.row.0[0] += at;
        if well { Ok(self.row.0[0]) } else { Err(at) }
    }
}

macro_rules! with_rows {
    ($name:ident $map:ident) => {
        #[entity(auto)]
        pub struct $name {
            #[key]
            id: u64,
            rows: $map<u64, Row>,
        }

        #[entity]
        impl $name {
            pub fn new(id: u64) -> Self {
                Self { id, rows: $map::new() }
            }
            pub fn fill(&mut self, rows: u64) {
                self.rows = (0..rows).map(|at| (at, Row::default())).collect();
            }
            pub fn add(&mut self, at: u64, well: bool) -> Result<u64, u64> {
                let row = self.rows.get_mut(&at).ok_or(at)?;
                row.0[0] += 1;
                if well { Ok(row.0[0]) } else { Err(at) }
            }
        }
    };
}
with_rows!(Tabled Table);
with_rows!(Listed BTreeMap);
