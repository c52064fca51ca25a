//! Runs a script on the oracle and on the engine and compares what came out.

use crate::kind::{Kind, kinds};
use serde_json::Value;
use std::fmt::Debug;
use thalweg::graph::Program;
use thalweg::prelude::*;
use thalweg::simulation::Schedule;
use thalweg_log::testing::Power;

/// The numbers of workers every script runs at.
pub const WORKERS: [usize; 3] = [1, 2, 4];

/// And those it is simulated at, with the size of epochs, the seed of the schedule, and the number of groups. If the seed
/// is even, homes are drawn from it.
pub const SCHEDULES: [(usize, usize, u64, usize); 4] =
    [(2, 1, 1, 1), (2, 4, 2, 2), (3, 3, 6, 1), (4, 50, 4, 2)];

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

/// A reply that will be printed.
pub fn pending<T: Debug + 'static>(reply: Result<thalweg::Reply<T>, thalweg::Error>) -> Pending {
    Box::new(move || show(reply.and_then(thalweg::Reply::wait)))
}

/// What the engine makes of a script: with threads, once more with every transaction run more than once, and simulated.
/// Each call of the script is compiled once for all of them.
pub fn engines<'a>(
    app: &'a dyn Fn(App) -> App,
    submit: &'a dyn Fn(&Handle) -> Vec<Pending>,
) -> impl Iterator<Item = Run> + 'a {
    if std::env::var_os("THALWEG_PLANS").is_some() {
        print_plans(&app(App::new("corpus")).graph().expect("the program fits together"));
    }
    let threads = WORKERS.into_iter().map(|workers| (workers, App::new("corpus"), "")).chain([(
        1,
        thalweg::testing::app("corpus"),
        ", each transaction more than once",
    )]);
    let threads = threads.map(move |(workers, base, how)| {
        let handle = app(base).workers(workers).start().expect("the program starts");
        let replies = submit(&handle).into_iter().map(|reply| reply()).collect();
        let state = handle.inspect().expect("the state can be read");
        handle.stop().expect("the program stops");
        Run { side: format!("{workers} workers{how}"), replies, state }
    });
    let simulated = SCHEDULES.into_iter().map(move |(workers, epoch, seed, groups)| {
        let app = app(App::new("corpus")).workers(workers).groups(groups);
        let app = if seed % 2 == 0 { app.draw_homes(seed) } else { app };
        let mut simulation = app.simulate(Schedule { seed, epoch }).expect("the program fits together");
        let pending = submit(simulation.handle());
        simulation.run();
        let replies = pending.into_iter().map(|reply| reply()).collect();
        let state = simulation.inspect().expect("the state can be read");
        Run {
            side: format!(
                "{workers} simulated workers in {groups} groups, epochs up to {epoch}, seed {seed}"
            ),
            replies,
            state,
        }
    });
    threads.chain(simulated)
}

/// The same with a log, whose power is cut behind the last reply; and what comes of the log at other numbers of workers.
pub fn durable(app: &dyn Fn(App) -> App, submit: &dyn Fn(&Handle) -> Vec<Pending>) -> Vec<Run> {
    let disk = Power::new();
    let start = |disk: Power, workers: usize| {
        app(App::new("corpus")).workers(workers).data_on(disk).start().expect("the program starts")
    };
    let handle = start(disk.clone(), 2);
    let replies: Vec<String> = submit(&handle).into_iter().map(|reply| reply()).collect();
    if replies.iter().any(|reply| reply.starts_with("Err(NotLogged")) {
        return Vec::new(); // a generic method, called from outside
    }
    let state = handle.inspect().expect("the state can be read");
    disk.cut(7);
    let cut = disk.copy();
    drop(handle);
    let mut runs = vec![Run { side: "2 workers with a log".to_owned(), replies: replies.clone(), state }];
    for workers in [1, 3] {
        let handle = start(cut.copy(), workers);
        let state = handle.inspect().expect("the state can be read");
        handle.stop().expect("the program stops");
        runs.push(Run { side: format!("{workers} workers from the log"), replies: replies.clone(), state });
    }
    runs
}

/// Says of every method of a program that makes calls what its plan is, a line each.
fn print_plans(graph: &Program) {
    for (entity, method, kind) in kinds(graph) {
        let kind = match kind {
            Kind::Named => "static".to_owned(),
            Kind::Computed => "computed".to_owned(),
            Kind::Dynamic(reasons) => {
                format!("dynamic: {}", reasons.first().map_or("", |reason| &reason.text))
            }
        };
        println!("plan {entity}::{} {kind}", method.name);
    }
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
        script!(@run [$($entity),+] [$($call => $expect),+] None, true)
    };
    ([$($entity:ty),+] $($call:expr => $expect:expr),+ $(,)?; state $state:tt) => {
        script!(@run [$($entity),+] [$($call => $expect),+] Some(::serde_json::json!($state)), true)
    };
    // With arguments that are not what their bytes say: a log would make others of them.
    (in memory [$($entity:ty),+] $($call:expr => $expect:expr),+ $(,)?) => {
        script!(@run [$($entity),+] [$($call => $expect),+] None, false)
    };
    (in memory [$($entity:ty),+] $($call:expr => $expect:expr),+ $(,)?; state $state:tt) => {
        script!(@run [$($entity),+] [$($call => $expect),+] Some(::serde_json::json!($state)), false)
    };
    (@run [$($entity:ty),+] [$($call:expr => $expect:expr),+] $state:expr, $durable:expr) => {{
        let expected: Vec<(&str, &str)> = vec![$((stringify!($call), $expect)),+];
        let oracle = {
            #[allow(unused_mut, reason = "the script decides")]
            let mut oracle = ::thalweg::oracle::Oracle::new()$(.entity::<$entity>())+.seed(7).clock(|| 0);
            let replies = vec![$($crate::harness::show(oracle.call($call))),+];
            $crate::harness::Run { side: "oracle".to_owned(), replies, state: oracle.inspect() }
        };
        oracle.expect(&expected, $state);
        let app = |app: ::thalweg::prelude::App| app$(.entity::<$entity>())+.seed(7).clock(|| 0);
        let submit = |handle: &::thalweg::prelude::Handle| vec![$($crate::harness::pending(handle.submit($call))),+];
        $crate::harness::engines(&app, &submit).for_each(|run| run.agrees_with(&oracle, &expected));
        if $durable {
            $crate::harness::durable(&app, &submit).iter().for_each(|run| run.agrees_with(&oracle, &expected));
        }
    }};
}
