//! Loops: calls in bodies, conditions and iterables, and every way out.

mod rounds {
    use crate::cell::{Cell, cell};
    use std::collections::BTreeMap;
    use thalweg::prelude::*;

    #[entity]
    pub struct Round {
        #[key]
        id: u64,
        items: Vec<(Ref<Cell>, i64)>,
        total: i64,
    }

    #[entity]
    impl Round {
        pub fn open(id: u64, items: Vec<(Ref<Cell>, i64)>) -> Self {
            Self { id, items, total: 0 }
        }

        pub fn total(&self) -> i64 {
            self.total
        }

        pub async fn over_vec(&mut self, cells: Vec<Ref<Cell>>) -> i64 {
            let mut even = 0;
            for cell in cells {
                let value = cell.add(1).await;
                if value % 2 == 0 {
                    even += 1;
                } else {
                    self.total += value;
                }
            }
            even
        }

        pub async fn over_borrowed(&self, cells: Vec<Ref<Cell>>) -> i64 {
            let mut sum = 0;
            for cell in &cells {
                sum += cell.get().await;
            }
            for (n, cell) in cells.iter().enumerate().skip(1) {
                sum += n as i64 * cell.add(sum).await;
            }
            sum
        }

        pub async fn over_tuples(&self, items: Vec<(Ref<Cell>, i64)>) -> i64 {
            let mut sum = 0;
            for (cell, quantity) in items {
                sum += cell.add(quantity).await * quantity;
            }
            sum
        }

        pub async fn over_range(&self, cell: Ref<Cell>) -> Vec<i64> {
            let mut seen = Vec::new();
            for n in 0..6 {
                if n == 1 {
                    continue;
                }
                let x = cell.add(n).await;
                if x % 2 == 1 {
                    continue;
                }
                seen.push(x);
                if n == 5 {
                    cell.add(1).await;
                    continue;
                }
                seen.push(-n);
            }
            seen
        }

        pub async fn break_value(&self, cell: Ref<Cell>) -> i64 {
            let found = loop {
                let x = cell.add(3).await;
                if x > 10 {
                    break x * 2;
                }
            };
            found + cell.get().await
        }

        pub async fn labels(&self, a: Ref<Cell>, b: Ref<Cell>) -> (i64, i64, i64) {
            let mut turns = 0;
            'outer: for i in 0..10 {
                a.add(1).await;
                for j in 0..10 {
                    turns += 1;
                    if j > i {
                        continue 'outer;
                    }
                    if b.add(1).await == 8 {
                        break 'outer;
                    }
                }
                turns += 1_000;
            }
            (turns, a.get().await, b.get().await)
        }

        pub async fn labelled_values(&self, cell: Ref<Cell>) -> i64 {
            let x = 'outer: loop {
                let mut n = 0;
                loop {
                    n += 1;
                    let x = cell.add(n).await;
                    if x > 20 {
                        break 'outer x;
                    }
                    if n == 3 {
                        break;
                    }
                }
                cell.add(100 * (n - 3)).await;
            };
            x
        }

        pub async fn returns(&mut self, limit: i64, cells: Vec<Ref<Cell>>) -> Option<i64> {
            for cell in cells {
                self.total += 1;
                let x = cell.add(1).await;
                if x >= limit {
                    return Some(x);
                }
                cell.add(1).await;
            }
            None
        }

        pub async fn while_condition(&self, cell: Ref<Cell>) -> i64 {
            let mut turns = 0;
            while cell.add(1).await < 5 {
                turns += 1;
            }
            turns
        }

        pub async fn while_body(&self, mut n: i64, cell: Ref<Cell>) -> i64 {
            let start = n;
            while n > 0 {
                n -= cell.get().await.max(1);
                if n == 3 {
                    continue;
                }
                cell.add(1).await;
            }
            start * 100 - n
        }

        pub async fn while_both(&self, cell: Ref<Cell>) -> i64 {
            while cell.positive().await && cell.add(-2).await != 3 {
                if cell.get().await == 1 {
                    break;
                }
                cell.add(-1).await;
            }
            cell.get().await
        }

        pub async fn while_let(&self, mut queue: Vec<Ref<Cell>>) -> Vec<i64> {
            let mut seen = vec![];
            while let Some(cell) = queue.pop() {
                let x = cell.add(-1).await;
                seen.push(x);
                if x > 0 {
                    queue.push(cell);
                }
            }
            seen
        }

        pub async fn while_let_call(&self, cell: Ref<Cell>) -> i64 {
            let mut sum = 0;
            while let Some(x) = cell.maybe().await
                && sum < 1_000
            {
                sum += x;
                cell.add(-1).await;
            }
            sum
        }

        pub async fn iterable(&self, cell: Ref<Cell>) -> i64 {
            let mut last = 0;
            for n in 0..cell.add(2).await {
                last = n + cell.add(1).await;
            }
            for text in cell.log().await {
                last = last * 10 + text.len() as i64;
            }
            last
        }

        pub async fn nested(&self, cells: Vec<Ref<Cell>>) -> i64 {
            let mut sum = 0;
            for a in cells.clone() {
                let mut line = a.get().await;
                for b in cells.iter().filter(|b| **b != a) {
                    line = line * 2 + b.add(1).await;
                }
                let mut k = 0;
                while k < 2 {
                    k += 1;
                    sum += k;
                }
                sum += line;
            }
            sum
        }

        pub async fn own_items(&mut self) -> i64 {
            for (cell, quantity) in self.items.clone() {
                self.total += cell.add(quantity).await;
            }
            for n in 0..self.items.len() {
                let (cell, quantity) = self.items[n].clone();
                self.items[n].1 = quantity + cell.get().await;
            }
            let taken = std::mem::take(&mut self.items);
            for (cell, quantity) in &taken {
                self.total += quantity * cell.get().await;
            }
            self.items = taken;
            self.items.iter().map(|item| item.1).sum::<i64>() * 1_000 + self.total
        }

        pub async fn beside(&self, cell: Ref<Cell>) -> i64 {
            let mut squares = 0;
            for n in 0..4 {
                squares += n * n;
            }
            for _ in 0..3 {
                cell.add(squares).await;
            }
            let mut n = 0;
            loop {
                n += 1;
                if n == 5 {
                    break;
                }
            }
            n + cell.get().await
        }

        pub async fn carried(&self, cells: Vec<Ref<Cell>>) -> String {
            let mut count = 0_u8;
            let mut list = Vec::new();
            let mut map = BTreeMap::new();
            let mut best = None;
            let mut text = String::new();
            let mut pair = (0, [0; 2]);
            for (n, cell) in cells.into_iter().enumerate() {
                let x = cell.add(n as i64).await;
                count += 1;
                list.push(x);
                *map.entry(x % 2).or_insert(0) += x;
                best = match best {
                    Some(b) if b >= x => Some(b),
                    _ => Some(cell.get().await),
                };
                text += &x.to_string();
                pair = (pair.0 + 1, [pair.1[1], x]);
            }
            format!("{count} {list:?} {map:?} {best:?} {text} {pair:?}")
        }

        pub async fn borrowed_mut(&self, cell: Ref<Cell>) -> Vec<i64> {
            let mut list = vec![1, 2, 3];
            for slot in list.iter_mut() {
                *slot += cell.add(*slot).await;
            }
            let twice = |x: &mut i64| *x *= 2;
            for slot in &mut list {
                twice(slot);
                cell.get().await;
                twice(slot);
            }
            list
        }

        pub async fn infinite_with_return(&self, cell: Ref<Cell>) -> i64 {
            loop {
                if cell.add(1).await % 7 == 0 {
                    return cell.get().await;
                }
            }
        }

        pub async fn many(&mut self, n: u64, cell: Ref<Cell>) -> i64 {
            for _ in 0..n {
                self.total += cell.add(1).await % 3;
            }
            self.total
        }

        pub async fn computed_keys(&self, n: u64) -> i64 {
            let mut sum = 0;
            for id in (1..=n).rev().step_by(2) {
                sum = sum * 10 + cell(id).get().await;
            }
            sum
        }

        pub async fn bytes(&self, text: String, cell: Ref<Cell>) -> i64 {
            let mut sum = 0;
            for (n, c) in text.chars().enumerate() {
                match c {
                    'g' => sum += cell.get().await,
                    '+' => sum += cell.add(n as i64).await,
                    ' ' => continue,
                    '.' => break,
                    _ => sum -= 1,
                }
            }
            sum
        }
    }
}

use crate::cell::{Cell, cell};
use rounds::Round;

fn round(id: u64) -> thalweg::prelude::Ref<Round> {
    Round::at(id)
}

#[test]
fn for_loops() {
    script!([Round, Cell]
        cell(1).open(0) => "Ok…",
        cell(2).open(1) => "Ok…",
        cell(3).open(2) => "Ok…",
        round(1).open(vec![]) => "Ok…",
        round(1).over_vec(vec![cell(1), cell(2), cell(3)]) => "Ok(1)", // 1, 2, 3
        round(1).over_vec(vec![cell(1), cell(1), cell(1)]) => "Ok(2)", // 2, 3, 4
        round(1).over_vec(vec![]) => "Ok(0)",
        round(1).total() => "Ok(7)",
        round(1).over_borrowed(vec![cell(1), cell(2), cell(3)]) => "Ok(66)", // 4 + 2 + 3; 9 + 11; 20 + 2 * 23
        round(1).over_tuples(vec![(cell(1), 2), (cell(1), -1), (cell(2), 4)]) => "Ok(67)", // 6*2 - 5 + 15*4
        cell(3).set(0) => "Ok(23)",
        round(1).over_range(cell(3)) => "Ok([0, 0, 2, -2, 14])", // 0, 2, 5, 9, 14
        round(1).computed_keys(3) => "Ok(155)", // 15, then 5
        round(1).beside(cell(3)) => "Ok(62)", // 15 + 3 * 14 + 5
        round(1).bytes("g+ x+.g".to_owned(), cell(1)) => "Ok(20)", // 5 + 6 - 1 + 10
    );
}

#[test]
fn ways_out() {
    script!([Round, Cell]
        cell(1).open(0) => "Ok…",
        cell(2).open(0) => "Ok…",
        cell(3).open(0) => "Ok…",
        round(1).open(vec![]) => "Ok…",
        round(1).break_value(cell(1)) => "Ok(36)", // 12 * 2 + 12
        round(1).labels(cell(2), cell(3)) => "Ok((11, 4, 8))", // 1+1, 2+1, 3+1, then two: 2 + 3 + 4 + 2
        cell(1).set(0) => "Ok(12)",
        round(1).labelled_values(cell(1)) => "Ok(21)", // 1 3 6, 7 9 12, 13 15 18, 19 21
        round(1).returns(6, vec![cell(1), cell(2)]) => "Ok(Some(22))",
        round(1).returns(100, vec![cell(1), cell(2)]) => "Ok(None)",
        round(1).total() => "Ok(3)",
        cell(1).get() => "Ok(24)",
        cell(2).get() => "Ok(6)",
        round(1).infinite_with_return(cell(2)) => "Ok(7)",
    );
}

#[test]
fn while_loops() {
    script!([Round, Cell]
        cell(1).open(0) => "Ok…",
        cell(2).open(2) => "Ok…",
        cell(3).open(1) => "Ok…",
        round(1).open(vec![]) => "Ok…",
        round(1).while_condition(cell(1)) => "Ok(4)",
        round(1).while_condition(cell(1)) => "Ok(0)", // 6
        round(1).while_body(10, cell(2)) => "Ok(1004)", // 8 (3), 5 (4), 1 (5), -4 (6): 1000 + 4
        cell(2).set(12) => "Ok(6)",
        round(1).while_both(cell(2)) => "Ok(1)", // 10, 9; 7, 6; 4, 3; 1
        cell(2).set(2) => "Ok(1)",
        round(1).while_let(vec![cell(3), cell(2)]) => "Ok([1, 0, 0])",
        cell(1).set(3) => "Ok(6)",
        round(1).while_let_call(cell(1)) => "Ok(6)",
    );
}

#[test]
fn iterables_and_accumulators() {
    script!([Round, Cell]
        cell(1).open(1) => "Ok…",
        cell(2).open(5) => "Ok…",
        cell(3).open(4) => "Ok…",
        cell(1).note("ab".to_owned()) => "Ok(1)",
        cell(1).note("abc".to_owned()) => "Ok(2)",
        round(1).open(vec![(cell(1), 2), (cell(2), 3)]) => "Ok…",
        round(1).iterable(cell(1)) => "Ok(823)", // 3 turns: 4, 5 + 1, 6 + 2; 8, 82, 823
        round(1).own_items() => "Ok(21184)", // 8 + 8 = 16; (2 + 8), (3 + 8); 10 * 8 + 11 * 8: 21 * 1000 + 16 + 168
        round(1).carried(vec![cell(1), cell(2), cell(3)])
            => r#"Ok("3 [8, 9, 6] {0: 14, 1: 9} Some(9) 896 (3, [9, 6])")"#,
        cell(3).set(0) => "Ok(6)",
        round(1).borrowed_mut(cell(3)) => "Ok([8, 20, 36])", // 1 + 1, 2 + 3, 3 + 6; then four times
        cell(1).set(1) => "Ok(8)",
        cell(2).set(2) => "Ok(9)",
        round(1).nested(vec![cell(1), cell(2)]) => "Ok(19)", // 1 * 2 + 3, + 3; 3 * 2 + 2, + 3
    );
}

#[test]
fn many_turns() {
    script!([Round, Cell]
        cell(1).open(0) => "Ok…",
        round(1).open(vec![]) => "Ok…",
        round(1).many(30_000, cell(1)) => "Ok(30000)",
        cell(1).get() => "Ok(30000)",
    );
}
