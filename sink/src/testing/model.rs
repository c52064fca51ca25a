//! What a sink must have, beside a sink.
use super::Place;
use super::draw::Draw;
use crate::{Event, OwnedEvent, Positions, Sink, SinkError};

/// The event at this offset: the same whenever it is asked for.
pub(crate) fn event(topic: &str, offset: u64) -> OwnedEvent {
    let mut draw =
        Draw::new(topic.bytes().fold(offset, |seed, byte| seed.wrapping_mul(257) ^ u64::from(byte)));
    let body = match draw.below(5) {
        0 => r#""""#.to_owned(),
        1 => format!(r#"{{"n":{},"end":{{"bytes":1,"crc32c":"00000000"}}}}"#, draw.any()),
        2 => format!("{:?}", "x".repeat(draw.below(200) as usize)),
        3 => format!(r#"["\u00e4\n","é\u2028",{}]"#, draw.below(9)),
        _ => draw.any().to_string(),
    };
    let (epoch, ordinal, now) = (1 + offset / 8, offset % 8, draw.any());
    OwnedEvent { topic: topic.to_owned(), offset, epoch, ordinal, now, body }
}

/// A sink that is open, and what it must have.
pub(crate) struct Model<'a, P> {
    pub(crate) place: &'a P,
    pub(crate) sink: Box<dyn Sink>,
    pub(crate) generation: u64,
    committed: Vec<OwnedEvent>,
    positions: Positions,
    written: Vec<OwnedEvent>,
    next: Positions,
    what: String,
}

/// A sink of a lower generation.
pub(crate) struct Old {
    sink: Box<dyn Sink>,
    generation: u64,
    /// The positions behind what it has written.
    next: Positions,
    /// It knows that it is shut out.
    told: bool,
}

impl Old {
    /// One that was never open.
    pub(crate) fn unopened(sink: Box<dyn Sink>, generation: u64) -> Self {
        Self { sink, generation, next: Positions::new(), told: true }
    }
}

impl<'a, P: Place> Model<'a, P> {
    /// Opens the first sink of a place.
    pub(crate) fn open(place: &'a P, what: impl Into<String>) -> Self {
        let mut model = Self {
            place,
            sink: place.sink(),
            generation: 1,
            committed: Vec::new(),
            positions: Positions::new(),
            written: Vec::new(),
            next: Positions::new(),
            what: what.into(),
        };
        model.reopen();
        model
    }

    /// Opens the same sink again.
    pub(crate) fn reopen(&mut self) {
        self.written.clear();
        let found = self.sink.open(self.generation);
        let found = found.unwrap_or_else(|error| panic!("{}: it does not open: {error}", self.what));
        assert_eq!(found, self.positions, "{}: positions after open", self.what);
        self.next = found;
        self.check();
    }

    /// Drops the sink, and opens another one.
    pub(crate) fn crash(&mut self) {
        self.sink = self.place.sink();
        self.reopen();
    }

    /// As [`crash`](Self::crash), with a higher generation; the sink of the lower one lives on.
    pub(crate) fn supersede(&mut self) -> Old {
        let sink = std::mem::replace(&mut self.sink, self.place.sink());
        let old = Old { sink, generation: self.generation, next: self.next.clone(), told: false };
        self.generation += 1;
        self.reopen();
        old
    }

    pub(crate) fn write(&mut self, events: Vec<OwnedEvent>) {
        let borrowed: Vec<Event<'_>> = events.iter().map(OwnedEvent::event).collect();
        self.sink
            .write(&borrowed)
            .unwrap_or_else(|error| panic!("{}: it does not write: {error}", self.what));
        for event in &borrowed {
            self.next.advance(event).expect("the model writes in order");
        }
        self.written.extend(events);
    }

    /// Writes the next events of these topics.
    pub(crate) fn write_to(&mut self, topics: &[&str]) {
        let mut next = self.next.clone();
        let mut take = |topic: &&str| {
            let event = event(topic, next.get(topic));
            next.set(topic, event.offset + 1);
            event
        };
        self.write(topics.iter().map(&mut take).collect());
    }

    pub(crate) fn commit(&mut self) {
        self.sink.commit(&self.next).unwrap_or_else(|error| panic!("{}: no commit: {error}", self.what));
        self.is_committed();
        self.check();
    }

    fn is_committed(&mut self) {
        self.committed.append(&mut self.written);
        self.positions.clone_from(&self.next);
    }

    /// A commit returns an error. Then all of it is there, or nothing.
    pub(crate) fn fail(&mut self) {
        let failed = self.sink.commit(&self.next);
        assert!(failed.is_err(), "{}: the commit was to fail", self.what);
        self.sink = self.place.sink();
        let found = self.sink.open(self.generation);
        let found = found.unwrap_or_else(|error| panic!("{}: it does not open again: {error}", self.what));
        if found == self.next {
            self.is_committed();
        }
        self.reopen();
    }

    /// A sink that was shut out refuses everything, and changes nothing. Of two kinds of calls, one comes first.
    pub(crate) fn is_shut_out(&self, old: &mut Old, write_first: bool) {
        let event = event("a", old.next.get("a"));
        let mut beyond = old.next.clone();
        beyond.set("a", event.offset + 1);
        let mut calls = ["write", "commit", "commit again", "commit beyond", "open"];
        if !write_first {
            calls.swap(0, 1);
        }
        for (n, call) in calls.into_iter().enumerate() {
            let answer = match call {
                "write" => old.sink.write(&[event.event()]),
                "commit" => old.sink.commit(&old.next),
                "commit again" => old.sink.commit(&self.positions),
                "commit beyond" => old.sink.commit(&beyond),
                _ => old.sink.open(old.generation).map(drop),
            };
            match answer {
                Ok(()) => panic!("{}: {call} of a lower generation is let in", self.what),
                Err(SinkError::Shutout { generation, known }) => {
                    assert_eq!(
                        (generation, known),
                        (old.generation, self.generation),
                        "{}: {call}",
                        self.what
                    );
                }
                Err(error) => {
                    let known = call == "open" || (n == 0 && !old.told);
                    assert!(!known, "{}: {call} of a lower generation: {error}", self.what);
                }
            }
            self.check();
        }
        old.told = true;
    }

    /// What is committed is right, and nothing else is there.
    pub(crate) fn check(&self) {
        let found = self.place.committed();
        let mut found = found.unwrap_or_else(|error| panic!("{}: it cannot be read: {error}", self.what));
        let mut committed = self.committed.clone();
        // The order between topics is the sink's business.
        found.sort_by(|one, two| one.topic.cmp(&two.topic));
        committed.sort_by(|one, two| one.topic.cmp(&two.topic));
        let same = found.iter().zip(&committed).take_while(|(one, two)| one == two).count();
        let (has, must) = (found.get(same), committed.get(same));
        let counts = (found.len(), committed.len());
        assert!(
            has.is_none() && must.is_none(),
            "{}: {counts:?} events; at {same} there is {:?}, and must be {:?}",
            self.what,
            has.map(|event| (&event.topic, event.offset)),
            must.map(|event| (&event.topic, event.offset))
        );
    }

    /// The next offset of a topic, with what is not yet committed.
    pub(crate) fn next(&self, topic: &str) -> u64 {
        self.next.get(topic)
    }

    /// What was committed.
    pub(crate) fn positions(&self) -> &Positions {
        &self.positions
    }
}
