//! A request that ends the process is in the log, so each start ends the same way: it is named, and can be left out.
//!
//! The test starts itself as the process that ends.
use crate::folder::Folder;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::Duration;
use thalweg::data_dir::DataDir;
use thalweg::prelude::*;
use thalweg::{Error, StorageFault};

mod mine {
    use super::*;

    #[entity(auto)]
    pub struct Mine {
        #[key]
        pub id: u32,
        pub steps: u32,
    }

    #[entity]
    impl Mine {
        pub fn new(id: u32) -> Self {
            Self { id, steps: 0 }
        }
        pub fn step(&mut self) -> u32 {
            self.steps += 1;
            self.steps
        }
        /// Long enough for the log to be written, and then no panic that could be caught.
        pub fn blast(&mut self) -> u32 {
            self.steps += 1_000;
            std::thread::sleep(Duration::from_millis(300));
            std::process::abort()
        }
        pub async fn lead(&mut self, to: Ref<Mine>) -> u32 {
            self.steps += 1;
            to.blast().await
        }
    }
}
use mine::Mine;

const CHILD: &str = "THALWEG_DEADLY";
const TEST: &str = "deadly::what_ends_the_process_each_time_is_named_and_can_be_left_out";

fn app(data: &Path) -> App {
    let workers = if data.ends_with("two") { 2 } else { 1 };
    App::new("mines").entity::<Mine>().data_dir(data).workers(workers)
}

/// Works in this directory until the process ends. Whether it was refused.
fn live(data: &Path) -> Result<(), Error> {
    let app = app(data).start()?;
    for id in 0..5 {
        app.call_blocking(Mine::at(id).step())?;
    }
    // In one request with others, or behind a call.
    let _steps = app.submit((Mine::at(1)).step())?;
    if data.ends_with("two") {
        app.call_blocking(Mine::at(7).lead(Mine::at(8)).with_id("fatal"))?;
    } else {
        app.submit_all([6, 3].map(|id| Mine::at(id).blast()))?.wait()?;
    }
    unreachable!("the process has ended");
}

/// Starts the child until it is refused: how often it has died, and what it said.
fn until_refused(data: &Path) -> (u32, String) {
    let mut deaths = 0;
    loop {
        let me = std::env::current_exe().expect("a test is a program");
        let mut child = Command::new(me);
        let ended = child.args(["--exact", TEST, "--nocapture"]).env(CHILD, data).output().expect("it runs");
        let said = String::from_utf8_lossy(&ended.stdout).into_owned();
        if said.contains("refused: ") {
            return (deaths, said);
        }
        assert_eq!(ended.status.code(), None, "it ends by a signal: {ended:?}");
        deaths += 1;
        assert!(deaths < 8, "it is never refused");
    }
}

#[test]
fn what_ends_the_process_each_time_is_named_and_can_be_left_out() -> ExitCode {
    if let Ok(data) = std::env::var(CHILD) {
        return match live(Path::new(&data)) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                println!("refused: {error}");
                ExitCode::FAILURE
            }
        };
    }
    let folder = Folder::new("deadly");
    for (name, workers) in [("one", 1), ("two", 2)] {
        let data = folder.dir(name);
        let dir = DataDir::at(&data);
        // One after the other is found and left out; of the batch, both end the process.
        let places: Vec<String> = (0..if workers == 1 { 2 } else { 1 })
            .map(|round| {
                let (deaths, said) = until_refused(&data);
                assert!(deaths >= if round == 0 { 3 } else { 1 }, "{deaths}");
                let method = if workers == 1 { "`Mine::blast`" } else { "`Mine::lead`" };
                assert!(said.contains(method) && said.contains("thalweg log skip"), "{said}");
                let place = said.split_once("then ran ").expect("it says what").1;
                let place = place.split_once(' ').expect("its name").0.to_owned();
                let (epoch, transaction) = place.split_once('.').expect("epoch.transaction");
                let number = |text: &str| text.parse::<u64>().expect("a number");
                let (epoch, transaction) = (number(epoch), number(transaction));
                // Nothing else can be, not even of the same epoch.
                for (epoch, transaction) in
                    [(1, 0), (epoch, transaction + 1), (epoch, transaction.wrapping_sub(1))]
                {
                    let other = dir.skip(epoch, transaction);
                    assert!(
                        matches!(&other, Err(Error::Storage { fault: StorageFault::Absent, .. })),
                        "{epoch}.{transaction}: {other:?}"
                    );
                }
                dir.skip(epoch, transaction).expect("it can be left out");
                place
            })
            .collect();
        for life in 0..2 {
            let app = app(&data).start().expect("it starts");
            if workers == 2 {
                let again = app.call_blocking(Mine::at(7).lead(Mine::at(8)).with_id("fatal"));
                assert_eq!(again, Err(Error::Skipped));
            }
            // Nothing of it is left, and what stood beside it in the log is there.
            for (id, steps) in [(7, 0), (8, 0), (6, 0), (3, 1), (0, 1)] {
                assert_eq!(app.call_blocking(Mine::at(id).step()), Ok(steps + 1 + life), "mine {id}");
            }
            app.stop().expect("stopped");
        }
        let skipped = dir.inspect().expect("looked at").skipped;
        assert_eq!(skipped, places);
    }
    ExitCode::SUCCESS
}
