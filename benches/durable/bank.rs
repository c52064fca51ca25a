//! The entity program, in memory or on a disk.
use crate::BATCH;
use crate::input::Input;
use std::collections::VecDeque;
use std::path::Path;
use std::time::Instant;
use thalweg::prelude::*;

#[entity(auto)]
pub struct Account {
    #[key]
    id: u64,
    balance: i64,
}

#[entity]
impl Account {
    /// There is no loading: what a log has is transfers.
    pub fn new(id: u64) -> Self {
        Self { id, balance: 1_000_000 }
    }
    pub fn deposit(&mut self, amount: i64) {
        self.balance += amount;
    }
    pub async fn transfer(&mut self, to: Ref<Account>, amount: i64) -> Result<(), i64> {
        if self.balance < amount {
            return Err(self.balance);
        }
        self.balance -= amount;
        to.deposit(amount).await;
        Ok(())
    }
}

#[derive(Clone, Copy)]
pub enum Place<'a> {
    Memory,
    Disk(&'a Path),
}

pub fn start(place: Place<'_>, workers: usize) -> thalweg::Result<Handle> {
    let app = App::new("durable").entity::<Account>().workers(workers);
    let app = match place {
        Place::Memory => app,
        Place::Disk(folder) => app.data_dir(folder),
    };
    Ok(app.start()?)
}

/// Transfers per second, of an app that starts and stops outside the time; so many batches are in flight per worker.
pub fn batches(place: Place<'_>, workers: usize, in_flight: usize, input: &Input) -> thalweg::Result<f64> {
    let app = start(place, workers)?;
    let handles: Vec<Handle> = (0..workers).map(|_| app.clone()).collect();
    let rate = in_batches(&handles, in_flight, input)?;
    app.stop()?;
    Ok(rate)
}

/// The same by these handles, of an app that runs, a worker each.
pub fn in_batches(handles: &[Handle], in_flight: usize, input: &Input) -> thalweg::Result<f64> {
    let start = Instant::now();
    let (mut pending, mut done) = (VecDeque::new(), 0);
    for (batch, handle) in input.transfers.chunks(BATCH).zip(handles.iter().cycle()) {
        if pending.len() >= in_flight * handles.len() {
            done += pending.pop_front().map_or(Ok(0), count)?;
        }
        let calls = batch.iter().map(|(from, to)| Account::at(*from).transfer(Account::at(*to), 1));
        pending.push_back(handle.submit_all_waiting(calls)?);
    }
    for batch in pending {
        done += count(batch)?;
    }
    let seconds = start.elapsed().as_secs_f64();
    assert_eq!(done, input.transfers.len(), "every transfer is answered, and is done");
    Ok(done as f64 / seconds)
}

/// Looks at every answer.
fn count(batch: thalweg::Replies<Result<(), i64>>) -> thalweg::Result<usize> {
    Ok(batch.wait()?.iter().filter(|answer| **answer == Ok(Ok(()))).count())
}

/// What all accounts hold together that have taken part.
pub fn check(app: &Handle) -> thalweg::Result {
    let state = app.inspect()?;
    let accounts = state["Account"].as_object().into_iter().flatten();
    let (count, money) = accounts.fold((0, 0), |(count, money), (_, account)| {
        (count + 1, money + account["balance"].as_i64().unwrap_or_default())
    });
    assert_eq!(money, count * 1_000_000, "no money comes or goes");
    Ok(())
}
