//! A sink in memory, for tests.
use crate::positions::following;
use crate::testing::Fault;
use crate::{Event, OwnedEvent, Positions, Sink, SinkError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A sink that keeps its events in memory. All clones have the same events, and each is opened for itself.
///
/// ```
/// use thalweg_sink::{Event, Memory, Sink};
///
/// let memory = Memory::new();
/// let mut sink = memory.clone(); // this one is given to the engine
/// let mut next = sink.open(1)?;
/// let event = Event { topic: "t", offset: 0, epoch: 1, ordinal: 0, now: 0, body: "true" };
/// sink.write(&[event])?;
/// assert!(memory.events().is_empty());
/// next.advance(&event)?;
/// sink.commit(&next)?;
/// assert_eq!(memory.events(), [event.to_owned()]);
/// # Ok::<(), thalweg_sink::SinkError>(())
/// ```
#[derive(Debug, Default)]
pub struct Memory {
    shared: Arc<Mutex<Shared>>,
    open: Option<Open>,
}

#[derive(Debug, Default)]
struct Shared {
    generation: Option<u64>,
    events: Vec<OwnedEvent>,
    next: Positions,
    fault: Option<Fault>,
}

#[derive(Debug)]
struct Open {
    generation: u64,
    written: Vec<OwnedEvent>,
    moved: Positions,
}

impl Memory {
    /// Without events.
    pub fn new() -> Self {
        Self::default()
    }
    /// All committed events, in the order in which they were written.
    pub fn events(&self) -> Vec<OwnedEvent> {
        self.shared().events.clone()
    }
    /// The next offset of each topic.
    pub fn positions(&self) -> Positions {
        self.shared().next.clone()
    }
    /// The highest generation that has opened it.
    pub fn generation(&self) -> Option<u64> {
        self.shared().generation
    }
    /// The next commit that has something to do fails.
    pub fn fail_commit(&self, fault: Fault) {
        self.shared().fault = Some(fault);
    }
    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clone for Memory {
    fn clone(&self) -> Self {
        Self { shared: self.shared.clone(), open: None }
    }
}

impl Shared {
    fn admit(&self, generation: u64) -> Result<(), SinkError> {
        match self.generation {
            Some(known) if known > generation => Err(SinkError::Shutout { generation, known }),
            _ => Ok(()),
        }
    }
}

impl Sink for Memory {
    fn open(&mut self, generation: u64) -> Result<Positions, SinkError> {
        self.open = None;
        let next = {
            let mut shared = self.shared();
            shared.admit(generation)?;
            shared.generation = Some(generation);
            shared.next.clone()
        };
        self.open = Some(Open { generation, written: Vec::new(), moved: Positions::new() });
        Ok(next)
    }

    fn write(&mut self, events: &[Event<'_>]) -> Result<(), SinkError> {
        let mut open = self.open.take().ok_or(SinkError::NotOpen)?;
        {
            let shared = self.shared();
            shared.admit(open.generation)?;
            for event in events {
                let expected = open.moved.get(event.topic).max(shared.next.get(event.topic));
                open.moved.set(event.topic, following(event.topic, expected, event.offset)?);
                open.written.push(event.to_owned());
            }
        }
        self.open = Some(open);
        Ok(())
    }

    fn commit(&mut self, next: &Positions) -> Result<(), SinkError> {
        let mut open = self.open.take().ok_or(SinkError::NotOpen)?;
        {
            let mut shared = self.shared();
            shared.admit(open.generation)?;
            shared.next.verify(&open.moved, next)?;
            let fault = if open.written.is_empty() { None } else { shared.fault.take() };
            let failed = || SinkError::Other("the commit was made to fail".into());
            if matches!(fault, Some(Fault::Before | Fault::Within)) {
                return Err(failed());
            }
            shared.events.append(&mut open.written);
            shared.next.take(&mut open.moved);
            if fault.is_some() {
                return Err(failed());
            }
        }
        self.open = Some(open);
        Ok(())
    }
}
