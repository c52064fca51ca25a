//! A panic of whatever kind, wherever it comes from, ends its request and nothing else.
use thalweg::prelude::*;

struct Fuse(bool);

impl Drop for Fuse {
    fn drop(&mut self) {
        assert!(!self.0, "dropped");
    }
}

#[entity]
pub struct Account {
    #[key]
    id: u64,
    n: i64,
}

#[entity]
impl Account {
    pub fn open(id: u64) -> Self {
        Self { id, n: 0 }
    }

    pub fn broken(id: u64) -> Self {
        assert!(id != id, "no {id}");
        Self { id, n: 1 }
    }

    pub fn add(&mut self, x: i64) -> i64 {
        self.n += x;
        self.n
    }

    pub fn any(&mut self) -> i64 {
        self.n += 1;
        std::panic::panic_any(5_u8)
    }

    /// The panic is in the arguments of a call.
    pub async fn in_arguments(&mut self, other: Ref<Account>, list: Vec<i64>) -> i64 {
        self.n += 1;
        other.add(list[self.n as usize]).await
    }

    /// The value that is dropped panics at the end.
    pub async fn at_the_end(&mut self, other: Ref<Account>) -> i64 {
        let _fuse = Fuse(true);
        self.n += 1;
        other.add(1).await
    }

    /// The call does not return, and the value that lives across it panics when it is dropped.
    pub async fn while_waiting(&mut self, other: Ref<Account>) -> i64 {
        let _fuse = Fuse(true);
        self.n += 1;
        other.add(1).await
    }
}

fn main() -> Result<(), thalweg::Error> {
    // A worker that has died answers no more: fail instead of waiting for it.
    std::thread::spawn(|| {
        std::thread::sleep(std::time::Duration::from_secs(30));
        eprintln!("no answer");
        std::process::exit(1);
    });
    for workers in [1, 2, 4] {
        let app = App::new("panics").entity::<Account>().workers(workers).start()?;
        for id in 1..=5 {
            app.call_blocking(Account::at(id).open())?;
        }
        assert!(app.call_blocking(Account::at(7).broken()).is_err());
        for id in 1..=5 {
            let account = || Account::at(id);
            assert!(app.call_blocking(account().any()).is_err());
            for other in 1..=5 {
                assert!(app.call_blocking(account().in_arguments(Account::at(other), vec![0])).is_err());
                assert!(app.call_blocking(account().at_the_end(Account::at(other))).is_err());
            }
            for nobody in 100..105 {
                assert!(app.call_blocking(account().while_waiting(Account::at(nobody))).is_err());
            }
        }
        for id in 1..=5 {
            assert_eq!(app.call_blocking(Account::at(id).add(1))?, 1, "{workers} workers");
        }
        assert!(!app.call_blocking(Account::at(7).exists())?);
        app.stop()?;
    }
    Ok(())
}
