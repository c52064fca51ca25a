//! Ownership: moves, clones, borrows of locals, drops and closures around the cuts.

mod owners {
    use crate::cell::Cell;
    use std::cell::RefCell;
    use std::rc::Rc;
    use thalweg::prelude::*;

    /// Writes its name down when it is dropped.
    struct Noisy(&'static str, Rc<RefCell<Vec<String>>>);

    impl Drop for Noisy {
        fn drop(&mut self) {
            self.1.borrow_mut().push(self.0.to_owned());
        }
    }

    #[entity]
    pub struct Owner {
        #[key]
        id: u64,
        names: Vec<String>,
    }

    #[entity]
    impl Owner {
        pub fn open(id: u64, names: Vec<String>) -> Self {
            Self { id, names }
        }

        pub fn names(&self) -> Vec<String> {
            self.names.clone()
        }

        pub async fn moves(&mut self, text: String, cell: Ref<Cell>) -> usize {
            let longer = text;
            let n = cell.note(longer.clone()).await;
            let push = move |names: &mut Vec<String>| {
                names.push(longer);
                names.len()
            };
            let m = push(&mut self.names);
            cell.get().await;
            n * 10 + m
        }

        pub async fn maybe_moved(&self, texts: Vec<String>, keep: bool, cell: Ref<Cell>) -> usize {
            let mut rest = Some(texts);
            if !keep {
                if let Some(texts) = rest.take() {
                    for text in texts {
                        cell.note(text).await;
                    }
                }
            }
            cell.get().await;
            rest.map_or(0, |texts| texts.len())
        }

        pub async fn reassigned(&self, cell: Ref<Cell>) -> String {
            let mut text = String::from("a");
            cell.note(text).await;
            text = String::from("b");
            cell.note(text.clone()).await;
            let taken = std::mem::take(&mut text);
            cell.note(taken + "c").await;
            text.push('d');
            text
        }

        pub async fn local_borrow(&self, cell: Ref<Cell>) -> String {
            let text = String::from("one two three");
            let words: Vec<&str> = text.split(' ').collect();
            let mut longest = words[0];
            for word in &words {
                let n = cell.add(word.len() as i64).await;
                if n % 2 == 0 {
                    longest = word;
                }
            }
            let slice = &text[4..];
            cell.get().await;
            format!("{longest} {slice}")
        }

        pub async fn local_borrow_mut(&self, cell: Ref<Cell>) -> Vec<i64> {
            let mut list = vec![3, 1, 2];
            let first = &mut list[0];
            *first += cell.add(1).await;
            *first *= 10;
            let (left, right) = list.split_at_mut(1);
            left[0] += cell.add(right[0]).await;
            right.sort();
            cell.get().await;
            right[0] += left[0];
            list
        }

        /// A borrow of `self` that ends before the call.
        pub async fn ended_borrow(&mut self, cell: Ref<Cell>) -> usize {
            let longest = self.names.iter().map(|name| name.len()).max().unwrap_or(0);
            if let Some(first) = self.names.first_mut() {
                first.push('!');
            }
            {
                let names = &mut self.names;
                names.push("new".to_owned());
            }
            let first = self.names[0].clone();
            cell.note(first).await;
            let names = &self.names;
            longest * 10 + names.len()
        }

        pub async fn argument_from_self(&self, cell: Ref<Cell>) -> usize {
            cell.note(self.names[0].clone() + &self.names[1]).await + cell.note(self.names.join("/")).await
        }

        pub async fn mut_locals(&self, mut n: i64, cell: Ref<Cell>) -> (i64, Vec<i64>) {
            let mut seen = vec![n];
            n += 1;
            seen.push(cell.add(n).await);
            n *= 10;
            seen.push(cell.add(n).await);
            seen.retain(|x| *x != 1);
            (n, seen)
        }

        pub async fn closures(&self, k: i64, cell: Ref<Cell>) -> i64 {
            let add = |x: i64| x + k;
            let before = add(1);
            let x = cell.add(before).await;
            let mut calls = 0;
            let mut count = |x: i64| {
                calls += 1;
                add(x) * calls
            };
            let y = count(x);
            let z = count(y);
            cell.get().await;
            [x, y, z].iter().map(|n| add(*n)).filter(|n| n % 2 == 1).sum::<i64>() + calls
        }

        pub async fn drops(&self, early: bool, cell: Ref<Cell>) -> Vec<String> {
            let log = Rc::new(RefCell::new(vec![]));
            {
                let _first = Noisy("first", log.clone());
                let _ = Noisy("at once", log.clone());
                let second = Noisy("second", log.clone());
                if early {
                    drop(second);
                }
                log.borrow_mut().push("end".to_owned());
            }
            cell.get().await;
            log.borrow().clone()
        }

        pub async fn drops_around(&self, cell: Ref<Cell>) -> Vec<String> {
            let log = Rc::new(RefCell::new(vec![]));
            {
                let _first = Noisy("first", log.clone());
                let second = Noisy("second", log.clone());
                cell.get().await;
                log.borrow_mut().push("after".to_owned());
                drop(second);
                let _third = Noisy("third", log.clone());
                cell.get().await;
                log.borrow_mut().push("end".to_owned());
            }
            let text = log.borrow().clone();
            text
        }

        pub async fn boxes(&self, cell: Ref<Cell>) -> i64 {
            let mut boxed: Box<dyn Fn(i64) -> i64> = Box::new(|x| x + 1);
            for _ in 0..2 {
                let n = cell.add(1).await;
                let old = boxed;
                boxed = Box::new(move |x| old(x) * n);
            }
            boxed(1)
        }
    }
}

use crate::cell::{Cell, cell};
use owners::Owner;
use thalweg::prelude::Ref;

fn owner(id: u64) -> Ref<Owner> {
    Owner::at(id)
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn moves_and_clones() {
    script!([Owner, Cell]
        cell(1).open(0) => "Ok…",
        cell(2).open(0) => "Ok…",
        owner(1).open(names(&["x"])) => "Ok…",
        owner(1).moves("text".to_owned(), cell(1)) => "Ok(12)",
        owner(1).maybe_moved(names(&["a", "b"]), true, cell(1)) => "Ok(2)",
        owner(1).maybe_moved(names(&["a", "b"]), false, cell(1)) => "Ok(0)",
        owner(1).reassigned(cell(2)) => r#"Ok("d")"#,
        owner(1).names() => r#"Ok(["x", "text"])"#,
        cell(1).log() => r#"Ok(["text", "a", "b"])"#,
        cell(2).log() => r#"Ok(["a", "b", "bc"])"#,
    );
}

#[test]
fn borrows() {
    script!([Owner, Cell]
        cell(1).open(0) => "Ok…",
        cell(2).open(0) => "Ok…",
        owner(1).open(names(&["x", "long"])) => "Ok…",
        owner(1).local_borrow(cell(1)) => r#"Ok("two two three")"#, // 3, 6, 11
        owner(1).local_borrow_mut(cell(2)) => "Ok([42, 43, 2])", // (3 + 1) * 10, then 1 + 1
        owner(1).ended_borrow(cell(1)) => "Ok(43)",
        owner(1).argument_from_self(cell(1)) => "Ok(5)", // 2 + 3
        cell(1).log() => r#"Ok(["x!", "x!long", "x!/long/new"])"#,
    );
}

#[test]
fn locals_on_both_sides() {
    script!([Owner, Cell]
        cell(1).open(0) => "Ok…",
        owner(1).open(names(&[])) => "Ok…",
        owner(1).mut_locals(1, cell(1)) => "Ok((20, [2, 22]))",
        owner(1).closures(2, cell(1)) => "Ok(58)", // 25, 27, 58; of 27, 29, 60 two are odd: 56, and twice called
        owner(1).boxes(cell(1)) => "Ok(1404)", // 2 * 26 * 27
    );
}

#[test]
fn drop_order() {
    script!([Owner, Cell]
        cell(1).open(0) => "Ok…",
        owner(1).open(names(&[])) => "Ok…",
        owner(1).drops(false, cell(1)) => r#"Ok(["at once", "end", "second", "first"])"#,
        owner(1).drops(true, cell(1)) => r#"Ok(["at once", "second", "end", "first"])"#,
        owner(1).drops_around(cell(1)) => r#"Ok(["after", "second", "end", "third", "first"])"#,
    );
}
