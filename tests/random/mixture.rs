//! What was drawn must be worth running: every feature occurs, and requests end in every way.
use crate::programs::{FEATURES, PROGRAMS};
use std::collections::{BTreeMap, BTreeSet};
use thalweg::graph::AccessPlan;

/// With fewer programs than this, chance decides too much.
const ENOUGH: usize = 100;

/// How a request ended, by its reply.
pub fn count(replies: &[String], outcomes: &mut BTreeMap<&'static str, usize>) {
    let kinds = [
        ("Ok(Err(", "an Err at the root"),
        ("Ok(", "committed"),
        ("Err(Panicked", "panicked"),
        ("Err(Missing", "missing"),
        ("Err(AlreadyExists", "exists already"),
    ];
    for reply in replies {
        let kind = kinds.iter().find(|(start, _)| reply.starts_with(start));
        *outcomes.entry(kind.map_or("another error", |(_, name)| name)).or_default() += 1;
    }
}

pub fn is_good(outcomes: &BTreeMap<&'static str, usize>) {
    let all: usize = outcomes.values().sum();
    println!("{} programs, {all} requests: {outcomes:?}", PROGRAMS.len());
    if PROGRAMS.len() < ENOUGH {
        return;
    }
    let per_mille = |name: &str| outcomes.get(name).copied().unwrap_or_default() * 1_000 / all;
    assert!(per_mille("committed") >= 400, "{outcomes:?}");
    for name in ["an Err at the root", "panicked", "missing"] {
        assert!(per_mille(name) >= 5, "too few requests end with: {name}; {outcomes:?}");
    }
    assert!(
        outcomes.contains_key("exists already") && !outcomes.contains_key("another error"),
        "{outcomes:?}"
    );
}

#[test]
fn every_feature_is_drawn() {
    let drawn: BTreeSet<_> = PROGRAMS.iter().flat_map(|program| program.features).copied().collect();
    let missing: Vec<_> = FEATURES.iter().filter(|feature| !drawn.contains(*feature)).collect();
    assert!(missing.is_empty() || PROGRAMS.len() < ENOUGH, "not drawn: {missing:?}");
}

#[test]
fn plans_of_both_kinds_are_drawn() {
    let (mut fixed, mut dynamic) = (0, 0);
    for program in PROGRAMS {
        let graph = (program.app)().graph().expect("a drawn program fits together");
        for plan in &graph.plans {
            let calls = graph.method(&plan.method.entity, &plan.method.method);
            match &plan.plan {
                _ if calls.is_none_or(|method| method.sites.is_empty()) => {}
                AccessPlan::Static(_) => fixed += 1,
                AccessPlan::Dynamic(_) => dynamic += 1,
            }
        }
    }
    println!("methods with calls: {fixed} static, {dynamic} dynamic");
    if PROGRAMS.len() >= ENOUGH {
        assert!(
            fixed * 10 >= fixed + dynamic && dynamic * 5 >= fixed + dynamic,
            "{fixed} static, {dynamic} dynamic"
        );
    }
}

/// How the simulated transactions got their tickets.
#[derive(Default)]
pub struct Ways {
    planned: u64,
    scouted: u64,
    tail: u64,
    undone: u64,
}

impl Ways {
    pub fn add(&mut self, counts: &[thalweg::MethodCounts]) {
        for count in counts {
            self.planned += count.planned;
            self.scouted += count.scouted;
            self.tail += count.tail;
            self.undone += count.undone;
        }
    }

    /// Every way was taken often.
    pub fn are_good(&self) {
        let Self { planned, scouted, tail, undone } = *self;
        println!("tickets: {planned} planned, {scouted} scouted, {tail} in a tail, {undone} undone");
        assert!(
            planned > 1_000 && scouted > 1_000,
            "{planned} planned and {scouted} scouted are not a mixture"
        );
        assert!(tail > 100 && undone > 100, "{tail} in a tail and {undone} undone are too few");
    }
}
