//! Subject (c): the entity program. Every transfer is a transaction with a reply of its own.
use crate::input::Input;
use std::collections::VecDeque;
use std::time::Instant;
use thalweg::prelude::*;

#[entity(auto)]
struct Account {
    #[key]
    id: u64,
    balance: i64,
}

#[entity]
impl Account {
    pub fn new(id: u64) -> Self {
        Self { id, balance: 0 }
    }
    pub fn balance(&self) -> i64 {
        self.balance
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

/// How requests are submitted.
#[derive(Clone, Copy)]
pub enum Way {
    /// In batches: one entry into the queue for many transactions, each with an answer of its own.
    Batches,
    /// One at a time.
    Singly,
}

/// Transfers in a batch.
const BATCH: usize = 2_048;
/// Batches that are sent and not answered, for each worker.
const BATCHES: usize = 4;

/// The engine's placement.
pub fn owner(key: u64, workers: usize) -> usize {
    Ref::owner(&Account::at(key), workers)
}

/// Transfers per second. Requests enter at all workers in turn. `groups`: calls between them are shipped as bytes.
pub fn entities(workers: usize, groups: usize, input: &Input, way: Way) -> thalweg::Result<f64> {
    let app = App::new("transfer").entity::<Account>().workers(workers).groups(groups);
    let app = app.queue(1 << 20).start()?;
    let opening = (0..input.accounts).map(|id| Account::at(id).deposit(input.opening));
    drop(app.submit_all_waiting(opening)?.wait()?);
    let handles: Vec<Handle> = (0..workers).map(|_| app.clone()).collect();
    let start = Instant::now();
    let answered = match way {
        Way::Batches => in_batches(&handles, input)?,
        Way::Singly => singly(&handles, input)?,
    };
    let rate = answered as f64 / start.elapsed().as_secs_f64();
    assert_eq!(answered, input.transfers.len());
    let total: i64 = match app.inspect()?["Account"].as_object() {
        Some(accounts) => accounts.values().filter_map(|account| account["balance"].as_i64()).sum(),
        None => 0,
    };
    assert_eq!(total, input.sum());
    Ok(rate)
}

fn in_batches(handles: &[Handle], input: &Input) -> thalweg::Result<usize> {
    let mut pending = VecDeque::new();
    let mut answered = 0;
    for (batch, handle) in input.transfers.chunks(BATCH).zip(handles.iter().cycle()) {
        let calls = batch.iter().map(|(from, to)| Account::at(*from).transfer(Account::at(*to), 1));
        pending.push_back(handle.submit_all_waiting(calls)?);
        if pending.len() > BATCHES * handles.len() {
            answered += pending.pop_front().map_or(Ok(0), count)?;
        }
    }
    pending.into_iter().try_fold(answered, |answered, batch| Ok(answered + count(batch)?))
}

/// Looks at every answer.
fn count(batch: thalweg::Replies<Result<(), i64>>) -> thalweg::Result<usize> {
    let answers = batch.wait()?;
    Ok(answers.iter().filter(|answer| **answer == Ok(Ok(()))).count())
}

fn singly(handles: &[Handle], input: &Input) -> thalweg::Result<usize> {
    let mut pending = VecDeque::new();
    let mut answered = 0;
    for ((from, to), handle) in input.transfers.iter().zip(handles.iter().cycle()) {
        pending.push_back(handle.submit_waiting(Account::at(*from).transfer(Account::at(*to), 1))?);
        if pending.len() > BATCHES * BATCH * handles.len() {
            answered += pending.pop_front().map_or(Ok(Ok(())), |reply| reply.wait()).map(|_| 1)?;
        }
    }
    for reply in pending {
        assert_eq!(reply.wait()?, Ok(()));
        answered += 1;
    }
    Ok(answered)
}
