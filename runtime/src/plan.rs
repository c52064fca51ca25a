//! The methods of a running program: their access plans in a form that is quick to follow, and what is counted of them.
use crate::Entity;
use crate::call::Call;
use crate::entity::Method;
use crate::harvest::{Found, Harvest};
use crate::place::Location;
use rustc_hash::FxHashMap;
use std::any::TypeId;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use thalweg_graph::{Access, AccessPlan, Program, Source};

/// A ticket as the sequencer hands it out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ticket {
    /// A worker; there are not more of them than [`crate::place::SHARDS`].
    pub(crate) owner: u16,
    pub(crate) lock: u64,
    /// The number of the class, so that the entity can be expected.
    pub(crate) class: u32,
    pub(crate) write: bool,
}

impl Ticket {
    pub(crate) fn new(at: Location, write: bool) -> Self {
        let owner = u16::try_from(at.owner).unwrap_or(u16::MAX);
        Self { owner, lock: at.lock, class: at.class, write }
    }
}

/// What is known of the methods of a program, by their types.
#[derive(Default)]
pub(crate) struct Methods {
    places: FxHashMap<TypeId, usize>,
    all: Vec<Known>,
}

struct Known {
    name: (String, String),
    plan: Plan,
    /// The classes a transaction from here can write, and those it can read.
    reach: [BTreeSet<String>; 2],
    /// One for each worker, so that they do not write to the same place.
    counts: Vec<Counters>,
    /// Whether its arguments have turned out to be such that it can run only once.
    once: AtomicBool,
}

/// Why a method whose arguments cannot be copied is slow.
const ONCE: &str = "its arguments cannot be copied, so it can neither be scouted nor run again, and every dynamic \
                    transaction of its epochs gets all workers; let them be `Clone`";

enum Plan {
    /// The access to the root entity, and to the references of a class in a parameter.
    Static {
        own: Access,
        parameters: Vec<(usize, usize, bool)>,
    },
    Dynamic(Vec<thalweg_graph::Reason>),
}

impl Known {
    fn reasons(&self) -> Vec<String> {
        let planned = match &self.plan {
            Plan::Static { .. } => &[][..],
            Plan::Dynamic(reasons) => reasons,
        };
        let shown = planned.iter().map(|reason| format!("{}, {}:{}", reason.text, reason.file, reason.line));
        shown.chain(self.once.load(Ordering::Relaxed).then(|| ONCE.to_owned())).collect()
    }
}

/// The methods that are counted as one because the graph does not know them.
const OTHERS: usize = 0;

#[derive(Default)]
#[repr(align(64))]
struct Counters {
    committed: AtomicU64,
    aborted: AtomicU64,
    planned: AtomicU64,
    scouted: AtomicU64,
    tail: AtomicU64,
    undone: AtomicU64,
}

/// How the transactions that started at one method went.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct MethodCounts {
    /// The entity and the method, or two empty names for methods that the graph does not know.
    pub method: (String, String),
    /// Transactions whose effects stand.
    pub committed: u64,
    /// Transactions that were undone by an `Err` of their root, a panic, or a failed call.
    pub aborted: u64,
    /// Transactions that got their tickets from a static plan. One worker needs no tickets and counts none.
    pub planned: u64,
    /// Transactions with a dynamic plan: a scout found out which entities they touch.
    pub scouted: u64,
    /// Among these, the ones that touched other entities than their scout, and so ran with whole workers to themselves.
    pub tail: u64,
    /// How often a transaction was undone and run again because one of its epoch was in the tail.
    pub undone: u64,
    /// Why the plan is dynamic, with the lines, and what else makes such transactions slow; empty when it is static.
    pub reasons: Vec<String>,
}

/// Something to count.
#[derive(Clone, Copy)]
pub(crate) enum Count {
    Committed,
    Aborted,
    Planned,
    Scouted,
    Tail,
    Undone,
}

impl Methods {
    pub(crate) fn new(
        program: &Program,
        types: &BTreeMap<(&'static str, &'static str), TypeId>,
        classes: &BTreeMap<&'static str, usize>,
        workers: usize,
    ) -> Self {
        let counts = || (0..workers).map(|_| Counters::default()).collect();
        let others = Known {
            name: Default::default(),
            plan: Plan::Dynamic(Vec::new()),
            reach: Default::default(),
            counts: counts(),
            once: AtomicBool::new(false),
        };
        let mut methods = Self { places: FxHashMap::default(), all: vec![others] };
        for planned in &program.plans {
            let name = (planned.method.entity.as_str(), planned.method.method.as_str());
            let Some((_, ty)) = types.iter().find(|(known, _)| **known == name) else { continue };
            methods.places.insert(*ty, methods.all.len());
            methods.all.push(Known {
                name: (name.0.to_owned(), name.1.to_owned()),
                plan: plan(&planned.plan, classes),
                reach: program.reach(&planned.method),
                counts: counts(),
                once: AtomicBool::new(false),
            });
        }
        methods
    }

    /// The place of a method; one for all that are not known.
    pub(crate) fn place<M: Method>(&self) -> usize {
        self.places.get(&TypeId::of::<M>()).copied().unwrap_or(OTHERS)
    }

    /// Collects the tickets of a call. `false` when its plan is dynamic.
    pub(crate) fn tickets<M: Method>(
        &self,
        place: usize,
        call: &Call<M>,
        root: Location,
        peers: usize,
        into: &mut Vec<Ticket>,
    ) -> bool {
        if M::BUILT_IN {
            into.push(Ticket::new(root, M::ACCESS != Access::Read));
            return true;
        }
        let Plan::Static { own, parameters } = &self.all[place].plan else { return false };
        into.push(Ticket::new(root, *own != Access::Read));
        if !parameters.is_empty() {
            let wanted = |place| parameters.iter().any(|(known, ..)| *known == place);
            let mut found = |place, Found { class, location }: Found| {
                let named = parameters.iter().find(|named| named.0 == place && named.1 == class);
                into.extend(named.map(|(.., write)| Ticket::new(location, *write)));
            };
            M::visit(&call.args, &mut Harvest::new(peers, &wanted, &mut found));
        }
        true
    }

    /// Whether transactions from these two methods could meet on an entity that one of them writes.
    pub(crate) fn may_meet(&self, a: usize, b: usize) -> bool {
        if a == OTHERS || b == OTHERS {
            return true;
        }
        let [writes_a, reads_a] = &self.all[a].reach;
        let [writes_b, reads_b] = &self.all[b].reach;
        !(writes_a.is_disjoint(writes_b) && writes_a.is_disjoint(reads_b) && reads_a.is_disjoint(writes_b))
    }

    /// The arguments of a method cannot be copied.
    pub(crate) fn runs_once(&self, place: usize) {
        self.all[place].once.store(true, Ordering::Relaxed);
    }

    /// Counts something of a method that a worker has seen.
    pub(crate) fn count(&self, place: usize, worker: usize, what: Count, n: u64) {
        let counts = &self.all[place].counts[worker];
        let counter = match what {
            Count::Committed => &counts.committed,
            Count::Aborted => &counts.aborted,
            Count::Planned => &counts.planned,
            Count::Scouted => &counts.scouted,
            Count::Tail => &counts.tail,
            Count::Undone => &counts.undone,
        };
        // Only this worker writes there.
        counter.store(counter.load(Ordering::Relaxed) + n, Ordering::Relaxed);
    }

    /// Every method that was the root of a transaction, in the order of the graph.
    pub(crate) fn counts(&self) -> Vec<MethodCounts> {
        let sum = |known: &Known, of: fn(&Counters) -> &AtomicU64| {
            known.counts.iter().map(|counts| of(counts).load(Ordering::Relaxed)).sum()
        };
        let all = self.all.iter().map(|known| MethodCounts {
            method: known.name.clone(),
            committed: sum(known, |counts| &counts.committed),
            aborted: sum(known, |counts| &counts.aborted),
            planned: sum(known, |counts| &counts.planned),
            scouted: sum(known, |counts| &counts.scouted),
            tail: sum(known, |counts| &counts.tail),
            undone: sum(known, |counts| &counts.undone),
            reasons: known.reasons(),
        });
        all.filter(|counts| counts.committed + counts.aborted > 0).collect()
    }
}

fn plan(plan: &AccessPlan, classes: &BTreeMap<&'static str, usize>) -> Plan {
    let entries = match plan {
        AccessPlan::Dynamic(reasons) => return Plan::Dynamic(reasons.clone()),
        AccessPlan::Static(entries) => entries,
    };
    let (mut own, mut parameters) = (Access::Read, Vec::new());
    for entry in entries {
        match entry.source {
            Source::Itself => own = own.max(entry.access),
            Source::Parameter(place) => {
                let Some(class) = classes.get(entry.entity.as_str()) else {
                    return Plan::Dynamic(Vec::new());
                };
                parameters.push((place, *class, entry.access != Access::Read));
            }
        }
    }
    Plan::Static { own, parameters }
}

/// The numbers of the classes of a program.
pub(crate) fn class_number<E: Entity>() -> usize {
    E::class().index()
}
