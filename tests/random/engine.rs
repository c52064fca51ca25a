//! The one place that runs the engine: everything is submitted in order from one handle, then collected.
use crate::Request;
use serde_json::Value;
use std::fmt::Debug;
use thalweg::prelude::*;
use thalweg::simulation::Schedule;
use thalweg::{Error, MethodCounts, Reply};

/// A reply that was asked for and is not yet there.
pub type Pending = Box<dyn FnOnce() -> String>;
/// Makes the call of a request.
pub type Submit = fn(&Handle, &Request) -> Pending;

/// What one side made of the requests.
pub struct Run {
    pub replies: Vec<String>,
    pub state: Value,
}

pub fn run(app: App, submit: Submit, requests: &[Request]) -> Run {
    let handle = app.start().expect("the program starts");
    let pending: Vec<_> = requests.iter().map(|request| submit(&handle, request)).collect();
    let replies = pending.into_iter().map(|reply| reply()).collect();
    let state = handle.inspect().expect("the state can be read");
    handle.stop().expect("the program stops");
    Run { replies, state }
}

/// The same under a drawn schedule of workers and messages, and with epochs of drawn sizes up to `epoch`.
pub fn simulate(
    app: App,
    submit: Submit,
    requests: &[Request],
    schedule: Schedule,
) -> (Run, Vec<MethodCounts>) {
    let mut simulation = app.simulate(schedule).expect("the program fits together");
    let pending: Vec<_> = requests.iter().map(|request| submit(simulation.handle(), request)).collect();
    simulation.run();
    let replies = pending.into_iter().map(|reply| reply()).collect();
    let state = simulation.inspect().expect("the state can be read");
    (Run { replies, state }, simulation.handle().method_counts())
}

pub fn pending<T: Debug + 'static>(reply: Result<Reply<T>, Error>) -> Pending {
    Box::new(move || format!("{:?}", reply.and_then(Reply::wait)))
}

/// The calls of a program's roots, submitted to the engine and to the oracle.
#[macro_export]
macro_rules! sides {
    ($($root:literal => |$q:ident| $call:expr,)+) => {
        fn submit(handle: &thalweg::prelude::Handle, request: &$crate::Request) -> $crate::engine::Pending {
            match request.root {
                $($root => { let $q = request; $crate::engine::pending(handle.submit($call)) })+
                _ => unreachable!(),
            }
        }
        fn oracle(oracle: &mut thalweg::oracle::Oracle, request: &$crate::Request) -> String {
            match request.root {
                $($root => { let $q = request; format!("{:?}", oracle.call($call)) })+
                _ => unreachable!(),
            }
        }
    };
}
