//! A private method of another entity.
use thalweg::prelude::*;

mod bank {
    use thalweg::prelude::*;

    #[entity]
    pub struct Account {
        #[key]
        id: u64,
        balance: i64,
    }

    #[entity]
    impl Account {
        pub fn open(id: u64) -> Self {
            Self { id, balance: 0 }
        }

        pub async fn shown(&mut self) -> i64 {
            self.hidden().await
        }

        async fn hidden(&mut self) -> i64 {
            self.balance
        }
    }
}

#[entity]
pub struct Auditor {
    #[key]
    id: u64,
}

#[entity]
impl Auditor {
    pub fn open(id: u64) -> Self {
        Self { id }
    }

    pub async fn ask(&self, other: Ref<bank::Account>) -> i64 {
        other.hidden().await
    }
}

fn main() {}
