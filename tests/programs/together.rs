//! Together: `join`, `join_all`, `try_join_all` and `send`.

mod teams {
    use crate::cell::{Cell, cell};
    use thalweg::prelude::*;

    #[entity]
    pub struct Team {
        #[key]
        id: u64,
        total: i64,
    }

    #[entity]
    impl Team {
        pub fn open(id: u64, total: i64) -> Self {
            Self { id, total }
        }

        pub fn total(&self) -> i64 {
            self.total
        }

        pub fn grow(&mut self, by: i64) -> i64 {
            self.total = self.total * 2 + by;
            self.total
        }

        pub async fn two(&mut self, a: Ref<Cell>, b: Ref<Cell>) -> i64 {
            let (x, y) = join((a.add(1), b.add(2))).await;
            self.total += x;
            x * 100 + y
        }

        pub async fn types(&self, a: Ref<Cell>, other: Ref<Team>) -> String {
            let (x, (), log, y) = join((a.maybe(), other.shout(a.clone()), a.log(), other.total())).await;
            format!("{x:?} {log:?} {y}")
        }

        pub async fn shout(&mut self, a: Ref<Cell>) {
            a.note(format!("team {}", self.id)).await;
            self.total += 1;
        }

        pub async fn all(&self, cells: Vec<Ref<Cell>>) -> Vec<i64> {
            join_all(cells.iter().map(|cell| cell.add(1))).await
        }

        pub async fn all_of_a_list(&self, cells: Vec<Ref<Cell>>) -> i64 {
            let mut calls = Vec::new();
            for (n, cell) in cells.iter().enumerate() {
                if n != 1 {
                    calls.push(cell.add(n as i64));
                }
            }
            let values = join_all(calls).await;
            values.into_iter().fold(0, |sum, x| sum * 100 + x)
        }

        /// Both branches come back to `self` and to each other.
        pub async fn meeting(&mut self, a: Ref<Team>, b: Ref<Team>) -> (i64, i64, i64) {
            let me = Team::at(self.id);
            let (x, y) = join((a.add_to(me.clone(), 1), b.add_to(me, 3))).await;
            self.total += 1;
            (x, y, self.total)
        }

        pub async fn add_to(&mut self, team: Ref<Team>, by: i64) -> i64 {
            self.total += 1;
            let x = team.grow(by).await;
            self.total += x;
            x
        }

        pub async fn nested(&self, cells: Vec<Ref<Cell>>) -> i64 {
            let me = Team::at(self.id);
            let (values, (x, more)) = join((me.all(cells.clone()), me.pair(cells.clone()))).await;
            values.iter().sum::<i64>() * 1_000 + x * 100 + more.len() as i64
        }

        pub async fn pair(&self, cells: Vec<Ref<Cell>>) -> (i64, Vec<i64>) {
            let me = Team::at(self.id);
            let (x, all) = join((cells[0].get(), me.all(cells.clone()))).await;
            (x, all)
        }

        pub async fn try_all(&mut self, cells: Vec<Ref<Cell>>, amount: i64) -> Result<Vec<i64>, String> {
            self.total += 1;
            let rest = try_join_all(cells.iter().map(|cell| cell.take(amount))).await?;
            self.total += 100;
            Ok(rest)
        }

        /// An error that is kept does not undo; the calls before it have happened.
        pub async fn try_and_keep(&mut self, cells: Vec<Ref<Cell>>, amount: i64) -> String {
            match try_join_all(cells.iter().map(|cell| cell.take(amount)).collect::<Vec<_>>()).await {
                Ok(rest) => format!("{rest:?}"),
                Err(text) => text,
            }
        }

        pub async fn empty(&self) -> (usize, bool) {
            let none: Vec<Call<_>> = Vec::<Ref<Cell>>::new().iter().map(|cell| cell.get()).collect();
            let nothing = join_all(none).await;
            let cells: Vec<Ref<Cell>> = vec![];
            let tried = try_join_all(cells.iter().map(|cell| cell.take(1))).await;
            (nothing.len(), tried == Ok(vec![]))
        }

        pub async fn in_a_loop(&mut self, a: Ref<Cell>, b: Ref<Cell>) -> i64 {
            for n in 1..=3 {
                let (x, y) = join((a.add(n), b.add(-n))).await;
                self.total += x * y;
                if self.total < -30 {
                    break;
                }
            }
            self.total
        }

        pub async fn sends(&mut self, a: Ref<Cell>) -> Vec<String> {
            for n in 0..3 {
                a.note(format!("sent {n}")).send();
            }
            a.note("awaited".to_owned()).await;
            a.note("last".to_owned()).send();
            a.log().await
        }

        pub async fn send_to_many(&mut self, cells: Vec<Ref<Cell>>) {
            for (n, cell) in cells.iter().enumerate() {
                cell.note(format!("{n} from {}", self.id)).send();
            }
            self.total += 1;
        }

        /// What was sent to `self` has happened at the next statement.
        pub async fn send_back(&mut self) -> i64 {
            let me = Team::at(self.id);
            me.grow(5).send();
            self.total * 100 + me.total().await
        }

        pub async fn send_and_fail(&mut self, cell: Ref<Cell>) -> Result<(), String> {
            cell.note("never".to_owned()).send();
            Err("failed".to_owned())
        }

        pub async fn send_that_panics(&mut self, cell: Ref<Cell>) -> i64 {
            cell.burn(true).send();
            1
        }

        pub async fn send_that_errs(&mut self, cell: Ref<Cell>) -> i64 {
            cell.take(1_000_000).send();
            cell.add(1).await
        }

        pub async fn send_to_nobody(&mut self) -> i64 {
            cell(404).add(1).send();
            1
        }

        pub async fn kept_call(&self, a: Ref<Cell>) -> i64 {
            let late = a.add(1);
            let first = a.add(10).await;
            late.await * 100 + first
        }
    }
}

use crate::cell::{Cell, cell};
use teams::Team;
use thalweg::prelude::Ref;

fn team(id: u64) -> Ref<Team> {
    Team::at(id)
}

#[test]
fn joins() {
    script!([Team, Cell]
        cell(1).open(0) => "Ok…",
        cell(2).open(10) => "Ok…",
        team(1).open(0) => "Ok…",
        team(2).open(50) => "Ok…",
        team(1).two(cell(1), cell(2)) => "Ok(112)",
        team(1).two(cell(1), cell(1)) => "Ok(204)", // they meet: left, then right
        team(1).types(cell(2), team(2)) => r#"Ok("Some(12) [\"team 2\"] 51")"#,
        team(1).all(vec![cell(2), cell(1), cell(2)]) => "Ok([13, 5, 14])",
        team(1).all_of_a_list(vec![cell(1), cell(1), cell(1), cell(2)]) => "Ok(50717)", // 5, 7, 17
        team(1).nested(vec![cell(1), cell(2)]) => "Ok(26802)", // 8 + 18; 8; two
        team(1).in_a_loop(cell(1), cell(2)) => "Ok(570)", // 3 + 10 * 18 + 12 * 16 + 15 * 13
        team(1).empty() => "Ok((0, true))",
        team(1).kept_call(cell(1)) => "Ok(2625)",
    );
}

#[test]
fn joins_that_meet() {
    script!([Team]
        team(1).open(1) => "Ok…",
        team(2).open(0) => "Ok…",
        team(1).meeting(team(2), team(2)) => "Ok((3, 9, 10))",
        team(2).total() => "Ok(14)",
        team(1).meeting(team(1), team(2)) => "Ok((23, 95, 96))"; // 11, 23, 46; 95
        state {"Team": {"1": {"id": 1, "total": 96}, "2": {"id": 2, "total": 110}}}
    );
}

#[test]
fn joins_with_errors() {
    script!([Team, Cell]
        cell(1).open(5) => "Ok…",
        cell(2).open(2) => "Ok…",
        team(1).open(0) => "Ok…",
        team(1).try_all(vec![cell(1), cell(2)], 2) => "Ok(Ok([3, 0]))",
        team(1).try_all(vec![cell(1), cell(2)], 1) => r#"Ok(Err("cell 2 has 0, not 1"))"#,
        cell(1).get() => "Ok(3)",
        team(1).total() => "Ok(101)",
        team(1).try_and_keep(vec![cell(1), cell(2)], 1) => r#"Ok("cell 2 has 0, not 1")"#,
        cell(1).get() => "Ok(2)",
        team(1).try_and_keep(vec![cell(1), cell(1)], 1) => r#"Ok("[1, 0]")"#,
        cell(1).set(9) => "Ok(0)",
        team(1).try_and_keep(vec![cell(2), cell(1)], 1) => r#"Ok("cell 2 has 0, not 1")"#,
        cell(1).get() => "Ok(9)", // the call after the error was not made
    );
}

#[test]
fn sends() {
    script!([Team, Cell]
        cell(1).open(0) => "Ok…",
        cell(2).open(0) => "Ok…",
        team(1).open(10) => "Ok…",
        team(1).sends(cell(1)) => r#"Ok(["sent 0", "sent 1", "sent 2", "awaited", "last"])"#,
        team(1).send_to_many(vec![cell(2), cell(1), cell(2)]) => "Ok(())",
        cell(2).log() => r#"Ok(["0 from 1", "2 from 1"])"#,
        team(1).total() => "Ok(11)",
        team(1).send_back() => "Ok(2727)",
        team(1).send_and_fail(cell(2)) => r#"Ok(Err("failed"))"#,
        team(1).send_that_panics(cell(2)) => "Err(Panicked…burned…",
        team(1).send_that_errs(cell(2)) => "Ok(1)",
        team(1).send_to_nobody() => "Err(Missing…",
        cell(2).log() => r#"Ok(["0 from 1", "2 from 1"])"#,
        cell(2).get() => "Ok(1)",
    );
}
