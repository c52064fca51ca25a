//! A method with large locals may recurse, too.
use thalweg::prelude::*;

#[entity(auto)]
pub struct Heavy {
    #[key]
    id: u64,
    n: u64,
}

#[entity]
impl Heavy {
    pub fn new(id: u64) -> Self {
        Self { id, n: 0 }
    }

    pub async fn down(&mut self, n: u64) -> u64 {
        let table = [n as u8; 60_000];
        self.n += 1;
        if n == 0 {
            return 0;
        }
        let below = Heavy::at(self.id + 1).down(n - 1).await;
        below + u64::from(table[n as usize] != 0)
    }

    pub async fn deeper(&mut self, n: u64) -> u64 {
        let table = [n; 40_000];
        if n == 0 { 0 } else { self.deeper(n - 1).await + table[0] }
    }
}

fn main() -> Result<(), thalweg::Error> {
    for workers in [1, 2, 4] {
        eprintln!("{workers} workers");
        let app = App::new("heavy").entity::<Heavy>().workers(workers).start()?;
        assert_eq!(app.call_blocking(Heavy::at(1).down(250))?, 250);
        assert_eq!(app.call_blocking(Heavy::at(1).deeper(100))?, 5050);
        app.stop()?;
    }
    let mut oracle = thalweg::oracle::Oracle::new();
    assert_eq!(oracle.call(Heavy::at(1).down(250))?, 250);
    assert_eq!(oracle.call(Heavy::at(1).deeper(100))?, 5050);
    Ok(())
}
