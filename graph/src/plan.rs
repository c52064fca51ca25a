//! The whole-program analysis: which entities a transaction can touch, in terms of what its root call names.
//!
//! Every method has a summary over its own `self` and parameters. A call site adds the summary of its callee with
//! the receiver put in place of the callee's `self` and the arguments in place of its parameters. Summaries only
//! grow and are finite, so the strongly connected components of the call graph, callees first, reach a fixpoint.
//!
//! The analysis is sound, not complete: what it does not see makes a plan dynamic, never too small.
use crate::{
    Access, AccessPlan, BUILT_IN, CallFact, Callee, Entity, Method, MethodPlan, Origin, PlannedAccess,
    Reason, Site, SiteKind, Source,
};
use petgraph::{algo::tarjan_scc, graph::DiGraph, graph::NodeIndex};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// All calls from one method to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CallEdge {
    /// The calling method.
    pub from: Callee,
    /// The called method; it may be built in.
    pub to: Callee,
    /// The lines of the calls, sorted, counted from 1.
    pub lines: Vec<u32>,
    /// How the calls are made, in the order of the first use of each.
    pub kinds: Vec<SiteKind>,
    /// Why the call reaches entities that the caller's arguments do not name, as far as it is the doing of this
    /// call and not of one further down; empty when the call is static.
    pub reasons: Vec<Reason>,
}

/// The calls of linked entities, one edge for each pair of methods, in the order of the callers and of the first
/// call.
#[must_use]
pub fn calls(entities: &[Entity]) -> Vec<CallEdge> {
    let callers = Callers::new(entities);
    let summaries = callers.fixpoint();
    let mut edges = Vec::new();
    for caller in &callers.all {
        let mut own: Vec<CallEdge> = Vec::new();
        for site in &caller.method.sites {
            for (at, to) in site.callees.iter().enumerate() {
                let reached = callers.reached(to, &summaries);
                let mut effect = Summary::default();
                caller.substitute(site, at, &callers, &reached, &mut effect);
                let known = own.iter().position(|edge| edge.to == *to).unwrap_or_else(|| {
                    own.push(caller.edge(to));
                    own.len() - 1
                });
                add_call(&mut own[known], site, effect.reasons);
            }
        }
        edges.append(&mut own);
    }
    edges
}

fn add_call(edge: &mut CallEdge, site: &Site, reasons: BTreeSet<Reason>) {
    edge.lines.push(site.line);
    edge.lines.sort_unstable();
    edge.lines.dedup();
    if !edge.kinds.contains(&site.kind) {
        edge.kinds.push(site.kind);
    }
    edge.reasons.extend(reasons);
    edge.reasons.sort();
    edge.reasons.dedup();
}

/// The access plan of every method, in the order of entities and methods.
pub(crate) fn plans(entities: &[Entity]) -> Vec<MethodPlan> {
    let callers = Callers::new(entities);
    let summaries = callers.fixpoint();
    callers
        .all
        .iter()
        .zip(summaries)
        .map(|(caller, summary)| MethodPlan { method: caller.name(), plan: summary.into() })
        .collect()
}

/// With whether it relies on names.
type Reached = BTreeMap<(String, Source), (Access, bool)>;

/// What a method reaches, as far as it is known yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Summary {
    reached: Reached,
    reasons: BTreeSet<Reason>,
}

impl Summary {
    fn reach(&mut self, entity: &str, source: Source, (access, presumed): (Access, bool)) {
        let known = self.reached.entry((entity.to_owned(), source)).or_insert((access, presumed));
        *known = (access.max(known.0), presumed | known.1);
    }
}

impl From<Summary> for AccessPlan {
    fn from(summary: Summary) -> Self {
        if !summary.reasons.is_empty() {
            return AccessPlan::Dynamic(summary.reasons.into_iter().collect());
        }
        let entries = summary.reached.into_iter();
        AccessPlan::Static(
            entries
                .map(|((entity, source), (access, presumed))| PlannedAccess {
                    entity,
                    source,
                    access,
                    presumed,
                })
                .collect(),
        )
    }
}

/// A method with its entity.
#[derive(Clone, Copy)]
struct Caller<'a> {
    entity: &'a Entity,
    method: &'a Method,
}

/// All methods, with their places by name.
struct Callers<'a> {
    all: Vec<Caller<'a>>,
    places: BTreeMap<(&'a str, &'a str), usize>,
}

impl<'a> Callers<'a> {
    fn new(entities: &'a [Entity]) -> Self {
        let methods = |entity: &'a Entity| entity.methods.iter().map(move |method| Caller { entity, method });
        let all: Vec<_> = entities.iter().flat_map(methods).collect();
        let name = |caller: &Caller<'a>| (caller.entity.name.as_str(), caller.method.name.as_str());
        let places = all.iter().enumerate().map(|(at, caller)| (name(caller), at)).collect();
        Callers { all, places }
    }

    fn place(&self, callee: &Callee) -> Option<usize> {
        self.places.get(&(callee.entity.as_str(), callee.method.as_str())).copied()
    }

    fn fixpoint(&self) -> Vec<Summary> {
        let mut graph = DiGraph::<(), ()>::new();
        let nodes: Vec<NodeIndex> = self.all.iter().map(|_| graph.add_node(())).collect();
        for (at, caller) in self.all.iter().enumerate() {
            let callees = caller.method.sites.iter().flat_map(|site| &site.callees);
            for to in callees.filter_map(|callee| self.place(callee)) {
                graph.update_edge(nodes[at], nodes[to], ());
            }
        }
        let mut summaries = vec![Summary::default(); self.all.len()];
        for component in tarjan_scc(&graph) {
            loop {
                let mut grown = false;
                for node in &component {
                    let summary = self.summarise(self.all[node.index()], &summaries);
                    grown |= summary != summaries[node.index()];
                    summaries[node.index()] = summary;
                }
                if !grown {
                    break;
                }
            }
        }
        summaries
    }

    fn summarise(&self, caller: Caller<'_>, summaries: &[Summary]) -> Summary {
        let mut summary = Summary::default();
        summary.reach(&caller.entity.name, Source::Itself, (caller.own_access(), false));
        for site in &caller.method.sites {
            let empty_join = site.kind == SiteKind::Join && site.calls.is_empty();
            if site.callees.is_empty() && !empty_join {
                summary.reasons.insert(caller.reason(site.line, "what is called is not known"));
            }
            for (at, callee) in site.callees.iter().enumerate() {
                caller.substitute(site, at, self, &self.reached(callee, summaries), &mut summary);
                if let Some(place) = self.place(callee) {
                    summary.reasons.extend(summaries[place].reasons.iter().cloned());
                }
            }
        }
        summary
    }

    /// What a callee reaches; the built-in ones reach only the entity they are called on.
    fn reached(&self, callee: &Callee, summaries: &[Summary]) -> Reached {
        if let Some(place) = self.place(callee) {
            return summaries[place].reached.clone();
        }
        let access = BUILT_IN.iter().find(|(name, _)| *name == callee.method).map(|(_, access)| *access);
        access.into_iter().map(|access| ((callee.entity.clone(), Source::Itself), (access, false))).collect()
    }
}

impl Caller<'_> {
    fn name(&self) -> Callee {
        Callee { entity: self.entity.name.clone(), method: self.method.name.clone() }
    }

    fn edge(&self, to: &Callee) -> CallEdge {
        CallEdge { from: self.name(), to: to.clone(), lines: vec![], kinds: vec![], reasons: vec![] }
    }

    /// An `auto` entity may come to exist by any use of it, a reading one too.
    fn own_access(&self) -> Access {
        if self.entity.auto { Access::Create } else { self.method.access }
    }

    fn reason(&self, line: u32, text: &str) -> Reason {
        Reason { file: self.entity.file.clone(), line, text: text.to_owned() }
    }

    /// Adds to `summary` what the callee number `at` of a site reaches, in terms of the caller.
    fn substitute(
        &self,
        site: &Site,
        at: usize,
        callers: &Callers<'_>,
        reached: &Reached,
        summary: &mut Summary,
    ) {
        let callee = &site.callees[at];
        if site.varies {
            summary.reasons.insert(self.reason(site.line, "what is called depends on a type parameter"));
            return;
        }
        let Some(facts) = facts(site, at) else {
            summary.reasons.insert(self.reason(site.line, "the call is a value built elsewhere"));
            return;
        };
        let target = callers.place(callee).map(|place| callers.all[place]);
        for fact in facts {
            self.receive(fact, callee, summary);
            for ((entity, source), access) in reached {
                let origin = match source {
                    Source::Itself => &fact.receiver,
                    Source::Parameter(place) => match argument(fact, target, *place) {
                        Some(origin) => origin,
                        None => {
                            let text =
                                format!("the arguments of `{}` do not fit its parameters", fact.method);
                            summary.reasons.insert(self.reason(fact.line, &text));
                            continue;
                        }
                    },
                    Source::Computed { method, number, parameter, .. } => {
                        let of = match parameter {
                            None => Some(&fact.receiver),
                            Some(place) => argument(fact, target, *place),
                        };
                        let reached = (entity.as_str(), *access);
                        self.recompute(fact, of, (method, *number), callers, reached, summary);
                        continue;
                    }
                };
                self.trace(origin, entity, *access, summary);
            }
        }
    }

    /// Adds what a method computes that is called further down, on an entity that came from here.
    fn recompute(
        &self,
        fact: &CallFact,
        of: Option<&Origin>,
        (method, number): (&Callee, usize),
        callers: &Callers<'_>,
        (entity, (access, known)): (&str, (Access, bool)),
        summary: &mut Summary,
    ) {
        let key = callers.place(method).and_then(|place| callers.all[place].method.computed.get(number));
        let fits = match (key, of) {
            (Some(key), Some(Origin::Known { itself, params, computed, presumed }))
                if !key.arguments && computed.is_empty() =>
            {
                let source = |parameter| {
                    let (method, text) = (method.clone(), key.text.clone());
                    Source::Computed { method, number, parameter, text }
                };
                let access = (access, known || key.presumed || *presumed);
                if *itself && method.entity == self.entity.name {
                    summary.reach(entity, source(None), access);
                }
                for param in params {
                    summary.reach(entity, source(Some(*param)), access);
                }
                true
            }
            _ => false,
        };
        if !fits {
            let text = key.map_or("a key", |key| key.text.as_str());
            let text = format!("`{text}` is computed in `{}`, which is called here", fact.method);
            summary.reasons.insert(self.reason(fact.line, &text));
        }
    }

    /// A receiver is always a reference: one that names none is a reference made on the spot.
    fn receive(&self, fact: &CallFact, callee: &Callee, summary: &mut Summary) {
        if let Origin::Known { itself, params, computed, .. } = &fact.receiver
            && params.is_empty()
            && computed.is_empty()
            && !(*itself && callee.entity == self.entity.name)
        {
            let text = format!("the receiver of `{}` is named by no argument", fact.method);
            summary.reasons.insert(self.reason(fact.line, &text));
        }
    }

    fn trace(&self, origin: &Origin, entity: &str, (access, known): (Access, bool), summary: &mut Summary) {
        match origin {
            Origin::Unknown { reason, line } => {
                summary.reasons.insert(self.reason(*line, reason));
            }
            Origin::Known { itself, params, computed, presumed } => {
                let access = (access, known || *presumed);
                if *itself && entity == self.entity.name {
                    summary.reach(entity, Source::Itself, access);
                }
                for param in params {
                    summary.reach(entity, Source::Parameter(*param), access);
                }
                for number in computed {
                    let text = self.method.computed[*number].text.clone();
                    let source =
                        Source::Computed { method: self.name(), number: *number, parameter: None, text };
                    let presumed = self.method.computed[*number].presumed;
                    summary.reach(entity, source, (access.0, access.1 || presumed));
                }
            }
        }
    }
}

/// The calls that are seen to make the callee number `at` of a site, or `None` when they are made out of sight.
///
/// Calls and callees go by place. A collection has one type and so one callee for all its calls.
fn facts(site: &Site, at: usize) -> Option<&[CallFact]> {
    let facts = match site.callees.len() {
        _ if site.calls.len() == site.callees.len() => &site.calls[at..=at],
        1 if site.kind == SiteKind::Join && !site.calls.is_empty() => &site.calls[..],
        _ => return None,
    };
    facts.iter().all(|fact| fact.method == site.callees[at].method).then_some(facts)
}

/// The origin of a parameter of the callee; a constructor's key is filled from the reference, not from an argument.
fn argument<'a>(fact: &'a CallFact, target: Option<Caller<'_>>, place: usize) -> Option<&'a Origin> {
    let filled = target.is_some_and(|Caller { entity, method }| {
        method.access == Access::Create
            && method.params.len() == fact.arguments.len() + 1
            && method.params[0].name == entity.key.name
    });
    fact.arguments.get(place.checked_sub(usize::from(filled))?)
}
