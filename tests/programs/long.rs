//! What keeps a worker: seen from outside, and when the app is to stop.
use std::time::Duration;
use thalweg::Error;
use thalweg::prelude::*;

/// Sleeps for so many milliseconds.
#[entity(auto)]
pub struct Sleeper {
    #[key]
    id: u64,
    n: u64,
}

#[entity]
impl Sleeper {
    pub fn new(id: u64) -> Self {
        Self { id, n: 0 }
    }
    pub fn long(&mut self, milliseconds: u64) -> u64 {
        std::thread::sleep(Duration::from_millis(milliseconds));
        self.n += 1;
        self.n
    }
    pub async fn by_another(&self, other: Ref<Sleeper>, milliseconds: u64) -> u64 {
        other.long(milliseconds).await + self.n
    }
    pub async fn by_whoever(&self, milliseconds: u64) -> u64 {
        Self::at(self.n + 1).long(milliseconds).await
    }
}

/// Waits until something runs.
fn seen_running(app: &Handle) -> Vec<(String, String)> {
    loop {
        let running = app.running();
        if !running.is_empty() {
            return running.into_iter().map(|it| it.method).collect();
        }
        std::thread::yield_now();
    }
}

#[test]
fn what_runs_is_seen_from_outside() {
    for workers in [1, 2, 4] {
        let app = App::new("slow").entity::<Sleeper>().workers(workers).start().unwrap();
        let named = |method: &str| ("Sleeper".to_owned(), method.to_owned());
        assert_eq!(app.running(), []);
        let long = app.submit(Sleeper::at(1).long(300)).unwrap();
        assert_eq!(seen_running(&app), [named("long")]);
        assert_eq!(long.wait(), Ok(1));
        while !app.running().is_empty() {}
        // The method that the transaction began with, wherever it is.
        let long = app.submit(Sleeper::at(2).by_another(Sleeper::at(3), 300)).unwrap();
        assert_eq!(seen_running(&app), [named("by_another")]);
        assert_eq!(long.wait(), Ok(1));
        let long = app.submit(Sleeper::at(2).by_whoever(100)).unwrap();
        assert_eq!(seen_running(&app), [named("by_whoever")]);
        assert_eq!(long.wait(), Ok(2));
    }
}

#[test]
fn to_stop_has_an_end() {
    for workers in [1, 2] {
        let app = App::new("slow").entity::<Sleeper>().workers(workers).start().unwrap();
        let long = app.submit(Sleeper::at(1).long(1_000)).unwrap();
        seen_running(&app);
        let error = app.stop_within(Duration::from_millis(50)).unwrap_err();
        let text = error.to_string();
        assert!(matches!(error, Error::StillRunning { .. }), "{text}");
        assert!(text.contains("not ended within 50ms; it runs `Sleeper::long` on worker "), "{text}");
        assert_eq!(app.call_blocking(Sleeper::at(2).long(0)), Err(Error::Stopped));
        assert_eq!(long.wait(), Ok(1), "what had entered is answered");
        assert_eq!(app.stop_within(Duration::from_secs(60)), Ok(()));
        assert_eq!(app.stop_within(Duration::ZERO), Ok(()));
    }
}
