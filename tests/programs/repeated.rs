//! What does the same each time passes when every transaction runs more than once, whatever of the language it uses.

mod clean {
    use crate::determinism::world::Once;
    use thalweg::prelude::*;

    /// Does everything that may be done.
    #[entity(auto)]
    pub struct Clean {
        #[key]
        id: u64,
        n: u64,
        drawn: Vec<u64>,
    }

    #[entity]
    impl Clean {
        pub fn new(id: u64) -> Self {
            Self { id, n: thalweg::random() % 2, drawn: vec![] }
        }
        pub fn draw(&mut self) -> (u64, u64, String) {
            self.drawn.push(thalweg::random());
            self.n += 1;
            (thalweg::random(), thalweg::now(), thalweg::transaction().to_string())
        }
        pub fn n(&self) -> u64 {
            self.n
        }
        pub fn fail(&mut self) -> Result<(), u64> {
            self.n += 100;
            Err(self.n)
        }
        pub fn panic(&mut self) {
            self.n += 100;
            panic!("{} has {}", self.id, self.n);
        }
        pub fn once(&mut self, once: Once) -> i64 {
            once.0 + 1
        }
        pub async fn all(&mut self, a: Ref<Clean>, b: Ref<Clean>) -> Vec<(u64, u64, String)> {
            let mut drawn = vec![self.draw()];
            a.draw().send();
            let (x, y) = join((a.draw(), b.draw())).await;
            drawn.extend([x, y]);
            drawn.extend(join_all([a.draw(), b.draw(), a.draw()]).await);
            drawn
        }
        pub async fn down(&mut self, depth: u64, other: Ref<Clean>) -> u64 {
            self.n += 1;
            if depth == 0 {
                return self.n;
            }
            other.down(depth - 1, Clean::at(self.id)).await + self.n
        }
        pub async fn replace(&self, other: Ref<Clean>) -> (bool, u64, bool, bool) {
            let was = other.remove().await;
            let n = other.draw().await.1;
            (was, n, other.exists().await, other.remove().await)
        }
        pub async fn undo(&mut self, other: Ref<Clean>) -> Result<u64, u64> {
            self.n += 5;
            other.remove().await;
            other.draw().await;
            Clean::at(self.id + 50).draw().await;
            other.fail().await?;
            Ok(self.n)
        }
        pub async fn lost(&mut self, other: Ref<Clean>) {
            self.n += 7;
            other.panic().await;
        }
        pub async fn rekey(&mut self, other: Ref<Clean>) {
            other.draw().await;
            self.id += 1;
        }
    }
}

use crate::determinism::world::Once;
use clean::Clean;
use thalweg::oracle::Oracle;
use thalweg::{Error, testing};

#[test]
fn what_does_the_same_passes() {
    let calls = |id: u64| {
        let c = Clean::at;
        (
            c(id).all(c(id + 1), c(id)),
            c(id).down(40, c(id + 2)),
            c(id).replace(c(id + 1)),
            c(id).undo(c(id + 2)),
        )
    };
    let app =
        testing::app("clean").entity::<Clean>().seed(7).clock(|| 0).start().expect("the program starts");
    let mut oracle = Oracle::new().seed(7).clock(|| 0);
    macro_rules! same {
        ($call:expr) => {
            let (a, b) = (app.call_blocking($call), oracle.call($call));
            assert_eq!(format!("{a:?}"), format!("{b:?}"), stringify!($call));
            assert!(!matches!(a, Err(Error::Nondeterministic { .. })), "{a:?}");
        };
    }
    for id in 0..4 {
        same!(calls(id).0);
        same!(calls(id).1);
        same!(calls(id).2);
        same!(calls(id).3);
        same!(Clean::at(id).lost(Clean::at(id + 1)));
        same!(Clean::at(id).lost(Clean::at(id)));
        same!(Clean::at(id).rekey(Clean::at(id + 1)));
        same!(Clean::at(id).once(Once(id as i64)));
        same!(Clean::at(id).remove());
        same!(Clean::at(id).exists());
        same!(Clean::at(id + 1).n());
    }
    assert_eq!(app.inspect().expect("runs"), oracle.inspect());
}
