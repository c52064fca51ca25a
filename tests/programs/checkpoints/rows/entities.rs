//! The same entity with tables and with `BTreeMap`s.
use serde::{Deserialize, Serialize};
use thalweg_log::testing::Draw;

/// What is done to one entity.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Act {
    Title(String),
    Fill(u64),
    Put(u64, u64),
    Remove(u64),
    Add(u64, u64),
    PopFirst,
    PopLast,
    Clear,
    /// Rows with smaller keys go.
    RetainBeyond(u64),
    /// So do others.
    RetainEven,
    Update(u64, u64),
    Append(u64),
    Note(String),
    Forget(String),
    /// The table that is a field, and those that are within something.
    SwapSpare,
    SwapInner,
    TakeOther,
    Other(u64),
    List(u64),
}

impl Act {
    pub fn draw(draw: &mut Draw, most: u64) -> Self {
        let (at, to) = (draw.below(most), draw.below(most));
        match draw.below(24) {
            0 => Self::Title(format!("title {at}")),
            1 => Self::Fill(at),
            2 => Self::Put(at, to),
            3 | 4 => Self::Remove(at),
            5 => Self::PopFirst,
            6 => Self::PopLast,
            7 if draw.below(4) == 0 => Self::Clear,
            8 => Self::RetainBeyond(at / 4),
            9 if draw.below(4) == 0 => Self::RetainEven,
            10 | 11 => Self::Update(at.min(to), at.max(to)),
            12 => Self::Append(at),
            13 => Self::Note(format!("note {}", at % 9)),
            14 => Self::Forget(format!("note {}", at % 9)),
            15 => Self::SwapSpare,
            16 => Self::SwapInner,
            17 => Self::TakeOther,
            18 | 19 => Self::Other(at),
            20 => Self::List(at),
            _ => Self::Add(at, to),
        }
    }
}

macro_rules! books {
    ($module:ident $name:ident $map:ident) => {
        pub mod $module {
            use super::Act;
            use serde::{Deserialize, Serialize};
            use serde_json::{Value, json};
            use std::collections::BTreeMap;
            use thalweg::prelude::*;

            #[derive(Clone, Default, Serialize, Deserialize)]
            pub struct Inner {
                rows: $map<u64, Vec<u64>>,
            }

            #[entity(auto)]
            pub struct $name {
                #[key]
                id: u64,
                title: String,
                rows: $map<u64, Vec<u64>>,
                notes: $map<(String, u8), bool>,
                other: $map<u64, Vec<u64>>,
                spare: Option<$map<u64, Vec<u64>>>,
                inner: Inner,
                list: Vec<$map<u64, Vec<u64>>>,
            }

            #[entity]
            impl $name {
                pub fn new(id: u64) -> Self {
                    Self {
                        id,
                        title: String::new(),
                        rows: $map::new(),
                        notes: $map::new(),
                        other: $map::new(),
                        spare: None,
                        inner: Inner::default(),
                        list: Vec::new(),
                    }
                }
                pub fn act(&mut self, act: Act, well: bool) -> Value {
                    let said = self.does(act);
                    assert!(well, "not well");
                    said
                }
                pub fn rows(&self) -> $map<u64, Vec<u64>> {
                    self.rows.clone()
                }
                pub fn give_up(&mut self) -> $map<u64, Vec<u64>> {
                    std::mem::take(&mut self.rows)
                }
                pub fn take(&mut self, rows: $map<u64, Vec<u64>>) -> $map<u64, Vec<u64>> {
                    std::mem::replace(&mut self.rows, rows)
                }
                /// The rows of the other one go on here.
                pub async fn copy(&mut self, from: Ref<$name>, well: bool) -> Value {
                    self.rows = from.rows().await;
                    let said = self.does(Act::Add(3, 3));
                    assert!(well, "not well");
                    said
                }
                pub async fn exchange(&mut self, with: Ref<$name>, well: bool) -> Value {
                    let rows = std::mem::take(&mut self.rows);
                    self.rows = with.take(rows).await;
                    let said = self.does(Act::PopFirst);
                    assert!(well, "not well");
                    said
                }
                pub async fn with(&mut self, other: Ref<$name>, act: Act, well: bool) -> Value {
                    let said = self.does(act.clone());
                    let there = other.act(act, well).await;
                    json!([said, there])
                }
                /// The other one goes; its rows stay.
                pub async fn leave(&mut self, other: Ref<$name>) -> Value {
                    let rows = other.give_up().await;
                    let gone = other.remove().await;
                    self.rows.extend(rows);
                    json!([gone, self.rows.len()])
                }
                /// The other one goes and comes again, with the rows that it had.
                pub async fn begin_anew(&mut self, other: Ref<$name>) -> Value {
                    let rows = other.give_up().await;
                    other.remove().await;
                    other.take(rows).await;
                    let said = other.act(Act::Add(1, 1), true).await;
                    json!([said, self.rows.len()])
                }

                fn does(&mut self, act: Act) -> Value {
                    match act {
                        Act::Title(title) => self.title = title,
                        Act::Fill(rows) => self.rows.extend((0..rows).map(|at| (at, vec![at, 7]))),
                        Act::Put(at, n) => return json!(self.rows.insert(at, vec![n])),
                        Act::Remove(at) => return json!(self.rows.remove(&at)),
                        Act::Add(at, n) => self.rows.entry(at).or_default().push(n),
                        Act::PopFirst => return json!(self.rows.pop_first()),
                        Act::PopLast => return json!(self.rows.pop_last()),
                        Act::Clear => self.rows.clear(),
                        Act::RetainBeyond(at) => self.rows.retain(|key, _| *key >= at),
                        Act::RetainEven => self.rows.retain(|key, _| key % 2 == 0),
                        Act::Update(from, to) => {
                            for at in from..to {
                                if let Some(row) = self.rows.get_mut(&at) {
                                    row[0] += 1;
                                }
                            }
                        }
                        Act::Append(at) => {
                            let mut more = self.other.clone();
                            more.insert(at, vec![at]);
                            self.rows.append(&mut more);
                        }
                        Act::Note(note) => return json!(self.notes.insert((note, 1), true)),
                        Act::Forget(note) => return json!(self.notes.remove(&(note, 1))),
                        Act::SwapSpare => {
                            let spare = self.spare.get_or_insert_default();
                            std::mem::swap(spare, &mut self.rows);
                        }
                        Act::SwapInner => std::mem::swap(&mut self.inner.rows, &mut self.rows),
                        Act::TakeOther => std::mem::swap(&mut self.other, &mut self.rows),
                        Act::Other(at) => return json!(self.other.insert(at, vec![1, at])),
                        Act::List(at) => {
                            let mut rows = self.rows.clone();
                            rows.insert(at, vec![at]);
                            self.list.insert(0, rows);
                            self.list.truncate(2);
                        }
                    }
                    let sum: u64 = self.rows.values().flatten().sum();
                    let _: Option<BTreeMap<u8, u8>> = None;
                    json!([self.rows.len(), sum])
                }
            }
        }
    };
}
books!(by_table Tabled Table);
books!(by_map Listed BTreeMap);
