//! The one place that runs the engine: everything is submitted in order from one handle, then collected.
use crate::Request;
use serde_json::Value;
use std::fmt::Debug;
use thalweg::prelude::*;
use thalweg::{Error, Reply};

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
