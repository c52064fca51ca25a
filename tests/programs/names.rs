//! Names: the users' that look like ours, raw identifiers, shadowed preludes, odd places and keys of every kind.

mod ours {
    use thalweg::prelude::*;

    fn __private(x: i64) -> i64 {
        x + 1
    }

    #[entity]
    pub struct Frame {
        #[key]
        key: u64,
        this: i64,
        state: i64,
        r#type: i64,
    }

    #[entity]
    impl Frame {
        pub fn open(key: u64) -> Self {
            Self { key, this: 1, state: 2, r#type: 3 }
        }

        pub async fn locals(&mut self, cx: i64, args: Vec<i64>, entry: Ref<Frame>) -> i64 {
            let this = self.this;
            let held = entry.step(this).await;
            let sites = args.len() as i64;
            let frame = Some(held);
            let pc = entry.step(cx).await;
            let mut reply = frame.map(|value| value + pc);
            let site_1 = entry.step(0).await;
            let call = site_1 + sites;
            let result = call + reply.take().unwrap_or(0);
            let output = args.iter().sum::<i64>();
            self.state = result + __private(output);
            self.state
        }

        pub fn step(&mut self, this: i64) -> i64 {
            self.this += this;
            self.this
        }

        pub async fn r#match(&mut self, r#in: i64, r#fn: Ref<Frame>) -> i64 {
            let r#loop = r#in + 1;
            let r#mod = r#fn.r#type(r#loop).await;
            self.r#type += r#mod;
            self.r#type
        }

        pub fn r#type(&mut self, r#ref: i64) -> i64 {
            self.r#type += r#ref;
            self.r#type
        }

        /// Methods named like those of futures, iterators, options and the standard traits.
        pub async fn poll(&mut self, other: Ref<Frame>) -> i64 {
            let a = other.map(1).await;
            let b = other.next(2).await;
            let c = other.call(3).await;
            let d = other.then(4).await;
            let e = other.run(5).await;
            let f = other.invoke(6).await;
            a + b + c + d + e + f
        }

        pub fn map(&self, x: i64) -> i64 {
            x
        }

        pub fn next(&self, x: i64) -> i64 {
            x * 10
        }

        pub fn call(&self, x: i64) -> i64 {
            x * 100
        }

        pub fn then(&self, x: i64) -> i64 {
            x * 1_000
        }

        pub fn run(&self, x: i64) -> i64 {
            x * 10_000
        }

        pub fn invoke(&self, x: i64) -> i64 {
            x * 100_000
        }

        pub async fn me(&self) -> u64 {
            self.key
        }

        pub async fn whose(&self, other: Ref<Frame>) -> (u64, u64) {
            let this = other;
            (this.me().await, self.me().await)
        }

        pub fn key(&self) -> u64 {
            self.key + 1
        }

        /// `this` is a local of the user's, and not the entity itself.
        pub async fn local_this(&mut self, other: Ref<Frame>) -> u64 {
            let this = other;
            let entity = Frame::at(self.key);
            this.ask_key(entity.clone()).await * 10_000 + entity.ask_key(this).await
        }

        pub async fn ask_key(&self, other: Ref<Frame>) -> u64 {
            other.key().await * 100 + *Ref::key(&other)
        }
    }
}

/// A user's own methods stand before what every reference can do.
mod reserved {
    use thalweg::prelude::*;

    #[entity]
    pub struct List {
        #[key]
        id: u64,
        items: Vec<String>,
    }

    #[entity]
    impl List {
        pub fn new(id: u64) -> Self {
            Self { id, items: vec!["a".to_owned(), "b".to_owned()] }
        }

        pub fn remove(&mut self, item: String) -> usize {
            self.items.retain(|own| *own != item);
            self.items.len()
        }

        pub fn exists(&self, item: String) -> String {
            format!("{item}: {}", self.items.contains(&item))
        }

        pub async fn send(&mut self, to: Ref<List>) -> (usize, String) {
            let left = to.remove("a".to_owned()).await;
            self.items.push(left.to_string());
            (left, to.exists("a".to_owned()).await)
        }
    }
}

/// Everything the expansion might name is somebody else's here.
mod shadowed {
    use ::thalweg::prelude::{Ref, entity};

    #[allow(dead_code)]
    pub struct Option;
    #[allow(dead_code)]
    pub struct Result;
    #[allow(dead_code)]
    pub struct Some;
    #[allow(dead_code)]
    pub struct None;
    #[allow(dead_code, non_snake_case)]
    pub fn Ok() {}
    #[allow(dead_code, non_snake_case)]
    pub fn Err() {}
    #[allow(dead_code)]
    pub struct Vec;
    #[allow(dead_code)]
    pub struct Box;
    #[allow(dead_code)]
    pub struct String;
    #[allow(dead_code)]
    pub trait Clone {}
    #[allow(dead_code)]
    pub trait Default {}
    #[allow(dead_code)]
    pub trait From {}
    #[allow(dead_code)]
    pub trait Into {}
    #[allow(dead_code)]
    pub trait Iterator {}
    #[allow(dead_code)]
    pub trait IntoIterator {}
    #[allow(dead_code)]
    pub trait Fn {}
    #[allow(dead_code)]
    pub trait Send {}
    #[allow(dead_code)]
    pub trait Sync {}
    #[allow(dead_code)]
    pub trait Sized {}
    #[allow(dead_code)]
    pub trait Drop {}
    #[allow(dead_code)]
    pub mod std {}
    #[allow(dead_code)]
    pub mod core {}
    #[allow(dead_code)]
    pub mod alloc {}
    #[allow(dead_code)]
    pub mod serde {}
    #[allow(dead_code)]
    pub mod thalweg {}
    #[allow(unused_macros)]
    macro_rules! vec {
        () => {
            compile_error!("not this one")
        };
    }
    #[allow(unused_macros)]
    macro_rules! format {
        () => {
            compile_error!("not this one")
        };
    }
    #[allow(unused_macros)]
    macro_rules! panic {
        () => {
            compile_error!("not this one")
        };
    }

    #[entity]
    pub struct Plain {
        #[key]
        id: u64,
        n: i64,
    }

    #[entity]
    impl Plain {
        pub fn open(id: u64) -> Self {
            Self { id, n: 0 }
        }

        pub fn add(&mut self, x: i64) -> i64 {
            self.n += x;
            self.n
        }

        pub async fn both(&mut self, other: Ref<Plain>, turns: i64) -> i64 {
            let mut n = 0;
            while n < turns {
                n += 1;
                let x = other.add(n).await;
                self.n += x;
            }
            self.n
        }

        pub async fn checked(&mut self, other: Ref<Plain>) -> ::core::result::Result<i64, i64> {
            let x = other.add(1).await;
            if x > 0 { ::core::result::Result::Ok(x) } else { ::core::result::Result::Err(x) }
        }
    }
}

mod places {
    pub(crate) mod inner {
        pub(super) mod deepest {
            use thalweg::prelude::*;

            #[entity]
            pub struct Hidden {
                #[key]
                id: u64,
                n: i64,
            }

            #[entity]
            impl Hidden {
                pub fn open(id: u64) -> Self {
                    Self { id, n: 0 }
                }

                pub async fn add(&mut self, x: i64, to: Ref<super::super::Open>) -> i64 {
                    self.n += to.add(x).await;
                    self.n
                }
            }
        }
        pub(crate) use deepest::Hidden;
    }
    pub(crate) use inner::Hidden;

    use thalweg::prelude::*;

    #[entity]
    pub struct Open {
        #[key]
        id: u64,
        n: i64,
    }

    #[entity]
    impl Open {
        pub fn open(id: u64) -> Self {
            Self { id, n: 0 }
        }

        pub fn add(&mut self, x: i64) -> i64 {
            self.n += x;
            self.n
        }
    }
}

mod by_macro {
    use thalweg::prelude::*;

    macro_rules! twins {
        ($($name:ident { $field:ident : $type:ty } $method:ident by $op:tt;)+) => {$(
            #[entity]
            pub struct $name {
                #[key]
                id: u64,
                $field: $type,
            }

            #[entity]
            impl $name {
                pub fn open(id: u64, $field: $type) -> Self {
                    Self { id, $field }
                }

                pub fn value(&self) -> $type {
                    self.$field
                }

                pub async fn $method(&mut self, other: Ref<$name>) -> $type {
                    let x = other.value().await;
                    let y = { let x = self.$field; x $op other.value().await };
                    self.$field = x + y;
                    self.$field
                }
            }
        )+};
    }

    twins! {
        Adder { n: i64 } plus by +;
        Timer { x: u32 } times by *;
    }

    /// The macro's `x` is not the method's.
    macro_rules! hygienic {
        ($e:expr) => {{
            let x = 1_000;
            x + $e
        }};
    }

    #[entity]
    pub struct Clean {
        #[key]
        id: u64,
    }

    #[entity]
    impl Clean {
        pub fn open(id: u64) -> Self {
            Self { id }
        }

        pub async fn hygiene(&self, other: Ref<Adder>) -> i64 {
            let x = other.value().await;
            let y = hygienic!(x);
            let z = other.value().await;
            hygienic!(x + y) + z
        }
    }
}

use by_macro::{Adder, Clean, Timer};
use ours::Frame;
use places::{Hidden, Open};
use shadowed::Plain;
use thalweg::prelude::*;

#[test]
fn names_that_look_like_ours() {
    let frame = |key| Frame::at(key);
    script!([Frame]
        frame(1).open() => "Ok…",
        frame(2).open() => "Ok…",
        // held 2, pc 12, site_1 12; 12 + 3 + 14, then 6 + 1
        frame(1).locals(10, vec![1, 2, 3], frame(2)) => "Ok(36)",
        frame(1).r#match(5, frame(2)) => "Ok(12)", // 3 + 9
        frame(1).r#match(1, frame(1)) => "Ok(28)", // 14, and 14 again
        frame(1).poll(frame(2)) => "Ok(654321)",
        frame(1).ask_key(frame(2)) => "Ok(302)",
        frame(1).whose(frame(2)) => "Ok((2, 1))",
        frame(1).local_this(frame(2)) => "Ok(2010302)",
    );
}

#[test]
fn methods_named_like_those_of_every_reference() {
    let list = |id| reserved::List::at(id);
    script!([reserved::List]
        list(1).new() => "Ok…",
        list(2).new() => "Ok…",
        list(1).send(list(2)) => r#"Ok((1, "a: false"))"#,
        list(1).remove("b".to_owned()) => "Ok(2)",
        list(1).exists("1".to_owned()) => r#"Ok("1: true")"#;
        state {"List": {"1": {"id": 1, "items": ["a", "1"]}, "2": {"id": 2, "items": ["b"]}}}
    );
}

#[test]
fn a_prelude_of_somebody_else() {
    let plain = |id| Plain::at(id);
    script!([Plain]
        plain(1).open() => "Ok…",
        plain(2).open() => "Ok…",
        plain(1).both(plain(2), 3) => "Ok(10)", // 1 + 3 + 6
        plain(1).checked(plain(2)) => "Ok(Ok(7))",
    );
}

#[test]
fn odd_places() {
    script!([Hidden, Open]
        Hidden::at(1).open() => "Ok…",
        Open::at(1).open() => "Ok…",
        Hidden::at(1).add(5, Open::at(1)) => "Ok(5)",
        Hidden::at(1).add(5, Open::at(1)) => "Ok(15)",
    );
}

#[test]
fn inside_a_function() {
    use crate::cell::{Cell, cell};

    #[entity]
    pub struct Local {
        #[key]
        id: u64,
        n: i64,
    }

    #[entity]
    impl Local {
        pub fn open(id: u64) -> Self {
            Self { id, n: 1 }
        }

        pub async fn add(&mut self, cell: Ref<Cell>) -> i64 {
            self.n += cell.add(self.n).await;
            self.n
        }
    }

    script!([Local]
        cell(1).open(1) => "Ok…",
        Local::at(1).open() => "Ok…",
        Local::at(1).add(cell(1)) => "Ok(3)",
        Local::at(1).add(cell(1)) => "Ok(8)",
    );
}

#[test]
fn made_by_a_macro() {
    script!([Adder, Timer, Clean]
        Adder::at(1).open(3) => "Ok…",
        Adder::at(2).open(4) => "Ok…",
        Timer::at(1).open(3) => "Ok…",
        Timer::at(2).open(4) => "Ok…",
        Clean::at(1).open() => "Ok…",
        Adder::at(1).plus(Adder::at(2)) => "Ok(11)",
        Timer::at(1).times(Timer::at(2)) => "Ok(16)",
        Clean::at(1).hygiene(Adder::at(2)) => "Ok(2012)", // 4; 1004; 1000 + 4 + 1004 + 4
    );
}
