//! The one place that runs the engine: everything is submitted in order from one handle, then collected.
use super::Request;
use crate::draw::numbers::Numbers;
use serde_json::Value;
use std::fmt::Debug;
use thalweg::prelude::*;
use thalweg::simulation::Schedule;
use thalweg::sink::Memory;
use thalweg::{Error, MethodCounts, Reply};
use thalweg_checkpoint::Location;
use thalweg_log::testing::Power;

/// A reply that was asked for and is not yet there.
pub type Pending = Box<dyn FnOnce() -> String>;
/// Makes the call of a request.
pub type Submit = fn(&Handle, &Request) -> Pending;

/// What one side made of the requests.
pub struct Run {
    /// The replies, in the order of the requests.
    pub replies: Vec<String>,
    /// All entities at the end.
    pub state: Value,
    /// What was emitted, in order.
    pub events: Vec<String>,
}

/// The topic of all drawn events.
pub const TOPIC: &str = "drawn";

fn bodies(memory: &Memory) -> Vec<String> {
    memory.events().into_iter().map(|event| event.body).collect()
}

/// With threads.
pub fn run(app: App, submit: Submit, requests: &[Request]) -> Run {
    let memory = Memory::new();
    let handle = app.sink(TOPIC, memory.clone()).start().expect("the program starts");
    let pending: Vec<_> = requests.iter().map(|request| submit(&handle, request)).collect();
    let replies = pending.into_iter().map(|reply| reply()).collect();
    let state = handle.inspect().expect("the state can be read");
    handle.stop().expect("the program stops");
    Run { replies, state, events: bodies(&memory) }
}

/// With a log: a checkpoint is taken while the second half of the requests runs, the power is cut behind the last reply, and
/// what is there after a restart with another number of workers counts. `None` if a root has no name in a log, for it is
/// generic.
pub fn durable(
    app: fn() -> App,
    submit: Submit,
    requests: &[Request],
    (workers, again): (usize, usize),
    seed: u64,
) -> Option<Run> {
    let (disk, store, memory) = (Power::new(), Location::memory(), Memory::new());
    let start = |workers: usize| {
        let app = app().workers(workers).data_on(disk.clone()).checkpoints_on(store.clone());
        app.sink(TOPIC, memory.clone()).start().expect("the program starts")
    };
    let handle = start(workers);
    let (first, second) = requests.split_at(requests.len() / 2);
    let ask =
        |requests: &[Request]| requests.iter().map(|request| submit(&handle, request)).collect::<Vec<_>>();
    let first = ask(first);
    let (second, taken) = std::thread::scope(|scope| {
        let taken = scope.spawn(|| handle.checkpoint());
        (ask(second), taken.join().expect("a checkpoint is no panic"))
    });
    taken.expect("nothing stands in the way of a checkpoint");
    let replies: Vec<String> = first.into_iter().chain(second).map(|reply| reply()).collect();
    if replies.iter().any(|reply| reply.starts_with("Err(NotLogged")) {
        return None;
    }
    disk.cut(seed);
    drop(handle);
    let handle = start(again);
    let state = handle.inspect().expect("the state can be read");
    handle.stop().expect("the program stops");
    Some(Run { replies, state, events: bodies(&memory) })
}

/// The same under a drawn schedule of workers and messages, and with epochs of drawn sizes. When there are several
/// handles, each request goes by a drawn one; also gives the order of the requests that the engine made of it.
pub fn simulate(
    app: App,
    submit: Submit,
    requests: &[Request],
    handles: usize,
    schedule: Schedule,
) -> (Run, Vec<usize>, Vec<MethodCounts>) {
    let memory = Memory::new();
    let mut simulation =
        app.sink(TOPIC, memory.clone()).simulate(schedule).expect("the program fits together");
    let clones: Vec<_> = (1..handles).map(|_| simulation.handle().clone()).collect();
    let handles: Vec<_> = std::iter::once(simulation.handle()).chain(&clones).collect();
    let mut numbers = Numbers(schedule.seed);
    let mut sent: Vec<Vec<usize>> = handles.iter().map(|_| Vec::new()).collect();
    let mut pending = Vec::new();
    for (number, request) in requests.iter().enumerate() {
        let by = numbers.below(handles.len());
        sent[by].push(number);
        pending.push(submit(handles[by], request));
    }
    simulation.run();
    let replies = pending.into_iter().map(|reply| reply()).collect();
    let number = |id: usize, handle: u64| sent[handle as usize][id];
    let order =
        simulation.order().map(|id| number(usize::try_from(id.number).expect("few requests"), id.handle));
    let order = order.collect();
    let state = simulation.inspect().expect("the state can be read");
    let counts = simulation.handle().method_counts();
    // The last handle that goes waits for the sink.
    drop((clones, simulation));
    (Run { replies, state, events: bodies(&memory) }, order, counts)
}

/// A reply as text.
pub fn pending<T: Debug + 'static>(reply: Result<Reply<T>, Error>) -> Pending {
    Box::new(move || format!("{:?}", reply.and_then(Reply::wait)))
}

/// The calls of a program's roots, submitted to the engine and to the oracle.
#[macro_export]
macro_rules! sides {
    ($($root:literal => |$q:ident| $call:expr,)+) => {
        fn submit(handle: &$crate::Handle, request: &$crate::judge::Request) -> $crate::judge::engine::Pending {
            match request.root {
                $($root => { let $q = request; $crate::judge::engine::pending(handle.submit($call)) })+
                _ => unreachable!(),
            }
        }
        fn oracle(oracle: &mut $crate::oracle::Oracle, request: &$crate::judge::Request) -> String {
            match request.root {
                $($root => { let $q = request; format!("{:?}", oracle.call($call)) })+
                _ => unreachable!(),
            }
        }
    };
}
