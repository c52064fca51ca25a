//! Branches: calls in conditions, in arms, and around returns.

mod forks {
    use crate::cell::Cell;
    use thalweg::prelude::*;

    #[entity]
    pub struct Fork {
        #[key]
        id: u64,
        path: String,
    }

    #[entity]
    impl Fork {
        pub fn open(id: u64) -> Self {
            Self { id, path: String::new() }
        }

        pub fn path(&self) -> String {
            self.path.clone()
        }

        pub async fn else_if(&mut self, n: i64, cell: Ref<Cell>) -> i64 {
            self.path.push('[');
            if n == 0 {
                self.path.push('0');
            } else if cell.positive().await {
                self.path.push('p');
            } else if cell.get().await == n {
                self.path.push('=');
            } else {
                self.path.push('-');
            }
            self.path.push(']');
            n
        }

        pub async fn mixed_condition(&self, n: i64, cell: Ref<Cell>) -> bool {
            if n > 3 && cell.get().await > n || n == -1 { true } else { false }
        }

        pub async fn no_else(&mut self, go: bool, cell: Ref<Cell>) -> i64 {
            let mut x = 1;
            if go {
                x += cell.add(1).await;
                self.path.push('g');
            }
            if !go {
                cell.add(100).await;
            }
            x
        }

        pub async fn inner_returns(&mut self, a: bool, b: bool, cell: Ref<Cell>) -> i64 {
            if a {
                if b {
                    return cell.add(1).await;
                } else {
                    self.path.push('x');
                    return cell.add(2).await;
                }
            } else {
                if b {
                    return 3;
                }
            }
            4
        }

        /// Every branch returns; nothing follows.
        pub async fn all_return(&mut self, a: bool, cell: Ref<Cell>) -> i64 {
            if a {
                let x = cell.add(1).await;
                if x > 0 {
                    return x;
                } else {
                    return -x;
                }
            } else {
                return cell.get().await;
            }
        }

        pub async fn between(&mut self, stop: i64, cell: Ref<Cell>) -> String {
            let first = cell.add(1).await;
            if first == stop {
                self.path.push('s');
                return "stopped".to_owned();
            }
            self.path.push('c');
            cell.add(10).await;
            "went on".to_owned()
        }

        pub async fn if_let(&self, cell: Ref<Cell>, other: Ref<Cell>) -> i64 {
            if let Some(x) = cell.maybe().await {
                x + 1
            } else if let Some(y) = other.maybe().await {
                y + 2
            } else {
                cell.get().await + other.get().await
            }
        }

        pub async fn let_else(&self, cell: Ref<Cell>) -> Result<i64, String> {
            let Some(x) = cell.maybe().await else {
                let low = cell.get().await;
                return Err(format!("low: {low}"));
            };
            let (1.., y) = (x, cell.add(1).await) else {
                return Err("zero".to_owned());
            };
            Ok(x * 100 + y)
        }

        pub async fn chain(&self, n: i64, a: Ref<Cell>, b: Ref<Cell>) -> i64 {
            if let Some(x) = a.maybe().await
                && x > n
                && let Some(y) = b.maybe().await
                && a.add(y).await > 0
            {
                x * 10 + y
            } else if n > 0
                && let Ok(rest) = b.take(n).await
            {
                rest
            } else {
                -1
            }
        }

        pub async fn matched(&self, a: Ref<Cell>, b: Ref<Cell>) -> String {
            match a.get().await {
                x if b.add(1).await == x => format!("equal {x}"),
                0 => "zero".to_owned(),
                x if x > 5 => "more ".to_owned() + &a.add(1).await.to_string(),
                x @ (1 | 2) => "few ".to_owned() + &(x + b.get().await).to_string(),
                x if b.get().await == x && b.add(1).await > 0 => format!("second {x}"),
                _ => "rest".to_owned(),
            }
        }

        pub async fn match_result(&self, amount: i64, cell: Ref<Cell>) -> i64 {
            match cell.take(amount).await {
                Ok(0) => 0,
                Ok(rest) => rest + cell.get().await,
                Err(text) if text.len() > 1_000 => 1,
                Err(text) => {
                    cell.note(text).await;
                    -1
                }
            }
        }

        pub async fn by_reference(&self, pair: (i64, Option<Ref<Cell>>)) -> i64 {
            let mut list = vec![1, 2, 3];
            let found = match &pair {
                (a, Some(cell)) => cell.add(*a).await + *a,
                (a, None) => *a,
            };
            match &mut list[..] {
                [first, .., last] if *first < *last => {
                    *first += 10;
                    if let Some(cell) = &pair.1 {
                        *last = cell.get().await;
                    }
                    *first += 1;
                }
                _ => {}
            }
            match list {
                ref l if l.len() == 2 => 0,
                ref mut l => {
                    l.push(found);
                    l.iter().sum::<i64>()
                }
            }
        }

        pub async fn ternary(&self, c: bool, cell: Ref<Cell>) -> i64 {
            let x = if c { cell.add(1).await } else { 0 };
            let y = if !c { 5 } else { cell.add(1).await } + 1;
            let z = cell.add(if c { 100 } else { cell.get().await }).await;
            x * 10_000 + y * 1_000 + z
        }

        pub async fn and_or(&self, a: bool, b: bool, left: Ref<Cell>, right: Ref<Cell>) -> String {
            let and = left.asked(a).await && right.asked(b).await;
            let or = left.asked(a).await || right.asked(b).await;
            let local_and = a && right.asked(b).await;
            let and_local = left.asked(a).await && b;
            let local_or = a || right.asked(b).await;
            let or_local = left.asked(a).await || b;
            let three = left.asked(a).await && right.asked(b).await || !right.asked(b).await;
            let group = left.asked(a).await && (right.asked(b).await || left.asked(a).await);
            let counts = (left.get().await, right.get().await);
            format!("{and} {or} {local_and} {and_local} {local_or} {or_local} {three} {group} {counts:?}")
        }

        pub async fn deferred(&self, c: bool, cell: Ref<Cell>) -> i64 {
            let x;
            let y: i64;
            if c {
                x = cell.add(1).await;
                y = 2;
            } else {
                y = cell.add(3).await;
                x = 4;
            }
            let z;
            if c {
                z = x + y;
            } else {
                return cell.add(x).await * 100 + y;
            }
            cell.add(z).await
        }

        pub async fn moved(&self, c: bool, cell: Ref<Cell>) -> String {
            let text = String::from("moved");
            let kept = String::from("kept");
            if c {
                cell.note(text).await;
            } else {
                let longer = text + "!";
                cell.get().await;
                return longer + &kept;
            }
            cell.get().await;
            kept
        }

        pub async fn never_taken(&self, cell: Ref<Cell>) -> i64 {
            if false {
                return cell.get().await;
            }
            if cell.get().await == i64::MAX {
                return cell.get().await;
            }
            let x: i64 = match cell.maybe().await {
                Some(x) => x,
                None => return -1,
            };
            x
        }

        pub async fn blocks(&mut self, cell: Ref<Cell>) -> i64 {
            let x = 'found: {
                if cell.add(1).await == 1 {
                    break 'found 10;
                }
                let y = cell.add(1).await;
                if y % 2 == 1 {
                    break 'found y;
                }
                cell.add(50).await
            };
            {
                self.path.push('b')
            };
            x + cell.get().await
        }

        /// A value that is an `if` in a statement that calls in its arms only.
        pub async fn nested_values(&self, n: i64, cell: Ref<Cell>) -> i64 {
            let x = match n {
                0 => {
                    if cell.positive().await {
                        1
                    } else {
                        2
                    }
                }
                1 => match cell.maybe().await {
                    Some(x) => x,
                    None => -1,
                },
                2 => {
                    let a = cell.add(1).await;
                    let b = cell.add(1).await;
                    a * b
                }
                _ => loop {
                    let x = cell.add(1).await;
                    if x > 5 {
                        break x;
                    }
                },
            };
            x * 2
        }
    }
}

use crate::cell::{Cell, cell};
use forks::Fork;

fn fork(id: u64) -> thalweg::prelude::Ref<Fork> {
    Fork::at(id)
}

#[test]
fn conditions() {
    script!([Fork, Cell]
        cell(1).open(10) => "Ok…",
        cell(2).open(-3) => "Ok…",
        fork(1).open() => "Ok…",
        fork(1).else_if(0, cell(1)) => "Ok(0)",
        fork(1).else_if(5, cell(1)) => "Ok(5)",
        fork(1).else_if(-3, cell(2)) => "Ok(-3)",
        fork(1).else_if(7, cell(2)) => "Ok(7)",
        fork(1).path() => r#"Ok("[0][p][=][-]")"#,
        fork(1).mixed_condition(4, cell(1)) => "Ok(true)",
        fork(1).mixed_condition(3, cell(1)) => "Ok(false)",
        fork(1).mixed_condition(10, cell(1)) => "Ok(false)",
        fork(1).mixed_condition(-1, cell(1)) => "Ok(true)",
        fork(1).no_else(true, cell(1)) => "Ok(12)",
        fork(1).no_else(false, cell(1)) => "Ok(1)",
        cell(1).get() => "Ok(111)",
        fork(1).never_taken(cell(1)) => "Ok(111)",
        fork(1).never_taken(cell(2)) => "Ok(-1)",
    );
}

#[test]
fn returns() {
    script!([Fork, Cell]
        cell(1).open(0) => "Ok…",
        fork(1).open() => "Ok…",
        fork(1).inner_returns(true, true, cell(1)) => "Ok(1)",
        fork(1).inner_returns(true, false, cell(1)) => "Ok(3)",
        fork(1).inner_returns(false, true, cell(1)) => "Ok(3)",
        fork(1).inner_returns(false, false, cell(1)) => "Ok(4)",
        fork(1).all_return(true, cell(1)) => "Ok(4)",
        fork(1).all_return(false, cell(1)) => "Ok(4)",
        cell(1).set(-9) => "Ok(4)",
        fork(1).all_return(true, cell(1)) => "Ok(8)",
        fork(1).between(-7, cell(1)) => r#"Ok("stopped")"#,
        fork(1).between(-7, cell(1)) => r#"Ok("went on")"#,
        fork(1).path() => r#"Ok("xsc")"#,
        cell(1).get() => "Ok(4)",
    );
}

#[test]
fn patterns() {
    script!([Fork, Cell]
        cell(1).open(7) => "Ok…",
        cell(2).open(-2) => "Ok…",
        cell(3).open(0) => "Ok…",
        fork(1).open() => "Ok…",
        fork(1).if_let(cell(1), cell(2)) => "Ok(8)",
        fork(1).if_let(cell(2), cell(1)) => "Ok(9)",
        fork(1).if_let(cell(2), cell(2)) => "Ok(-4)",
        fork(1).let_else(cell(1)) => "Ok(Ok(708))",
        fork(1).let_else(cell(2)) => r#"Ok(Err("low: -2"))"#,
        fork(1).let_else(cell(3)) => r#"Ok(Err("zero"))"#,
        cell(3).get() => "Ok(0)", // undone with the Err
        fork(1).chain(3, cell(1), cell(3)) => "Ok(80)",
        fork(1).chain(8, cell(1), cell(1)) => "Ok(0)",
        fork(1).chain(0, cell(2), cell(1)) => "Ok(-1)",
        fork(1).chain(5, cell(2), cell(1)) => "Ok(-1)",
    );
}

#[test]
fn matches() {
    script!([Fork, Cell]
        cell(1).open(5) => "Ok…",
        cell(2).open(4) => "Ok…",
        fork(1).open() => "Ok…",
        fork(1).matched(cell(1), cell(2)) => r#"Ok("equal 5")"#, // cell 2: 5
        fork(1).matched(cell(1), cell(2)) => r#"Ok("rest")"#, // 6
        cell(1).set(0) => "Ok(5)",
        fork(1).matched(cell(1), cell(2)) => r#"Ok("zero")"#, // 7
        cell(1).set(2) => "Ok(0)",
        fork(1).matched(cell(1), cell(2)) => r#"Ok("few 10")"#, // 8
        cell(1).set(6) => "Ok(2)",
        fork(1).matched(cell(1), cell(2)) => r#"Ok("more 7")"#, // 9
        fork(1).match_result(7, cell(1)) => "Ok(0)",
        fork(1).match_result(1, cell(1)) => "Ok(-1)",
        fork(1).match_result(4, cell(2)) => "Ok(10)",
        cell(1).log() => r#"Ok(["cell 1 has 0, not 1"])"#,
        fork(1).by_reference((4, Some(cell(1)))) => "Ok(26)", // found 8; 12 + 2 + 4 + 8
        fork(1).by_reference((4, None)) => "Ok(21)", // found 4; 12 + 2 + 3 + 4
    );
}

#[test]
fn values_of_branches() {
    script!([Fork, Cell]
        cell(1).open(0) => "Ok…",
        cell(2).open(0) => "Ok…",
        fork(1).open() => "Ok…",
        fork(1).ternary(true, cell(1)) => "Ok(13102)", // 1, 3, 102
        fork(1).ternary(false, cell(1)) => "Ok(6204)", // 0, 6, 204
        fork(1).deferred(true, cell(2)) => "Ok(4)", // x 1, y 2, z 3
        fork(1).deferred(false, cell(2)) => "Ok(1107)", // y 7, x 4, 11
        fork(1).moved(true, cell(2)) => r#"Ok("kept")"#,
        fork(1).moved(false, cell(2)) => r#"Ok("moved!kept")"#,
        cell(2).log() => r#"Ok(["moved"])"#,
        cell(2).set(0) => "Ok(11)",
        fork(1).blocks(cell(2)) => "Ok(11)", // 10 + 1
        fork(1).blocks(cell(2)) => "Ok(6)", // 2, then 3 + 3
        cell(2).set(4) => "Ok(3)",
        fork(1).blocks(cell(2)) => "Ok(112)", // 5, 6, 56 + 56
        fork(1).nested_values(0, cell(2)) => "Ok(2)",
        fork(1).nested_values(1, cell(2)) => "Ok(112)",
        fork(1).nested_values(2, cell(2)) => "Ok(6612)", // 57 * 58 * 2
        cell(2).set(0) => "Ok(58)",
        fork(1).nested_values(3, cell(2)) => "Ok(12)",
    );
}

#[test]
fn short_circuit() {
    script!([Fork, Cell]
        cell(1).open(0) => "Ok…",
        cell(2).open(0) => "Ok…",
        cell(3).open(0) => "Ok…",
        cell(4).open(0) => "Ok…",
        cell(5).open(0) => "Ok…",
        cell(6).open(0) => "Ok…",
        cell(7).open(0) => "Ok…",
        cell(8).open(0) => "Ok…",
        fork(1).open() => "Ok…",
        // Left is asked 6 times, once more in `group` when right says no; right as often as the operators let it be.
        fork(1).and_or(true, true, cell(1), cell(2))
            => r#"Ok("true true true true true true true true (6, 4)")"#,
        fork(1).and_or(true, false, cell(3), cell(4))
            => r#"Ok("false true false false true true true true (7, 5)")"#,
        fork(1).and_or(false, true, cell(5), cell(6))
            => r#"Ok("false true false false true true false false (6, 3)")"#,
        fork(1).and_or(false, false, cell(7), cell(8))
            => r#"Ok("false false false false false false true false (6, 3)")"#,
    );
}
