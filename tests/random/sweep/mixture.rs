//! What was drawn must be worth running: every form occurs, and requests end in every way.
use super::{Fate, Report};
use crate::draw::FORMS;
use crate::judge::{Verdict, Ways};
use std::collections::BTreeMap;

/// With fewer programs than this, chance decides too much.
const ENOUGH: usize = 100;

/// In how many of that many programs each form has to occur, so that a mistake in it is noticed.
const EVERY_FORM: usize = 2;

/// Panics when the programs of a sweep are not worth running.
pub fn is_good(report: &Report) {
    let verdicts = report.entries.iter().filter_map(|entry| match &entry.fate {
        Fate::Ran(verdict) => Some(verdict),
        _ => None,
    });
    let verdicts: Vec<&Verdict> = verdicts.collect();
    if verdicts.len() < ENOUGH {
        return;
    }
    requests_end_in_every_way(&verdicts);
    plans_are_of_both_kinds(&verdicts);
    tickets_come_in_every_way(&verdicts);
    every_form_is_drawn(report);
}

fn requests_end_in_every_way(verdicts: &[&Verdict]) {
    let mut outcomes: BTreeMap<&str, usize> = BTreeMap::new();
    for (name, count) in verdicts.iter().flat_map(|verdict| &verdict.outcomes) {
        *outcomes.entry(name).or_default() += count;
    }
    let all: usize = outcomes.values().sum();
    println!("{} programs, {all} requests: {outcomes:?}", verdicts.len());
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

fn plans_are_of_both_kinds(verdicts: &[&Verdict]) {
    let fixed: usize = verdicts.iter().map(|verdict| verdict.fixed).sum();
    let dynamic: usize = verdicts.iter().map(|verdict| verdict.dynamic).sum();
    println!("methods with calls: {fixed} static, {dynamic} dynamic");
    assert!(
        fixed * 10 >= fixed + dynamic && dynamic * 5 >= fixed + dynamic,
        "{fixed} static, {dynamic} dynamic"
    );
}

fn tickets_come_in_every_way(verdicts: &[&Verdict]) {
    let mut ways = Ways::default();
    verdicts.iter().for_each(|verdict| ways.add(&verdict.ways));
    println!("{ways:?}");
    let Ways { planned, scouted, tail, undone } = ways;
    assert!(planned > 1_000 && scouted > 1_000, "{planned} planned and {scouted} scouted are not a mixture");
    assert!(tail > 100 && undone > 100, "{tail} in a tail and {undone} undone are too few");
}

fn every_form_is_drawn(report: &Report) {
    let forms = report.forms();
    let rare = FORMS.iter().filter(|form| crate::draw::may(form) && forms[*form].1 < EVERY_FORM);
    let rare: Vec<_> = rare.collect();
    assert!(rare.is_empty(), "drawn in fewer than {EVERY_FORM} programs: {rare:?}");
}
