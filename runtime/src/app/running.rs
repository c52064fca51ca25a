//! A running app, behind its handles: how it ends, and what is said when it starts.
use crate::app::delivery::{Delivery, SinkOf};
use crate::base::clock::EpochClock;
use crate::base::error::Error;
use crate::base::ids::MethodId;
use crate::base::storage_fault::StorageFault;
use crate::base::thread::is_worker;
use crate::dataflow::Threads;
use crate::durable::checkpoints::Checkpoints;
use crate::durable::journal::Journal;
use crate::egress::answers::LoggedEgress;
use crate::egress::outbox::Outbox;
use crate::entity::explore::Explorer;
use crate::entity::run::shipped::Instances;
use crate::entity::traits::Method;
use crate::methods::table::Methods;
use crate::program::link::Outline;
use crate::request::ingress::Ingress;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, Once, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// A running app; the last handle that goes stops it.
pub(crate) struct Running {
    pub(crate) ingress: Arc<Ingress>,
    pub(crate) methods: Arc<Methods>,
    pub(crate) outline: Outline,
    pub(crate) threads: Mutex<Option<Threads>>,
    pub(crate) handles: AtomicU64,
    pub(crate) seed: u64,
    /// If the app keeps a log.
    pub(crate) journal: Option<Arc<Journal>>,
    /// The epoch that it shows, if it is a copy.
    pub(crate) past: Option<u64>,
    /// If it takes checkpoints: what is shared with their thread, and the thread.
    pub(crate) checkpoints: Option<Arc<Checkpoints>>,
    pub(crate) checkpointer: Mutex<Option<JoinHandle<Result<(), Error>>>>,
    /// The threads that hand events to sinks.
    pub(crate) sinks: Mutex<Vec<JoinHandle<Result<(), Error>>>>,
    /// The calls that have bytes, and the time of epochs.
    pub(crate) calls: Arc<Instances>,
    pub(crate) clock: Arc<EpochClock>,
    /// Whether calls go to other groups.
    pub(crate) ships: bool,
}

impl Running {
    /// Which method it is that is called from outside. A generic one may lead to others that nobody has called before.
    ///
    /// # Errors
    /// When its class is not part of the app.
    pub(crate) fn method<M: Method>(&self) -> Result<MethodId, Error> {
        let method = self.methods.id::<M>()?;
        if self.ships && !self.calls.has::<M>() {
            self.calls.extend(&Explorer::from::<M>()?.calls);
            self.calls.add::<M>();
        }
        Ok(method)
    }
}

impl Running {
    pub(crate) fn stop(&self) -> Result<(), Error> {
        self.stop_until(None)
    }

    /// As [`Running::stop`]; sinks that have not ended at `limit` are left to themselves.
    fn stop_until(&self, limit: Option<(Instant, Duration)>) -> Result<(), Error> {
        self.close();
        // Waits for the workers, which first answer what has entered; so does everybody else who stops meanwhile.
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(Err(panic)) = threads.take().map(Threads::join) {
            self.ingress.fail(format!("a worker's thread panicked: {panic}"));
        }
        self.end_checkpoints();
        if let Some(Err(error)) = self.journal.as_ref().map(|journal| journal.stop()) {
            self.ingress.end(error);
        }
        self.end_sinks(limit)?;
        if self.ingress.has_failed() { Err(self.ingress.ended()) } else { Ok(()) }
    }
}

impl Running {
    /// As [`Running::stop`], but waits for so long only.
    pub(crate) fn stop_within(&self, limit: Duration) -> Result<(), Error> {
        self.close();
        let start = Instant::now();
        loop {
            // Who holds the lock waits for the workers.
            let ended =
                self.threads.try_lock().is_ok_and(|threads| threads.as_ref().is_none_or(Threads::have_ended));
            if ended {
                return self.stop_until(Some((start + limit, limit)));
            }
            if start.elapsed() >= limit {
                let running = self.methods.running().into_iter().map(|it| {
                    let (entity, method) = it.method;
                    format!(
                        "`{entity}::{method}` on worker {} for {:.1} s",
                        it.worker,
                        it.duration.as_secs_f64()
                    )
                });
                return Err(Error::StillRunning { limit, running: running.collect() });
            }
            thread::sleep(Duration::from_millis(1));
        }
    }
}

impl Running {
    /// This thread takes the checkpoints.
    pub(crate) fn checkpoints_by(&self, thread: Option<JoinHandle<Result<(), Error>>>) {
        *self.checkpointer.lock().unwrap_or_else(PoisonError::into_inner) = thread;
    }

    /// No request enters any more, and the last checkpoint is taken when those inside have their places.
    fn close(&self) {
        let taken = self.checkpointer.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(checkpoints) = &self.checkpoints {
            // Without its thread there is none to wait for.
            if taken.is_some() { checkpoints.end() } else { checkpoints.give_up() }
        }
        drop(taken);
        self.ingress.close();
    }

    /// Waits for the last checkpoint.
    fn end_checkpoints(&self) {
        let thread = self.checkpointer.lock().unwrap_or_else(PoisonError::into_inner).take();
        match thread.map(JoinHandle::join) {
            Some(Ok(Err(error))) => self.ingress.end(error),
            Some(Err(_)) => self.ingress.fail("the thread that takes checkpoints panicked".to_owned()),
            Some(Ok(Ok(()))) | None => {}
        }
    }

    /// Opens the sinks, and hands events to them from now on.
    ///
    /// # Errors
    /// When one cannot be opened, or does not fit what the app has emitted.
    pub(crate) fn deliver(&self, sinks: Vec<SinkOf>) -> Result<(), Error> {
        let run = self.journal.as_ref().map_or(0, |journal| journal.run());
        let open = |(number, sink)| Delivery::open(self.ingress.clone(), number, sink, run);
        let opened: Vec<_> = sinks.into_iter().enumerate().map(open).collect::<Result<_, Error>>()?;
        let mut threads = self.sinks.lock().unwrap_or_else(PoisonError::into_inner);
        for delivery in opened {
            threads.push(delivery.spawn()?);
        }
        Ok(())
    }

    /// Waits until the sinks have what is theirs.
    ///
    /// # Errors
    /// When one does not take it, and there is no data directory that keeps it.
    fn end_sinks(&self, limit: Option<(Instant, Duration)>) -> Result<(), Error> {
        let threads = std::mem::take(&mut *self.sinks.lock().unwrap_or_else(PoisonError::into_inner));
        self.ingress.egress().outbox.iter().for_each(Outbox::end);
        if let Some((until, limit)) = limit {
            while !threads.iter().all(JoinHandle::is_finished) {
                if Instant::now() >= until {
                    return Err(Error::StillRunning { limit, running: vec!["a sink".to_owned()] });
                }
                thread::sleep(Duration::from_millis(1));
            }
        }
        let ends: Vec<_> = threads.into_iter().map(JoinHandle::join).collect();
        for end in ends {
            match end {
                Ok(Err(error)) if self.journal.is_none() && !self.ingress.has_failed() => return Err(error),
                Err(_) => self.ingress.fail("the thread of a sink panicked".to_owned()),
                Ok(_) => {}
            }
        }
        Ok(())
    }

    /// What is shared with the thread that takes checkpoints.
    ///
    /// # Errors
    /// When there is none.
    fn checkpoints(&self) -> Result<&Checkpoints, Error> {
        let why = match self.past {
            None => "the app has no data directory; give it one with `App::data_dir`",
            Some(_) => "this app shows the past, of which no checkpoint is taken; ask the app itself",
        };
        self.checkpoints.as_deref().ok_or_else(|| Error::storage(StorageFault::Absent, why))
    }

    /// Takes a checkpoint now; gives the last epoch that it has.
    pub(crate) fn checkpoint(&self) -> Result<u64, Error> {
        let taken = self.checkpoints()?.ask(|| self.ingress.has_failed());
        taken.ok_or_else(|| self.ingress.ended())?
    }

    /// Takes a checkpoint now, and copies it to another place; gives the last epoch that it has.
    pub(crate) fn export(&self, url: &str) -> Result<u64, Error> {
        self.checkpoints()?.export(url.parse()?).ok_or_else(|| self.ingress.ended())?
    }

    /// Waits until everything that has a place in the order so far is durable: what was seen of it may be told.
    pub(crate) fn settled(&self) -> Result<(), Error> {
        let Some(LoggedEgress { durable, .. }) = &self.ingress.egress().logged else { return Ok(()) };
        let seen = self.ingress.open_epoch() - 1;
        let durable = durable.wait(seen, || self.ingress.has_failed());
        if durable { Ok(()) } else { Err(self.ingress.ended()) }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !is_worker() {
            // Whoever wanted to know how it ended has asked `stop`; a failure has been logged.
            let _ = self.stop();
            return;
        }
        self.checkpoints.iter().for_each(|checkpoints| checkpoints.give_up());
        self.ingress.close();
        let threads = self.threads.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(threads) = threads.take() {
            tracing::warn!(
                "the last handle of the app was dropped inside a transaction; it stops without waiting"
            );
            threads.leave();
        }
    }
}

/// Where panics end the process, a transaction that panics is not undone: the program is no more. Said once.
pub(crate) fn say_if_panics_abort() {
    static SAID: Once = Once::new();
    const TEXT: &str = "this program is compiled with `panic = \"abort\"`: the first panic in a method ends the process \
                        instead of undoing its transaction; compile it with `panic = \"unwind\"` to keep it running";
    if cfg!(panic = "abort") {
        SAID.call_once(|| {
            tracing::warn!("{TEXT}");
            if !tracing::dispatcher::has_been_set() {
                eprintln!("thalweg: {TEXT}");
            }
        });
    }
}
