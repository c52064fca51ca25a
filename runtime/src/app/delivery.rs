//! The threads that hand events to sinks, one for each sink.
//!
//! A sink that fails is opened again, later and later; meanwhile its events wait in the outbox. Nothing is skipped.
use crate::base::error::{Error, Result};
use crate::base::guard::survived;
use crate::egress::outbox::Outbox;
use crate::request::ingress::Ingress;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;
use thalweg_sink::{Event, Positions, Sink, SinkError};

/// So many bytes of events are committed together, at most.
const BATCH: usize = 4 << 20;

/// What a sink is for, and the way to it.
pub(crate) struct SinkOf {
    pub(crate) topics: Vec<String>,
    pub(crate) sink: Box<dyn Sink>,
}

/// One sink and its thread's place in the outbox.
pub(super) struct Delivery {
    ingress: Arc<Ingress>,
    number: usize,
    topics: String,
    sink: Box<dyn Sink>,
    /// Grows with each time that it is opened, over all runs.
    generation: u64,
    positions: Positions,
}

fn outbox(ingress: &Ingress) -> &Outbox {
    let outbox = ingress.egress().outbox.as_ref();
    outbox.unwrap_or_else(|| unreachable!("an app with sinks has an outbox"))
}

/// So many times may a sink be opened in a run.
const OPENED: u32 = 24;

impl Delivery {
    /// Opens a sink.
    ///
    /// # Errors
    /// When it cannot be opened, or does not fit what the app has emitted.
    pub(super) fn open(ingress: Arc<Ingress>, number: usize, sink: SinkOf, run: u64) -> Result<Self> {
        let SinkOf { topics, sink } = sink;
        let topics = topics.iter().map(|topic| format!("`{topic}`")).collect::<Vec<_>>().join(", ");
        let generation = (run + 1) << OPENED;
        let mut delivery = Self { ingress, number, topics, sink, generation, positions: Positions::new() };
        delivery.open_again()?;
        Ok(delivery)
    }

    /// Starts its thread.
    ///
    /// # Errors
    /// When there is none to be had.
    pub(super) fn spawn(self) -> Result<JoinHandle<Result<()>>> {
        let thread = std::thread::Builder::new().name("thalweg-sink".to_owned());
        thread
            .spawn(move || self.run())
            .map_err(|error| Error::Start(format!("no thread for a sink: {error}")))
    }

    /// What a sink does is user code.
    fn caught<T>(&mut self, run: impl FnOnce(&mut dyn Sink) -> Result<T, SinkError>) -> Result<T> {
        let done = survived(|| run(&mut *self.sink));
        let done = done.map_err(|panic| format!("it panicked: {panic}"));
        let done = done.and_then(|done| done.map_err(|error| error.to_string()));
        done.map_err(|what| Error::Sink { topics: self.topics.clone(), what })
    }

    fn open_again(&mut self) -> Result<()> {
        let generation = self.generation;
        self.generation += 1;
        self.positions = self.caught(|sink| sink.open(generation))?;
        if outbox(&self.ingress).accept(self.number, &self.positions)? {
            self.ingress.ring_all();
        }
        Ok(())
    }

    /// Hands over some events, if there are any; whether there were.
    fn hand_over(&mut self) -> Result<bool> {
        let ingress = self.ingress.clone();
        let durable = || ingress.egress().leaves_up_to();
        let batch = outbox(&ingress).batch(self.number, BATCH, durable, || ingress.has_failed());
        if batch.is_empty() {
            return Ok(false);
        }
        let events: Vec<Event<'_>> = batch.iter().map(|event| event.event()).collect();
        let mut next = self.positions.clone();
        for event in &events {
            next.advance(event).map_err(|error| Error::internal(&error.to_string()))?;
        }
        self.caught(|sink| {
            sink.write(&events)?;
            sink.commit(&next)
        })?;
        if outbox(&ingress).committed(self.number, batch.len()) {
            ingress.ring_all();
        }
        self.positions = next;
        Ok(true)
    }

    fn run(mut self) -> Result<()> {
        const FIRST: Duration = Duration::from_millis(50);
        const LONGEST: Duration = Duration::from_secs(10);
        let (mut again, mut pause) = (None, FIRST);
        loop {
            let done = match again.take() {
                None => self.hand_over(),
                Some(()) => self.open_again().and_then(|()| self.hand_over()),
            };
            match done {
                Ok(true) => pause = FIRST,
                Ok(false) => return Ok(()),
                Err(error) if self.ingress.has_failed() => return Err(error),
                Err(error) => {
                    let outbox = outbox(&self.ingress);
                    if outbox.is_ending() {
                        let left = outbox.waiting(self.number);
                        tracing::error!(%error, left, "events stay in the outbox");
                        return Err(error);
                    }
                    tracing::warn!(%error, ?pause, "a sink has failed; it is opened again after a pause");
                    outbox.pause(pause);
                    (again, pause) = (Some(()), (pause * 2).min(LONGEST));
                }
            }
        }
    }
}
