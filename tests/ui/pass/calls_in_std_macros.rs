//! The macros of std can be seen through: a call among their arguments is a call in an expression.
#![deny(warnings)]
use thalweg::prelude::*;

#[entity]
pub struct Cell {
    #[key]
    id: u64,
    value: i64,
}

#[entity]
impl Cell {
    pub fn open(id: u64) -> Self {
        Self { id, value: 0 }
    }

    pub fn get(&self) -> i64 {
        self.value
    }

    pub fn add(&mut self, amount: i64) -> i64 {
        self.value += amount;
        self.value
    }

    pub fn maybe(&self) -> Option<i64> {
        Some(self.value)
    }

    pub async fn macros(&self, cell: Ref<Cell>) -> String {
        let list = vec![cell.add(1).await, cell.add(1).await];
        let same = vec![cell.get().await; 2];
        assert!(cell.get().await > 0, "the cell holds {}", cell.get().await);
        assert_eq!(cell.get().await, list[1]);
        assert_ne!(cell.get().await, list[0], "never");
        let some = matches!(cell.maybe().await, Some(x) if x > 0);
        let x = cell.get().await;
        format!("{list:?} {same:?} {some} {} {x} {y}", cell.add(1).await, y = cell.add(1).await)
    }

    pub async fn more(&self, cell: Ref<Cell>) -> String {
        let mut text = String::from("t");
        text.push_str(&format!("/{}", cell.get().await));
        match cell.get().await {
            x if x > 100 => unreachable!("cell {}", cell.get().await),
            x => text + &format!("{}", x + cell.add(1).await),
        }
    }
}

fn main() -> Result<(), thalweg::Error> {
    let app = App::new("macros").entity::<Cell>().start()?;
    let cell = |id| Cell::at(id);
    app.call_blocking(cell(1).open())?;
    app.call_blocking(cell(2).open())?;
    assert_eq!(app.call_blocking(cell(1).macros(cell(2)))?, "[1, 2] [2, 2] true 3 2 4");
    assert_eq!(app.call_blocking(cell(1).more(cell(2)))?, "t/49");
    app.stop()
}
