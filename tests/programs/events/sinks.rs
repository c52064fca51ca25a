//! Sinks that fail, and what waits for them meanwhile.
use super::{app, shelf, told};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use thalweg::Error;
use thalweg::sink::{Event, Memory, Positions, Sink, SinkError};

/// A sink that takes nothing while it is shut.
pub(super) struct Gate {
    shut: Arc<AtomicBool>,
    behind: Memory,
}

impl Gate {
    pub(super) fn new(shut: bool, behind: &Memory) -> Self {
        Self { shut: Arc::new(AtomicBool::new(shut)), behind: behind.clone() }
    }
}

impl Sink for Gate {
    fn open(&mut self, generation: u64) -> Result<Positions, SinkError> {
        self.behind.open(generation)
    }
    fn write(&mut self, events: &[Event<'_>]) -> Result<(), SinkError> {
        if self.shut.load(Ordering::SeqCst) {
            return Err(SinkError::Other("it is shut".into()));
        }
        self.behind.write(events)
    }
    fn commit(&mut self, next: &Positions) -> Result<(), SinkError> {
        self.behind.commit(next)
    }
}

#[test]
fn requests_wait_for_a_sink_that_takes_nothing_and_go_on_when_it_does() {
    for workers in [1, 2] {
        let memory = Memory::new();
        let gate = Gate::new(true, &memory);
        let shut = gate.shut.clone();
        let app = app(workers).queue(8).outbox(1_000).sink_of(["made", "sold"], gate);
        let app = app.start().expect("the app starts");
        let (mut waiting, mut refused) = (Vec::new(), None);
        for n in 0..1_000_000_u64 {
            match app.submit(shelf(n % 3).note(format!("{n}"))) {
                Ok(reply) => waiting.push(reply),
                Err(error) => {
                    refused = Some(error);
                    // Those before it may still be on their way to the outbox.
                    if app.counts().committed >= 5 {
                        break;
                    }
                }
            }
        }
        assert!(matches!(refused, Some(Error::Overloaded { .. })), "the queue is full");
        shut.store(false, Ordering::SeqCst);
        let answers = waiting.into_iter().map(|reply| reply.wait().expect("it is taken")).count();
        app.stop().expect("it stops");
        assert_eq!(told(&memory)["sold"].len(), answers);
    }
}

#[test]
fn an_app_in_memory_says_at_its_end_what_a_sink_has_not_taken() {
    let gate = Gate::new(true, &Memory::new());
    let app = app(2).sink_of(["made", "sold"], gate).start().expect("the app starts");
    app.call_blocking(shelf(1).note("x".into())).expect("it is taken");
    let ended = app.stop().expect_err("its events are lost");
    assert!(matches!(&ended, Error::Sink { what, .. } if what == "it is shut"), "{ended}");
}

#[test]
fn a_sink_that_panics_is_one_that_fails() {
    struct Bomb(Arc<(Mutex<u32>, Condvar)>, Memory);
    impl Sink for Bomb {
        fn open(&mut self, generation: u64) -> Result<Positions, SinkError> {
            self.1.open(generation)
        }
        fn write(&mut self, events: &[Event<'_>]) -> Result<(), SinkError> {
            let mut panics = self.0.0.lock().expect("nobody panics with it");
            *panics += 1;
            let panics_now = *panics < 3;
            drop(panics);
            self.0.1.notify_all();
            assert!(!panics_now, "on purpose");
            self.1.write(events)
        }
        fn commit(&mut self, next: &Positions) -> Result<(), SinkError> {
            self.1.commit(next)
        }
    }
    let (count, memory) = (Arc::<(Mutex<u32>, Condvar)>::default(), Memory::new());
    let bomb = Bomb(count.clone(), memory.clone());
    let app = app(1).sink_of(["made", "sold"], bomb).start().expect("the app starts");
    app.call_blocking(shelf(1).note("x".into())).expect("it is taken");
    let third = count.1.wait_while(count.0.lock().expect("nobody panics with it"), |tried| *tried < 3);
    drop(third.expect("nobody panics with it"));
    app.stop().expect("it stops");
    assert_eq!(told(&memory)["sold"], ["\"x\""]);
}
