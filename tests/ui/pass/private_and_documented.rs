//! Entities of every visibility in a crate that asks for documentation.
#![deny(warnings, missing_docs)]
use thalweg::prelude::*;

/// A public entity.
#[entity]
pub struct Open {
    #[key]
    id: u64,
    /// A public field.
    pub n: i64,
}

#[entity]
impl Open {
    /// Opens.
    pub fn open(id: u64) -> Self {
        Self { id, n: 0 }
    }

    /// Adds.
    pub async fn add(&mut self, x: i64, to: Ref<Open>) -> i64 {
        self.n += to.get().await + x;
        self.n
    }

    /// Gets.
    pub fn get(&self) -> i64 {
        self.n
    }
}

mod inner {
    use thalweg::prelude::*;

    #[entity(auto)]
    struct Hidden {
        #[key]
        key: (u8, String),
    }

    #[entity]
    impl Hidden {
        pub fn new(key: (u8, String)) -> Self {
            Self { key }
        }

        pub async fn ask(&self, other: Ref<Hidden>) -> usize {
            if self.key.0 == 0 { self.key.1.len() } else { other.ask(Hidden::at((0, String::new()))).await }
        }
    }

    pub fn start() -> Result<usize, thalweg::Error> {
        let app = App::new("inner").entity::<Hidden>().start()?;
        let hidden = || Hidden::at((1, "a".to_owned()));
        let n = app.call_blocking(hidden().ask(hidden()))?;
        app.stop()?;
        Ok(n)
    }
}

fn main() {
    assert_eq!(inner::start(), Ok(0));
}
