//! An entity may be seen by whom its author likes: by the crate, by a module, by one function.
#![deny(warnings)]

mod places {
    pub(crate) mod inner {
        pub(super) mod deepest {
            use thalweg::prelude::*;

            #[entity]
            pub(crate) struct Hidden {
                #[key]
                id: u64,
                pub(crate) n: i64,
            }

            #[entity]
            impl Hidden {
                pub(crate) fn open(id: u64) -> Self {
                    Self { id, n: 0 }
                }

                pub(crate) async fn add(&mut self, x: i64, to: Ref<super::super::Shared>) -> i64 {
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
    pub(in crate::places) struct Shared {
        #[key]
        id: u64,
        n: i64,
    }

    #[entity]
    impl Shared {
        pub(super) fn open(id: u64) -> Self {
            Self { id, n: 0 }
        }

        pub(super) fn add(&mut self, x: i64) -> i64 {
            self.n += x;
            self.n
        }
    }

    pub fn start() -> Result<i64, thalweg::Error> {
        let app = App::new("places").entity::<Hidden>().start()?;
        app.call_blocking(Hidden::at(1).open())?;
        app.call_blocking(Shared::at(1).open())?;
        let n = app.call_blocking(Hidden::at(1).add(5, Shared::at(1)))?;
        app.stop()?;
        Ok(n)
    }
}

fn inside_a_function() -> Result<i64, thalweg::Error> {
    use thalweg::prelude::*;

    #[entity]
    struct Local {
        #[key]
        id: u64,
        n: i64,
    }

    #[entity]
    impl Local {
        pub fn open(id: u64) -> Self {
            Self { id, n: 1 }
        }

        pub fn n(&self) -> i64 {
            self.n
        }

        pub async fn add(&mut self, other: Ref<Local>) -> i64 {
            self.n += other.n().await;
            self.n
        }
    }

    let app = App::new("local").entity::<Local>().start()?;
    app.call_blocking(Local::at(1).open())?;
    let n = app.call_blocking(Local::at(1).add(Local::at(1)))?;
    app.stop()?;
    Ok(n)
}

fn main() {
    assert_eq!(places::start(), Ok(5));
    assert_eq!(inside_a_function(), Ok(2));
}
