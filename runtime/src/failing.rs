//! Tests: when a worker ends by a fault of ours, everybody who waits is told, and nothing that comes later is accepted.
#![allow(clippy::disallowed_methods, reason = "callers of an app are threads")]
use crate::base::error::Error;
use crate::egress::reply::Reply;
use crate::prelude::*;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;

#[entity(auto)]
pub struct Cell {
    #[key]
    id: u64,
    n: u64,
}

#[entity]
impl Cell {
    pub fn new(id: u64) -> Self {
        Self { id, n: 0 }
    }
    pub fn add(&mut self, n: u64) -> u64 {
        self.n += n;
        self.n
    }
    pub async fn pay(&mut self, to: Ref<Cell>, n: u64) -> u64 {
        to.add(n).await
    }
    /// Pays one whom no argument names.
    pub async fn follow(&mut self) -> u64 {
        Cell::at(self.id + 1 + self.n).add(1).await
    }
}

#[track_caller]
fn failed<T: std::fmt::Debug>(answer: Result<T, Error>) {
    match answer {
        Err(Error::Internal { what }) => assert!(what.contains("ours"), "{what}"),
        other => panic!("{other:?}"),
    }
}

/// Whatever it says, it says something.
fn answered(reply: Reply<u64>) -> bool {
    matches!(reply.wait(), Ok(_) | Err(Error::Internal { .. }))
}

fn start(workers: usize) -> Handle {
    App::new("failing").entity::<Cell>().workers(workers).queue(100).start().expect("the program starts")
}

/// Makes one worker panic; the others wait until they may go on.
fn break_down(app: &Handle, victim: usize) -> (Receiver<usize>, Vec<Sender<()>>) {
    let (reached, comes) = channel();
    let (go, wait): (Vec<_>, Vec<_>) = (0..4).map(|_| channel::<()>()).unzip();
    let waits: Vec<Mutex<Receiver<()>>> = wait.into_iter().map(Mutex::new).collect();
    let reached = Mutex::new(reached);
    let look = Arc::new(move |worker: &crate::entity::run::worker::Worker| {
        reached.lock().expect("whole").send(worker.index).expect("the test listens");
        let _ = waits[worker.index].lock().expect("whole").recv();
        assert!(worker.index != victim, "ours");
    });
    app.visit(look).expect("a place");
    (comes, go)
}

#[test]
fn everybody_who_waits_is_told() {
    for (workers, victim) in [(1, 0), (2, 0), (2, 1), (4, 0), (4, 3)] {
        let app = start(workers);
        (0..20).for_each(|id| drop(app.call_blocking(Cell::at(id).pay(Cell::at(id + 1), 1))));
        let (reached, go) = break_down(&app, victim);
        (0..workers).for_each(|_| _ = reached.recv().expect("every worker comes to it"));
        // All workers stand. These wait in the queue, for the queue, and for each other.
        let replies: Vec<_> = (0..30).map(|id| app.submit(Cell::at(id).pay(Cell::at(id + 1), 1))).collect();
        let other = app.clone();
        let batch = other.submit_all((0..60).map(|id| Cell::at(id).pay(Cell::at(id + 7), 1))).expect("room");
        let (blocked, inspecting, stopping) = (app.clone(), app.clone(), app.clone());
        let blocked =
            thread::spawn(move || blocked.submit_all_waiting((0..100).map(|id| Cell::at(id).follow())));
        let inspecting = thread::spawn(move || inspecting.inspect());
        drop(go);
        for reply in replies {
            assert!(reply.map(answered).unwrap_or(true), "{workers} workers");
        }
        batch.wait().expect("one answer each").into_iter().for_each(failed);
        // Whether it had room before is a matter of time.
        match blocked.join().expect("it ends") {
            Ok(replies) => replies.wait().expect("one answer each").into_iter().for_each(failed),
            Err(error) => failed(Err::<(), _>(error)),
        }
        failed(inspecting.join().expect("it ends"));
        failed(app.call_blocking(Cell::at(1).add(1)));
        failed(app.submit(Cell::at(1).add(1)).map(drop));
        failed(app.inspect());
        failed(stopping.stop());
        failed(app.stop());
        failed(app.call_blocking(Cell::at(1).add(1)));
    }
}

#[test]
fn the_last_handle_of_a_broken_app_goes_quietly() {
    for workers in [1, 2, 4] {
        let app = start(workers);
        let (reached, go) = break_down(&app, workers - 1);
        reached.recv().expect("a worker comes to it");
        drop(go);
        drop(app);
    }
}
