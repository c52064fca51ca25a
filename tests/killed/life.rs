//! One life: a process that starts an app on what lives before it have left, checks that, and works until it is killed.
use crate::check::{audit, check, told};
use crate::entities::{ACCOUNTS, Account, Counter};
use crate::notes::Notes;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serde::{Deserialize, Serialize};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;
use thalweg::sink::JsonLines;
use thalweg::{Error, prelude::*};

/// The variable in which a child is told what it is.
pub const VARIABLE: &str = "THALWEG_LIFE";
/// The most requests that a client has in flight.
const BATCH: u64 = 8;
/// Often enough for kills to fall into one.
const CHECKPOINT: Duration = Duration::from_millis(150);

/// How a life goes, as long as nothing ends it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Life {
    /// Everything is below this.
    pub folder: PathBuf,
    pub workers: usize,
    pub seed: u64,
    pub then: Then,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Then {
    Work,
    /// Works so long, and stops while its clients go on.
    Stop(Duration),
    /// Writes the state to this file, and stops.
    Inspect(PathBuf),
}

/// What a life says on its standard output, a line each. The harness says other things there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    #[default]
    Starting,
    Working,
    Stopping,
    Stopped,
}

impl Phase {
    pub const SAID: [(&str, Self); 3] =
        [("working", Self::Working), ("stopping", Self::Stopping), ("stopped", Self::Stopped)];

    fn say(self) {
        let word = Self::SAID.iter().find(|(_, phase)| *phase == self).map_or("", |(word, _)| word);
        // The harness may have begun a line.
        let _ = std::io::stdout().write_all(format!("\n{word}\n").as_bytes());
    }
}

impl Life {
    pub fn of_environment() -> Option<Self> {
        let text = std::env::var(VARIABLE).ok()?;
        Some(serde_json::from_str(&text).expect("the parent says what the child is"))
    }

    pub fn live(&self) {
        // A thread that fails is a life that fails, whatever the others do.
        std::panic::set_hook(Box::new(|panic| {
            eprintln!("{panic}");
            std::process::exit(101)
        }));
        let notes = self.folder.join("notes");
        let app = App::new("killed").entity::<Counter>().entity::<Account>().workers(self.workers);
        let app = app.data_dir(self.folder.join("data")).checkpoint_every(CHECKPOINT);
        let events = self.folder.join("steps.jsonl");
        told(&events);
        let app = app.sink("steps", JsonLines::new(&events)).start().expect("it starts");
        let counters = check(&app, &notes);
        if let Then::Inspect(file) = &self.then {
            let state = app.inspect().expect("the state can be read").to_string();
            std::fs::write(file, state).expect("the state can be written");
            app.stop().expect("it stops");
            assert_eq!(told(&events), counters, "each step is told once");
            return;
        }
        std::thread::scope(|scope| {
            let working: Vec<_> = (0..)
                .zip(counters)
                .map(|(client, steps)| {
                    let random = ChaCha8Rng::seed_from_u64(self.seed.wrapping_add(client));
                    let (app, notes) = (app.clone(), Notes::open(&notes, client));
                    scope.spawn(move || Client { app, client, steps, notes, random }.work())
                })
                .collect();
            Phase::Working.say();
            if let Then::Stop(after) = &self.then {
                std::thread::sleep(*after);
                Phase::Stopping.say();
                app.stop().expect("it stops");
                working.into_iter().for_each(|client| client.join().expect("a client ends"));
                Phase::Stopped.say();
            }
        });
    }
}

/// Sends some steps, waits for their answers, and sends the next.
struct Client {
    app: Handle,
    client: u64,
    steps: u64,
    notes: Notes,
    random: ChaCha8Rng,
}

impl Client {
    /// Until the app has stopped.
    fn work(mut self) {
        loop {
            if self.random.random_ratio(1, 40) && !self.looks() {
                return;
            }
            let batch = self.random.random_range(1..=BATCH);
            self.notes.sent(self.steps + batch);
            let step = |random: &mut ChaCha8Rng| {
                let from = random.random_range(0..ACCOUNTS);
                let to = (from + random.random_range(1..ACCOUNTS)) % ACCOUNTS;
                let amount = random.random_range(0..40);
                Counter::at(self.client).step(Account::at(from), Account::at(to), amount)
            };
            let calls: Vec<_> = (0..batch).map(|_| step(&mut self.random)).collect();
            let answers = match self.app.submit_all_waiting(calls).and_then(thalweg::Replies::wait) {
                Ok(answers) => answers,
                Err(Error::Stopped) => return self.notes.sent(self.steps),
                Err(error) => panic!("client {}: {error}", self.client),
            };
            for answer in answers {
                match answer {
                    Ok(Ok(steps)) => {
                        assert_eq!(steps, self.steps + 1, "client {}: steps follow each other", self.client);
                        self.steps = steps;
                        self.notes.acked(steps);
                    }
                    Ok(Err(balance)) => assert!(balance < 0, "an account with {balance} can pay"),
                    Err(Error::Stopped) => {} // it has not been done
                    Err(error) => panic!("client {}: {error}", self.client),
                }
            }
            self.notes.sent(self.steps);
        }
    }

    /// Audits all accounts while others transfer; whether the app still runs.
    fn looks(&self) -> bool {
        match audit(&self.app, self.client) {
            Ok(_) => true,
            Err(Error::Stopped) => false,
            Err(error) => panic!("client {}: {error}", self.client),
        }
    }
}

/// The state that a life has written to this file.
pub fn state(file: &Path) -> String {
    std::fs::read_to_string(file).expect("the state was written")
}
