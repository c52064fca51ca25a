//! Tables: what is written to one is undone, scouted, lent and stored like any other field, and what is copied of it is what
//! is written.
mod copies;
mod stored;

use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use thalweg::prelude::*;
use thalweg::table;

type Stock = Table<u64, Item>;

/// Tests that count copies do it one at a time.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
static COPIES: AtomicUsize = AtomicUsize::new(0);

/// A row that counts how often one is copied.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Item {
    left: i64,
    from: Option<Ref<Shelf>>,
}

impl Clone for Item {
    fn clone(&self) -> Self {
        COPIES.fetch_add(1, Ordering::SeqCst);
        Self { left: self.left, from: self.from.clone() }
    }
}

fn item(left: i64) -> Item {
    Item { left, from: None }
}

#[entity(auto)]
pub struct Shelf {
    #[key]
    id: u64,
    name: String,
    stock: Stock,
    spare: Option<Table<u64, Item>>,
    moves: u64,
}

#[entity]
impl Shelf {
    pub fn new(id: u64) -> Self {
        Self { id, name: String::new(), stock: Table::new(), spare: None, moves: 0 }
    }
    /// A constructor that reads and writes the table it makes.
    pub fn open(id: u64, rows: Table<u64, i64>) -> Result<Self, String> {
        let mut stock: Stock = rows.iter().map(|(at, left)| (*at, item(*left))).collect();
        let copy = stock.clone();
        stock.pop_first();
        stock.insert(1_000, item(copy.len() as i64));
        if rows.is_empty() {
            return Err("nothing to show".to_owned());
        }
        Ok(Self { id, name: "open".to_owned(), spare: Some(copy), stock, moves: 0 })
    }
    pub fn put(&mut self, at: u64, left: i64) -> Option<i64> {
        self.stock.insert(at, item(left)).map(|old| old.left)
    }
    pub fn fill(&mut self, rows: u64) -> usize {
        self.stock.extend((0..rows).map(|at| (at, item(10))));
        self.stock.len()
    }
    pub fn add(&mut self, at: u64, n: i64) -> Result<i64, String> {
        let row = self.stock.entry(at).or_default();
        row.left += n;
        self.moves += 1;
        if row.left < 0 { Err(format!("{at} is short by {}", -row.left)) } else { Ok(row.left) }
    }
    pub fn left(&self, at: u64) -> Option<i64> {
        Some(self.stock.get(&at)?.left)
    }
    pub fn all(&self) -> Vec<(u64, i64)> {
        self.stock.iter().map(|(at, row)| (*at, row.left)).collect()
    }
    pub fn whole(&self) -> Table<u64, Item> {
        self.stock.clone()
    }
    /// Every way of writing, and then it fails or not.
    pub fn churn(&mut self, well: bool) -> Result<String, String> {
        self.stock.remove(&2);
        self.stock.insert(2, item(-2));
        self.stock.remove(&3);
        *self.stock.entry(77).or_insert_with(|| item(1)) = item(7);
        if let table::Entry::Occupied(mut row) = self.stock.entry(4) {
            row.get_mut().left = 44;
        }
        if let Some(row) = self.stock.get_mut(&5) {
            row.left += 1;
        }
        self.stock.update(6..9, |at, row| {
            if at % 2 == 0 {
                row.left *= 3;
            }
        });
        self.stock.retain(|at, _| *at != 9);
        let (first, last) = (self.stock.pop_first(), self.stock.pop_last());
        let seen = self.stock.range(2..=8).rev().map(|(at, row)| format!("{at}:{}", row.left));
        let seen = format!("{} {} {}", seen.collect::<Vec<_>>().join(" "), first.is_some(), last.is_some());
        if well { Ok(seen) } else { Err(seen) }
    }
    pub fn empty(&mut self, well: bool) -> Result<usize, usize> {
        self.stock.clear();
        self.stock.insert(1, item(1));
        if well { Ok(self.stock.len()) } else { Err(self.stock.len()) }
    }
    /// Both take, one after the other; what the second cannot give, the first has not lost.
    pub async fn give(&mut self, to: Ref<Shelf>, at: u64, n: i64) -> Result<i64, String> {
        let row = self.stock.get_mut(&at).ok_or("not here")?;
        row.left -= n;
        row.from = Some(to.clone());
        let there = to.add(at, n).await?;
        let seen: i64 = self.stock.range(..=at).map(|(_, row)| row.left).sum();
        self.stock.insert(at + 500, item(seen));
        if self.stock[&at].left < 0 { Err(format!("no {n} to give")) } else { Ok(there) }
    }
    /// Each of them on its own worker.
    pub async fn spread(&mut self, to: Vec<Ref<Shelf>>, at: u64, n: i64) -> Result<Vec<i64>, String> {
        self.stock.entry(at).or_default().left -= n * to.len() as i64;
        let all = try_join_all(to.iter().map(|to| to.add(at, n))).await?;
        if self.stock[&at].left < 0 { Err("not enough".to_owned()) } else { Ok(all) }
    }
    /// Whom it meets only its rows know: the plan is a scout's, which reads the table and writes it.
    pub async fn follow(&mut self, steps: u64, well: bool) -> Result<u64, String> {
        let mut moved = 0;
        for step in 0..steps {
            let Some((at, row)) = self.stock.range(step..).find(|(_, row)| row.from.is_some()) else { break };
            let (at, next) = (*at, row.from.clone().ok_or("no shelf")?);
            self.stock.insert(at + 1, Item { left: step as i64, from: Some(next.clone()) });
            moved += next.add(at + step, 1).await? as u64;
        }
        if well { Ok(moved) } else { Err(format!("moved {moved}")) }
    }
    /// The table is written, another entity writes, and the table is read again.
    pub async fn break_off(&mut self, other: Ref<Shelf>) {
        self.stock.insert(8, item(88));
        other.churn(true).await.ok();
        self.stock.pop_first();
        panic!("broken off at {}", self.stock.len());
    }
    /// A callee takes, and the caller's range sees it.
    pub async fn twice(&mut self, me: Ref<Shelf>, at: u64) -> Result<Vec<i64>, String> {
        self.stock.insert(at, item(5));
        me.add(at, 10).await?;
        self.stock.insert(at + 1, item(self.stock[&at].left));
        me.add(at + 1, 1).await?;
        Ok(self.stock.range(at..at + 2).map(|(_, row)| row.left).collect())
    }
    /// One goes with its table, and comes again with none.
    pub async fn replace(&mut self, other: Ref<Shelf>, well: bool) -> Result<Vec<(u64, i64)>, String> {
        other.add(1, 1).await?;
        other.remove().await;
        other.put(5, 50).await;
        let there = other.all().await;
        self.stock.insert(9, item(there.len() as i64));
        if well { Ok(there) } else { Err("not well".to_owned()) }
    }
    /// A table by value, there and back; a row comes from another entity while the table is spoken of.
    pub async fn trade(&mut self, with: Ref<Shelf>) -> usize {
        let theirs = with.whole().await;
        let mine = std::mem::replace(&mut self.stock, theirs);
        self.stock.insert(400, item(with.left(1).await.unwrap_or(-1)));
        self.spare = Some(mine);
        self.spare.as_mut().map_or(0, |spare| {
            spare.insert(401, item(1));
            spare.len() + self.stock.len()
        })
    }
    /// The references that it meets are the keys of a parameter.
    pub async fn give_all(&mut self, to: Table<Ref<Shelf>, i64>) -> Result<i64, String> {
        let mut sum = 0;
        for (to, n) in &to {
            sum += to.add(1, *n).await?;
        }
        Ok(sum)
    }
}

fn shelf(id: u64) -> Ref<Shelf> {
    Shelf::at(id)
}

#[test]
fn what_is_written_to_a_table_is_undone() {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    script!([Shelf]
        shelf(1).fill(10) => "Ok(10)",
        shelf(1).churn(false) => r#"Ok(Err("8:30 7:10 6:30 5:11 4:44 2:-2 true true"))"#,
        shelf(1).all() => "Ok([(0, 10), (1, 10), (2, 10), (3, 10), (4, 10), (5, 10), (6, 10), (7, 10), (8, 10), (9, 10)])",
        shelf(1).empty(false) => "Ok(Err(1))",
        shelf(1).add(3, -11) => r#"Ok(Err("3 is short by 1"))"#,
        shelf(1).break_off(shelf(2)) => "Err(Panicked…)",
        shelf(1).break_off(shelf(1)) => "Err(Panicked…)",
        shelf(2).all() => "Ok([])",
        shelf(1).churn(true) => r#"Ok(Ok("8:30 7:10 6:30 5:11 4:44 2:-2 true true"))"#,
        shelf(1).all() => "Ok([(1, 10), (2, -2), (4, 44), (5, 11), (6, 30), (7, 10), (8, 30)])",
        shelf(1).break_off(shelf(1)) => "Err(Panicked…)",
        shelf(1).put(2, 20) => "Ok(Some(-2))",
        shelf(1).put(3, 30) => "Ok(None)",
        shelf(1).left(2) => "Ok(Some(20))",
        shelf(1).empty(true) => "Ok(Ok(1))",
        shelf(1).all() => "Ok([(1, 1)])",
    );
}

#[test]
fn over_several_entities_and_in_a_join() {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    script!([Shelf]
        shelf(1).fill(3) => "Ok(3)",
        shelf(1).give(shelf(2), 1, 4) => "Ok(Ok(4))",
        shelf(1).all() => "Ok([(0, 10), (1, 6), (2, 10), (501, 16)])",
        shelf(1).give(shelf(2), 1, 7) => r#"Ok(Err("no 7 to give"))"#,
        shelf(1).give(shelf(2), 9, 7) => r#"Ok(Err("not here"))"#,
        shelf(2).all() => "Ok([(1, 4)])",
        shelf(1).spread(vec![shelf(2), shelf(3), shelf(4)], 2, 3) => "Ok(Ok([3, 3, 3]))",
        shelf(1).spread(vec![shelf(2), shelf(3), shelf(4)], 2, 3) => r#"Ok(Err("not enough"))"#,
        shelf(3).put(1, -5) => "Ok(None)",
        shelf(1).spread(vec![shelf(2), shelf(3), shelf(4)], 1, 2) => r#"Ok(Err("1 is short by 3"))"#,
        shelf(3).all() => "Ok([(1, -5), (2, 3)])",
        shelf(4).all() => "Ok([(2, 3)])",
        shelf(1).all() => "Ok([(0, 10), (1, 6), (2, 1), (501, 16)])",
        shelf(4).give_all(Table::from([(shelf(1), 1), (shelf(2), 2)])) => "Ok(Ok(13))",
        shelf(4).give_all(Table::from([(shelf(1), 1), (shelf(3), 2)])) => r#"Ok(Err("1 is short by 3"))"#,
        shelf(1).left(1) => "Ok(Some(7))",
    );
}

#[test]
fn a_range_sees_what_was_written() {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    script!([Shelf]
        shelf(1).twice(shelf(1), 4) => "Ok(Ok([15, 16]))",
        shelf(1).twice(shelf(1), 5) => "Ok(Ok([15, 16]))",
        shelf(1).all() => "Ok([(4, 15), (5, 15), (6, 16)])",
    );
}

#[test]
fn a_scout_reads_and_writes_a_table() {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    script!([Shelf]
        shelf(1).fill(6) => "Ok(6)",
        shelf(1).give(shelf(2), 0, 1) => "Ok(Ok(1))",
        shelf(1).follow(4, false) => r#"Ok(Err("moved 5"))"#,
        shelf(2).all() => "Ok([(0, 1)])",
        shelf(1).follow(4, true) => "Ok(Ok(5))",
        shelf(2).all() => "Ok([(0, 2), (2, 1), (4, 1), (6, 1)])",
        shelf(1).follow(2, true) => "Ok(Ok(5))",
        shelf(1).all() => "Ok([(0, 9), (1, 0), (2, 1), (3, 2), (4, 3), (5, 10), (500, 9)])",
    );
}

#[test]
fn tables_come_and_go_with_their_entities() {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let rows = |rows: &[(u64, i64)]| rows.iter().copied().collect::<Table<u64, i64>>();
    script!([Shelf]
        shelf(1).open(rows(&[])) => r#"Ok(Err("nothing to show"))"#,
        shelf(1).open(rows(&[(1, 10), (2, 20)])) => "Ok(Ok(…))",
        shelf(1).all() => "Ok([(2, 20), (1000, 2)])",
        shelf(1).open(rows(&[(1, 10)])) => "Err(…)",
        shelf(2).replace(shelf(1), false) => r#"Ok(Err("not well"))"#,
        shelf(1).all() => "Ok([(2, 20), (1000, 2)])",
        shelf(2).all() => "Ok([])",
        shelf(2).replace(shelf(1), true) => "Ok(Ok([(5, 50)]))",
        shelf(1).remove() => "Ok(true)",
        shelf(1).exists() => "Ok(false)",
        shelf(1).put(1, 11) => "Ok(None)",
        shelf(2).trade(shelf(1)) => "Ok(4)",
        shelf(1).put(1, 12) => "Ok(Some(11))",
        shelf(2).put(1, 13) => "Ok(Some(11))",
        shelf(1).whole() => "Ok({1: Item { left: 12, from: None }})";
        state { "Shelf": {
            "1": { "id": 1, "name": "", "stock": { "1": { "left": 12, "from": null } }, "spare": null, "moves": 0 },
            "2": { "id": 2, "name": "", "moves": 0,
                "stock": { "1": { "left": 13, "from": null }, "400": { "left": 11, "from": null } },
                "spare": { "9": { "left": 1, "from": null }, "401": { "left": 1, "from": null } } },
        } }
    );
}
