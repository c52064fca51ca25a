//! The one thread that writes a log.
//!
//! It takes all that waits, writes it in one piece, syncs once, and tells. While a sync runs the next batch gathers, so that
//! no timer is needed. In idle time it writes a witness of what is durable, removes old segments, and makes the next one.
//!
//! - The durable epoch moves only after a sync has returned.
//! - After the first failure the thread is gone: nothing is written any more.
use crate::Epoch;
use crate::disk::Disk;
use crate::error::Result;
use crate::log::{Hook, Progress};
use crate::queue::{Ending, Next, Passed, Queue, State};
use crate::write::{Failure, Item, Writer};
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};
use std::{io, mem};

/// What the thread does next.
#[derive(Debug)]
enum Task {
    Write(Vec<Item>),
    Seen(Vec<Item>),
    Make,
    Release(Epoch),
    Stop(Vec<Item>),
    Quit,
}

pub(crate) struct Worker<D: Disk> {
    writer: Writer<D>,
    queue: Arc<Queue>,
    hook: Hook,
}

/// Poisons the log when the thread ends without having said why: it has panicked.
struct Mourner(Arc<Queue>);

impl Drop for Mourner {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.update(|state| state.poison = Some("the log's thread has panicked".to_owned()));
        }
    }
}

impl<D: Disk> Worker<D> {
    pub(crate) fn start(writer: Writer<D>, queue: Arc<Queue>, hook: Hook) -> io::Result<JoinHandle<()>> {
        let worker = Self { writer, queue, hook };
        // Its own thread, because a sync takes longer than anything else that its callers do.
        Builder::new().name("thalweg-log".to_owned()).spawn(move || worker.run())
    }

    fn run(mut self) {
        let _mourner = Mourner(self.queue.clone());
        loop {
            match self.step() {
                Ok(true) => {}
                Ok(false) => return,
                Err(failure) => return self.poison(failure.what),
            }
        }
    }

    /// One task; false after the last one.
    fn step(&mut self) -> Result<bool, Failure> {
        match self.task() {
            Task::Write(items) => self.append(&items)?,
            Task::Seen(outcomes) => {
                self.writer.append(&outcomes)?;
                if self.writer.wants_seen() {
                    self.writer.seen()?;
                }
                self.publish(&outcomes);
            }
            Task::Make => self.make()?,
            Task::Release(epoch) => self.writer.release(epoch)?,
            Task::Stop(outcomes) => {
                self.writer.append(&outcomes)?;
                self.writer.stop()?;
                return Ok(false);
            }
            Task::Quit => return Ok(false),
        }
        Ok(true)
    }

    /// Waits for the next task.
    fn task(&self) -> Task {
        self.queue.task(|state, passed| self.choose(state, passed))
    }

    fn choose(&self, state: &mut State, passed: Passed) -> Next<Task> {
        if state.end == Some(Ending::Abandon) {
            return Next::Task(Task::Quit);
        }
        if state.epochs > 0 {
            return Next::Task(Task::Write(state.take_all()));
        }
        let wants_seen = self.writer.wants_seen() && state.end.is_none();
        if wants_seen && passed.idle {
            return Next::Task(Task::Seen(state.take_all()));
        }
        if state.release > Epoch(0) {
            return Next::Task(Task::Release(mem::take(&mut state.release)));
        }
        if state.end.is_some() {
            return Next::Task(Task::Stop(state.take_all()));
        }
        let lacks = self.writer.spares() == 0 || state.wanted > state.room;
        if lacks && (!state.full || passed.retry) {
            return Next::Task(Task::Make);
        }
        if wants_seen { Next::WhenIdle } else { Next::Nothing }
    }

    fn append(&mut self, items: &[Item]) -> Result<(), Failure> {
        self.writer.append(items)?;
        self.queue.set_durable(self.writer.sealed());
        self.publish(items);
        (self.hook)(Progress::Durable { epoch: self.writer.sealed(), position: self.writer.durable() });
        // Without idle time, the next segment is made between writes.
        if self.writer.spares() == 0 && self.writer.is_half_full() && self.queue.has_space() {
            self.make()?;
        }
        Ok(())
    }

    /// These are written.
    fn publish(&self, items: &[Item]) {
        self.queue.update(|state| {
            for item in items {
                state.reserved -= Item::cost(item.body.len(), self.queue.segment_bytes());
                state.waiting -= if item.outcome { 0 } else { item.body.len() };
            }
            state.room = self.writer.room();
            // Who still lacks room says so again.
            state.wanted = 0;
        });
    }

    fn make(&mut self) -> Result<(), Failure> {
        let made = self.writer.make();
        let is_full = made.as_ref().is_err_and(|failure| failure.full);
        if !is_full {
            made?;
        }
        self.queue.update(|state| {
            let none = self.writer.spares() == 0;
            if is_full {
                state.full = none;
                state.too_much = Some(mem::take(&mut state.wanted)).filter(|&much| much > 0);
                return;
            }
            state.full &= none;
            state.room = self.writer.room();
            if state.wanted <= state.room {
                state.wanted = 0;
            }
        });
        Ok(())
    }

    fn poison(&self, what: String) {
        self.queue.update(|state| state.poison = Some(what.clone()));
        (self.hook)(Progress::Poisoned { what });
    }
}
