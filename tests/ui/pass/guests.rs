//! Methods in another module than their struct, names that generated code might want, attributes of others.
#![deny(warnings)]

mod types {
    use thalweg::prelude::*;

    #[entity]
    pub struct Account {
        #[key]
        pub(crate) id: u64,
        pub(crate) n: u64,
    }

    /// Its parameters would be called so.
    #[entity(auto)]
    pub struct K {
        #[key]
        pub(crate) __key: u64,
    }
}

mod logic {
    use super::types::Account;
    use super::types::K as Kay;
    use thalweg::prelude::*;

    #[entity]
    impl Account {
        pub fn make(id: u64) -> Self {
            Self { id, n: 0 }
        }
        pub fn add(&mut self, by: u64) -> u64 {
            self.n += by;
            self.n
        }
        #[tracing::instrument]
        pub async fn go(&mut self, other: Ref<Account>) -> u64 {
            other.add(1).await
        }
        #[tracing::instrument(skip_all, name = "back")]
        pub async fn back(&mut self, other: Ref<Account>) -> Result<u64, String> {
            self.n += 1;
            tracing::info!(self.n, "going");
            Ok(other.add(self.n).await)
        }
    }

    #[entity]
    impl Kay {
        pub fn new(__key: u64) -> Self {
            Self { __key }
        }
        pub async fn twelve(&self, a: Ref<Account>) -> u64 {
            let (first, .., last) = join((
                a.add(0), a.add(0), a.add(0), a.add(0), a.add(0), a.add(0),
                a.add(0), a.add(0), a.add(0), a.add(0), a.add(0), a.add(1),
            ))
            .await;
            first * 100 + last
        }
        pub async fn ask(&self, account: Ref<Account>) -> u64 {
            account.add(self.__key).await
        }
    }
}

fn main() {
    use thalweg::prelude::*;
    let app = App::new("guests").entity::<types::K>().start().unwrap();
    app.call_blocking(types::Account::at(1).make()).unwrap();
    app.call_blocking(types::Account::at(2).make()).unwrap();
    assert_eq!(app.call_blocking(types::Account::at(1).go(types::Account::at(2))), Ok(1));
    assert_eq!(app.call_blocking(types::Account::at(1).back(types::Account::at(2))), Ok(Ok(2)));
    assert_eq!(app.call_blocking(types::K::at(3).twelve(types::Account::at(1))), Ok(102));
    assert_eq!(app.call_blocking(types::K::at(3).ask(types::Account::at(2))), Ok(5));
}
