//! Straight line: calls one after the other, and calls inside expressions.
#![allow(unused_parens, dropping_copy_types)] // the shapes are written as users might write them

mod lines {
    use crate::cell::{Cell, cell};
    use thalweg::prelude::*;

    const SCALE: i64 = 3;
    static OFFSET: i64 = 4;

    fn twice(x: i64) -> i64 {
        x * 2
    }

    #[entity]
    pub struct Line {
        #[key]
        id: u64,
        total: i64,
    }

    #[entity]
    impl Line {
        pub fn open(id: u64, total: i64) -> Self {
            Self { id, total }
        }

        pub fn total(&self) -> i64 {
            self.total
        }

        pub async fn once(&self, cell: Ref<Cell>) -> i64 {
            let before = cell.get().await;
            before + 1
        }

        pub async fn shadow(&self, amount: i64, cell: Ref<Cell>) -> (i64, i64, i64) {
            let outer = amount;
            let amount = cell.add(amount).await;
            let inner = amount;
            let amount = amount * 10;
            cell.get().await;
            (outer, inner, amount)
        }

        pub async fn shadow_by_type(&self, x: i64, cell: Ref<Cell>) -> String {
            let x = x + cell.get().await;
            let x = format!("<{x}>");
            let seen = cell.get().await;
            let x = (x, seen);
            let again = cell.get().await;
            {
                let x = again - 1;
                cell.add(x - again + 1).await;
            }
            format!("{}{}{}", x.0, x.1, again)
        }

        pub async fn chained(&self, cell: Ref<Cell>) -> i64 {
            let a = 1;
            let b = a + cell.get().await;
            let c = b * 2 + cell.get().await;
            let d = a + b + c;
            d
        }

        pub async fn mixed(&mut self, k: i64, cell: Ref<Cell>) -> i64 {
            let j = k + 1;
            self.total * 100 + j * cell.add(k).await + self.total - k
        }

        pub async fn two(&self, cell: Ref<Cell>) -> i64 {
            cell.add(1).await * 100 + cell.add(1).await
        }

        pub async fn minus(&self, cell: Ref<Cell>) -> i64 {
            cell.add(5).await - cell.set(0).await - -cell.get().await
        }

        pub async fn deep(&self, a: Ref<Cell>, b: Ref<Cell>, c: Ref<Cell>) -> i64 {
            a.set(b.add(c.add(1).await).await).await
        }

        pub async fn unused(&self, cell: Ref<Cell>) {
            cell.add(1).await;
            let _ = cell.add(2).await;
            _ = cell.add(3).await;
            drop(cell.add(4).await);
            (cell.add(5).await, cell.add(6).await);
        }

        async fn helper(&mut self, cell: Ref<Cell>) -> i64 {
            self.total += 1;
            let got = cell.add(self.total).await;
            self.total += got;
            self.total
        }

        pub async fn through_helper(&mut self, cell: Ref<Cell>) -> (i64, i64) {
            self.total += 10;
            let result = self.helper(cell).await;
            self.total += 100;
            (result, self.total)
        }

        pub async fn helper_twice(&mut self, cell: Ref<Cell>) -> i64 {
            self.helper(cell.clone()).await * 1_000 + self.helper(cell).await
        }

        pub async fn constants(&self, cell: Ref<Cell>) -> i64 {
            const LOCAL: i64 = 1_000;
            fn thrice(x: i64) -> i64 {
                x * 3
            }
            let x = cell.get().await;
            let y = twice(x) * SCALE + OFFSET;
            let z = cell.get().await;
            thrice(y) + LOCAL + z
        }

        pub async fn literals(&self, cell: Ref<Cell>) -> String {
            struct Pair {
                first: i64,
                second: i64,
            }
            let array = [cell.add(1).await, 0, cell.add(1).await];
            let tuple = (cell.add(1).await, cell.add(1).await);
            let pair = Pair { second: cell.add(1).await, first: cell.add(1).await };
            let range = cell.add(1).await..cell.add(1).await;
            let indexed = [7, 8, 9][(cell.add(1).await % 3) as usize];
            format!("{array:?} {tuple:?} {} {} {range:?} {indexed}", pair.first, pair.second)
        }

        pub async fn update(&self, cell: Ref<Cell>) -> String {
            #[derive(Debug, Clone)]
            struct Three {
                a: i64,
                b: i64,
                c: i64,
            }
            let base = Three { a: 1, b: 2, c: 3 };
            let new = Three { b: cell.get().await, ..base.clone() };
            let last = Three { a: new.a, c: new.b + cell.get().await, ..base };
            format!("{} {} {} {} {} {}", new.a, new.b, new.c, last.a, last.b, last.c)
        }

        pub async fn postfix(&self, cell: Ref<Cell>) -> String {
            let text = cell.get().await.to_string().len() as i64 + cell.get().await.pow(2);
            let negative = -cell.get().await;
            let not = !cell.positive().await;
            let cast = cell.get().await as u8 as char;
            let method = cell.maybe().await.map(|x| x + 1).unwrap_or(0);
            let block = { cell.add(1).await } + {
                let x = cell.add(1).await;
                x * x
            };
            let paren = ((cell.get().await) + (1));
            format!("{text} {negative} {not} {cast:?} {method} {block} {paren}")
        }

        pub async fn operators(&self, cell: Ref<Cell>) -> String {
            let mut x = 1;
            x += cell.get().await;
            x -= cell.add(1).await;
            x = x * 10 + cell.get().await;
            x <<= cell.positive().await as i64;
            let mut list = vec![0, 0, 0];
            list[(cell.add(1).await % 3) as usize] = cell.add(1).await;
            let mut text = String::from("t");
            text += &cell.get().await.to_string();
            text.push_str(&("/".to_owned() + &cell.get().await.to_string()));
            let (a, b);
            (a, b) = (cell.add(1).await, cell.add(1).await);
            {
                let less = cell.get().await < cell.add(1).await;
                format!("{x} {list:?} {text} {a} {b} {less}")
            }
        }

        /// Adds to `line` behind the caller's back.
        pub async fn poke(&self, line: Ref<Line>, amount: i64) -> i64 {
            line.grow(amount).await;
            1
        }

        pub fn grow(&mut self, amount: i64) {
            self.total += amount;
        }

        /// The left operand is read before the call, the right one after it.
        pub async fn around(&self, other: Ref<Line>) -> i64 {
            let me = Line::at(self.id);
            self.total * 100 + other.poke(me, 5).await * 10 + self.total
        }

        /// For numbers, `+=` reads its left side after the right side is there.
        pub async fn compound(&mut self, other: Ref<Line>) -> i64 {
            let me = Line::at(self.id);
            self.total += other.poke(me, 5).await;
            self.total
        }

        /// `x = x + call` reads its left operand before the call.
        pub async fn not_compound(&mut self, other: Ref<Line>) -> i64 {
            let me = Line::at(self.id);
            self.total = self.total + other.poke(me, 5).await;
            self.total
        }

        /// A number on which a method is called is read before the arguments are.
        pub async fn receiver_by_value(&self, other: Ref<Line>) -> (i64, i64) {
            let me = Line::at(self.id);
            let sum = self.total.wrapping_add(other.poke(me.clone(), 5).await);
            let most = self.total.max(other.poke(me, 5).await);
            (sum, most)
        }

        /// A local is copied when it is reached, too.
        pub async fn local_copy(&self, cell: Ref<Cell>) -> i64 {
            let mut x = 1;
            let sum =
                x + {
                    x = 10;
                    cell.get().await
                } + x;
            sum * 100 + x
        }

        pub async fn receiver(&self, cells: Vec<Ref<Cell>>) -> i64 {
            let first = cells[0].add(cells[1].add(1).await).await;
            let computed = cell(cells.len() as u64).add(first).await;
            first * 100 + computed
        }

        pub async fn no_call(&self, x: i64) -> i64 {
            x + self.total
        }

        pub async fn nothing(&self) {}
    }
}

use crate::cell::{Cell, cell};
use lines::Line;

fn line(id: u64) -> thalweg::prelude::Ref<Line> {
    Line::at(id)
}

#[test]
fn one_call_then_its_result() {
    script!([Line, Cell]
        cell(1).open(10) => "Ok…",
        line(1).open(2) => "Ok…",
        line(1).once(cell(1)) => "Ok(11)",
        line(1).shadow(5, cell(1)) => "Ok((5, 15, 150))",
        line(1).shadow_by_type(1, cell(1)) => r#"Ok("<16>1515")"#,
        line(1).chained(cell(1)) => "Ok(64)",
        line(1).no_call(5) => "Ok(7)",
        line(1).nothing() => "Ok(())",
        line(1).total() => "Ok(2)";
        state {"Cell": {"1": {"id": 1, "value": 15, "log": []}}, "Line": {"1": {"id": 1, "total": 2}}}
    );
}

#[test]
fn calls_inside_expressions() {
    script!([Line, Cell]
        cell(1).open(10) => "Ok…",
        cell(2).open(20) => "Ok…",
        cell(3).open(30) => "Ok…",
        line(1).open(2) => "Ok…",
        line(1).mixed(4, cell(1)) => "Ok(268)", // 200 + 5 * 14 + 2 - 4
        line(1).two(cell(1)) => "Ok(1516)",
        line(1).minus(cell(1)) => "Ok(0)", // 21 - 21 - -0
        line(1).deep(cell(1), cell(2), cell(3)) => "Ok(0)", // 31, 51
        cell(1).get() => "Ok(51)",
        cell(2).get() => "Ok(51)",
        line(1).unused(cell(3)) => "Ok(())",
        cell(3).get() => "Ok(52)",
        line(1).receiver(vec![cell(3), cell(2)]) => "Ok(10556)", // cell 2: 52; cell 3: 104; then 52 + 104 at cell 2
        line(1).local_copy(cell(1)) => "Ok(6210)", // (1 + 51 + 10) * 100 + 10
    );
}

#[test]
fn a_helper_that_itself_calls() {
    script!([Line, Cell]
        cell(1).open(0) => "Ok…",
        line(1).open(0) => "Ok…",
        line(1).through_helper(cell(1)) => "Ok((22, 122))", // 10, 11, cell 11, 22
        line(1).helper_twice(cell(1)) => "Ok(257650)", // 123, cell 134, 257; 258, cell 392, 650
        line(1).total() => "Ok(650)",
    );
}

#[test]
fn constants_statics_and_functions_after_a_cut() {
    script!([Line, Cell]
        cell(1).open(5) => "Ok…",
        line(1).open(0) => "Ok…",
        line(1).constants(cell(1)) => "Ok(1107)", // (10 * 3 + 4) * 3 + 1000 + 5
    );
}

#[test]
fn order_in_literals_and_operators() {
    script!([Line, Cell]
        cell(1).open(0) => "Ok…",
        cell(2).open(65) => "Ok…",
        cell(3).open(4) => "Ok…",
        line(1).open(0) => "Ok…",
        line(1).literals(cell(1)) => r#"Ok("[1, 0, 2] (3, 4) 6 5 7..8 7")"#,
        line(1).update(cell(1)) => r#"Ok("1 9 3 1 2 18")"#,
        line(1).postfix(cell(2)) => r#"Ok("4227 -65 false 'A' 66 4555 68")"#, // 66 + 67 * 67
        line(1).operators(cell(3)) => r#"Ok("10 [0, 6, 0] t7/7 8 9 true")"#,
    );
}

#[test]
fn order_around_a_call_that_comes_back() {
    script!([Line]
        line(1).open(2) => "Ok…",
        line(2).open(0) => "Ok…",
        line(1).around(line(2)) => "Ok(217)",
        line(1).total() => "Ok(7)",
        line(1).compound(line(2)) => "Ok(13)", // 7 + 5, then + 1
        line(1).not_compound(line(2)) => "Ok(14)", // 13 was read, then + 1; the 5 is lost
        line(1).total() => "Ok(14)",
        line(1).receiver_by_value(line(2)) => "Ok((15, 19))", // 14 + 1; then 19 against 1
        line(1).total() => "Ok(24)",
    );
}
