//! Runs a script on the oracle and on the engine and compares what came out.

use serde_json::Value;
use std::fmt::Debug;

/// The numbers of workers every script runs at.
pub const WORKERS: [usize; 3] = [1, 2, 4];

/// And those it is simulated at, with the size of epochs and the seed of the schedule.
pub const SCHEDULES: [(usize, usize, u64); 4] = [(2, 1, 1), (2, 4, 2), (3, 3, 3), (4, 50, 4)];

/// A reply that was asked for and is not yet there.
pub type Pending = Box<dyn FnOnce() -> String>;

/// What one side made of a script.
pub struct Run {
    pub side: String,
    pub replies: Vec<String>,
    pub state: Value,
}

impl Run {
    /// Compares with the replies worked out by hand; `…` in an expected reply stands for any text.
    pub fn expect(&self, expected: &[(&str, &str)], state: Option<Value>) {
        assert_eq!(self.replies.len(), expected.len());
        for (n, (reply, (call, expected))) in self.replies.iter().zip(expected).enumerate() {
            assert!(
                fits(expected, reply),
                "{}: call {n}, {call}\n  expected {expected}\n  replied  {reply}",
                self.side
            );
        }
        if let Some(state) = state {
            assert_eq!(self.state, state, "{}: the final state", self.side);
        }
    }

    /// Compares byte for byte with what another side made of the same script.
    pub fn agrees_with(&self, other: &Run, calls: &[(&str, &str)]) {
        for (n, (a, b)) in self.replies.iter().zip(&other.replies).enumerate() {
            assert_eq!(a, b, "call {n}, {}: {} against {}", calls[n].0, self.side, other.side);
        }
        assert_eq!(
            self.state.to_string(),
            other.state.to_string(),
            "final state: {} against {}",
            self.side,
            other.side
        );
    }
}

/// The printed form of a reply.
pub fn show<T: Debug>(reply: Result<T, thalweg::Error>) -> String {
    format!("{reply:?}")
}

/// Whether `text` is `pattern`, where `…` stands for any text.
fn fits(pattern: &str, text: &str) -> bool {
    let mut pieces = pattern.split('…');
    let first = pieces.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    let mut pieces: Vec<&str> = pieces.collect();
    let Some(last) = pieces.pop() else {
        return rest.is_empty();
    };
    for piece in pieces {
        match rest.split_once(piece) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[test]
fn ellipsis_stands_for_any_text() {
    assert!(fits("Ok(1)", "Ok(1)") && !fits("Ok(1)", "Ok(12)"));
    assert!(fits("Ok…", "Ok(())") && fits("…", "") && fits("Err(…7…)", "Err(a7b)"));
    assert!(!fits("Err(…7…)", "Err(a8b)") && !fits("Ok…)", "Ok("));
}

/// `script!([roots] call => "reply", …)`, and if wanted `; state { json }` for the final state.
macro_rules! script {
    ([$($entity:ty),+] $($call:expr => $expect:expr),+ $(,)?) => {
        script!(@run [$($entity),+] [$($call => $expect),+] None)
    };
    ([$($entity:ty),+] $($call:expr => $expect:expr),+ $(,)?; state $state:tt) => {
        script!(@run [$($entity),+] [$($call => $expect),+] Some(::serde_json::json!($state)))
    };
    (@run [$($entity:ty),+] [$($call:expr => $expect:expr),+] $state:expr) => {{
        use $crate::harness::{Pending, Run, WORKERS, show};
        let expected: Vec<(&str, &str)> = vec![$((stringify!($call), $expect)),+];
        let oracle = {
            #[allow(unused_mut, reason = "the script decides")]
            let mut oracle = ::thalweg::oracle::Oracle::new()$(.entity::<$entity>())+.seed(7).clock(|| 0);
            let replies = vec![$(show(oracle.call($call))),+];
            Run { side: "oracle".to_owned(), replies, state: oracle.inspect() }
        };
        oracle.expect(&expected, $state);
        // Once with every transaction run more than once, too.
        for (workers, twice) in WORKERS.map(|workers| (workers, false)).into_iter().chain([(1, true)]) {
            let app = if twice { ::thalweg::testing::app("corpus") } else { ::thalweg::prelude::App::new("corpus") };
            let app = app
                $(.entity::<$entity>())+
                .workers(workers)
                .seed(7)
                .clock(|| 0)
                .start()
                .expect("the program starts");
            let pending: Vec<Pending> = vec![$({
                let reply = app.submit($call);
                Box::new(move || show(reply.and_then(|reply| reply.wait()))) as Pending
            }),+];
            let replies = pending.into_iter().map(|reply| reply()).collect();
            let state = app.inspect().expect("the state can be read");
            app.stop().expect("the program stops");
            let side = format!("{workers} workers{}", if twice { ", each transaction more than once" } else { "" });
            Run { side, replies, state }.agrees_with(&oracle, &expected);
        }
        for (workers, epoch, seed) in $crate::harness::SCHEDULES {
            let mut simulation = ::thalweg::prelude::App::new("corpus")
                $(.entity::<$entity>())+
                .workers(workers)
                .seed(7)
                .clock(|| 0)
                .simulate(::thalweg::simulation::Schedule { seed, epoch })
                .expect("the program fits together");
            let pending: Vec<Pending> = vec![$({
                let reply = simulation.handle().submit($call);
                Box::new(move || show(reply.and_then(|reply| reply.wait()))) as Pending
            }),+];
            simulation.run();
            let replies = pending.into_iter().map(|reply| reply()).collect();
            let state = simulation.inspect().expect("the state can be read");
            let side = format!("{workers} simulated workers, epochs up to {epoch}, seed {seed}");
            Run { side, replies, state }.agrees_with(&oracle, &expected);
        }
    }};
}
