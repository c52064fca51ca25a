//! What is said of one program: how its requests ended, how they got their tickets, and where it differs.
use super::{Program, requests, sides};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use thalweg::graph::AccessPlan;

/// How many schedules every program runs under, at each number of workers and each size of epochs; as many as
/// `THALWEG_RANDOM_SCHEDULES` says.
const SCHEDULES: u64 = 1;

/// What a batch writes of its programs.
#[derive(Serialize, Deserialize)]
pub enum Line {
    /// The program of that seed is next.
    Begins(u64),
    /// It was judged.
    Ends(Verdict),
}

/// What came of a program.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Verdict {
    /// The program.
    pub seed: u64,
    /// How many requests ended how.
    pub outcomes: BTreeMap<String, usize>,
    /// How its transactions got their tickets.
    pub ways: Ways,
    /// How many of its methods with calls have a static plan.
    pub fixed: usize,
    /// How many have a dynamic one.
    pub dynamic: usize,
    /// The first side that gave something else than the plain rendering, and what.
    pub difference: Option<String>,
}

/// How simulated transactions got their tickets.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Ways {
    /// From their plan.
    pub planned: u64,
    /// From a scout.
    pub scouted: u64,
    /// In the tail of their epoch.
    pub tail: u64,
    /// After they were undone.
    pub undone: u64,
}

impl Ways {
    /// Adds those of another program.
    pub fn add(&mut self, more: &Self) {
        self.planned += more.planned;
        self.scouted += more.scouted;
        self.tail += more.tail;
        self.undone += more.undone;
    }

    pub(super) fn count(&mut self, counts: &[thalweg::MethodCounts]) {
        for count in counts {
            let thalweg::MethodCounts { planned, scouted, tail, undone, .. } = *count;
            self.add(&Self { planned, scouted, tail, undone });
        }
    }
}

pub(super) fn judge(program: &Program) -> Verdict {
    let schedules = std::env::var("THALWEG_RANDOM_SCHEDULES").ok();
    let schedules = schedules.map_or(SCHEDULES, |text| text.parse().expect("a number of schedules"));
    let (requests, expected) = requests::draw(program);
    let mut ways = Ways::default();
    let difference = sides::all(program, schedules).into_iter().find_map(|side| {
        let difference = side.differs(program, &requests, &expected, &mut ways)?;
        Some(format!("{side:?}: {difference}"))
    });
    let (fixed, dynamic) = plans(program);
    Verdict { seed: program.seed, outcomes: outcomes(&expected.replies), ways, fixed, dynamic, difference }
}

/// How requests ended, by their replies.
fn outcomes(replies: &[String]) -> BTreeMap<String, usize> {
    let kinds = [
        ("Ok(Err(", "an Err at the root"),
        ("Ok(", "committed"),
        ("Err(Panicked", "panicked"),
        ("Err(Missing", "missing"),
        ("Err(AlreadyExists", "exists already"),
        ("Err(WrongKey", "another key"),
    ];
    let mut outcomes = BTreeMap::new();
    for reply in replies {
        let kind = kinds.iter().find(|(start, _)| reply.starts_with(start));
        let name = kind.map_or("another error", |(_, name)| name);
        *outcomes.entry(name.to_owned()).or_default() += 1;
    }
    outcomes
}

fn plans(program: &Program) -> (usize, usize) {
    let graph = (program.app)().graph().expect("a drawn program fits together");
    let calls = |plan: &&thalweg::graph::MethodPlan| {
        let method = graph.method(&plan.method.entity, &plan.method.method);
        method.is_some_and(|method| !method.sites.is_empty())
    };
    let fixed = |plan: &&thalweg::graph::MethodPlan| matches!(plan.plan, AccessPlan::Static(_));
    let (fixed, dynamic): (Vec<_>, Vec<_>) = graph.plans.iter().filter(calls).partition(fixed);
    (fixed.len(), dynamic.len())
}
