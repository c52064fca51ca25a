//! The kit finds what is wrong with a sink.
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use thalweg_sink::testing::{self, Fault, Place};
use thalweg_sink::{Event, Memory, OwnedEvent, Positions, Result, Sink, SinkError};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mistake {
    None,
    VisibleAtOnce,
    KeepsUncommitted,
    ForgetsACommit,
    Twice,
    AdmitsAll,
    AdmitsCommits,
    AdmitsOpen,
    OneTopic,
    OldPositions,
    TakesGaps,
    LosesTheOrdinal,
    RoundsSizes,
    MixAfterAnError,
}

#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Kept>>);

#[derive(Default)]
struct Kept {
    events: Vec<OwnedEvent>,
    next: Positions,
    generation: u64,
    fault: Option<Fault>,
    left: Vec<OwnedEvent>,
}

/// A sink in memory that makes one mistake.
struct Wrong {
    shared: Shared,
    mistake: Mistake,
    generation: u64,
    open: bool,
    written: Vec<OwnedEvent>,
    expected: Positions,
}

struct Here(Shared, Mistake);

impl Place for Here {
    fn sink(&self) -> Box<dyn Sink> {
        let (shared, mistake) = (self.0.clone(), self.1);
        let expected = Positions::new();
        Box::new(Wrong { shared, mistake, generation: 0, open: false, written: vec![], expected })
    }
    fn committed(&self) -> Result<Vec<OwnedEvent>> {
        Ok(self.0.0.lock().unwrap().events.clone())
    }
    fn fail_commit(&self, fault: Fault) -> bool {
        self.0.0.lock().unwrap().fault = Some(fault);
        true
    }
}

impl Wrong {
    fn admit(&self, known: u64) -> Result<()> {
        let generation = self.generation;
        if known > generation { Err(SinkError::Shutout { generation, known }) } else { Ok(()) }
    }
}

impl Sink for Wrong {
    fn open(&mut self, generation: u64) -> Result<Positions> {
        let mut kept = self.shared.0.lock().unwrap();
        self.open = false;
        self.generation = generation;
        if self.mistake != Mistake::AdmitsOpen {
            self.admit(kept.generation)?;
        }
        kept.generation = generation;
        if self.mistake != Mistake::KeepsUncommitted {
            self.written.clear();
        }
        let left = std::mem::take(&mut kept.left);
        if self.mistake == Mistake::MixAfterAnError {
            kept.events.extend(left);
        }
        self.open = true;
        self.expected = kept.next.clone();
        Ok(kept.next.clone())
    }

    fn write(&mut self, events: &[Event<'_>]) -> Result<()> {
        let mut kept = self.shared.0.lock().unwrap();
        if !std::mem::take(&mut self.open) {
            return Err(SinkError::NotOpen);
        }
        if self.mistake != Mistake::AdmitsAll {
            self.admit(kept.generation)?;
        }
        for event in events {
            if self.mistake == Mistake::TakesGaps {
                self.expected.set(event.topic, event.offset + 1);
            } else {
                self.expected.advance(event)?;
            }
            let mut event = event.to_owned();
            match self.mistake {
                Mistake::LosesTheOrdinal => event.ordinal = 0,
                Mistake::RoundsSizes if event.body.len() > 1 << 20 => event.body = "0".into(),
                Mistake::VisibleAtOnce => kept.events.push(event.clone()),
                _ => {}
            }
            self.written.push(event);
        }
        self.open = true;
        Ok(())
    }

    fn commit(&mut self, next: &Positions) -> Result<()> {
        let mut kept = self.shared.0.lock().unwrap();
        if !std::mem::take(&mut self.open) {
            return Err(SinkError::NotOpen);
        }
        if !matches!(self.mistake, Mistake::AdmitsAll | Mistake::AdmitsCommits) {
            self.admit(kept.generation)?;
        }
        if let Some((topic, found)) = next.iter().find(|(topic, found)| self.expected.get(topic) != *found) {
            return Err(SinkError::Order { topic: topic.into(), expected: self.expected.get(topic), found });
        }
        if let Some((topic, expected)) = self.expected.iter().find(|(topic, n)| next.get(topic) != *n) {
            return Err(SinkError::Order { topic: topic.into(), expected, found: next.get(topic) });
        }
        let fault = if self.written.is_empty() { None } else { kept.fault.take() };
        if fault == Some(Fault::Within) {
            kept.left = self.written.drain(..1).collect();
        }
        if matches!(fault, Some(Fault::Before | Fault::Within)) {
            return Err(SinkError::Other("failed".into()));
        }
        let mut events = if self.mistake == Mistake::Twice {
            self.written.clone()
        } else {
            std::mem::take(&mut self.written)
        };
        match self.mistake {
            Mistake::ForgetsACommit if kept.events.len() > 5 => events.clear(),
            Mistake::OneTopic => events.retain(|event| event.topic != "b"),
            Mistake::VisibleAtOnce => events.clear(),
            _ => {}
        }
        kept.events.extend(events);
        if self.mistake != Mistake::OldPositions {
            kept.next = next.clone();
        }
        self.open = true;
        if fault.is_some() { Err(SinkError::Other("failed".into())) } else { Ok(()) }
    }
}

#[test]
fn each_mistake_is_found() {
    let all = [
        Mistake::VisibleAtOnce,
        Mistake::KeepsUncommitted,
        Mistake::ForgetsACommit,
        Mistake::Twice,
        Mistake::AdmitsAll,
        Mistake::AdmitsCommits,
        Mistake::AdmitsOpen,
        Mistake::OneTopic,
        Mistake::OldPositions,
        Mistake::TakesGaps,
        Mistake::LosesTheOrdinal,
        Mistake::RoundsSizes,
        Mistake::MixAfterAnError,
    ];
    let passes = |mistake| {
        let check = || testing::check(|| Here(Shared::default(), mistake));
        catch_unwind(AssertUnwindSafe(check)).is_ok()
    };
    assert!(passes(Mistake::None));
    let missed: Vec<_> = all.into_iter().filter(|&mistake| passes(mistake)).collect();
    assert!(missed.is_empty(), "the kit does not find {missed:?}");
    assert!(catch_unwind(|| testing::check(|| Blind(Memory::new()))).is_err());
}

/// A place that does not see what its sinks keep.
struct Blind(Memory);

impl Place for Blind {
    fn sink(&self) -> Box<dyn Sink> {
        Box::new(self.0.clone())
    }
    fn committed(&self) -> Result<Vec<OwnedEvent>> {
        Ok(Vec::new())
    }
}
