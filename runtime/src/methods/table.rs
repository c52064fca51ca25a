//! The methods of a running program: their access plans in a form that is quick to follow.
use crate::base::class_id::ClassId;
use crate::base::ids::MethodId;
use crate::base::location::Location;
use crate::methods::counts::{Count, Counters, MethodCounts};
use crate::methods::watch::Watch;
use rustc_hash::FxHashMap;
use std::any::{Any, TypeId};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use thalweg_graph::{
    self as graph, Access, AccessPlan, BUILT_IN, Callee, MethodPlan, PlannedAccess, Program, Reason, Source,
    Variable,
};

/// What is known beforehand of the entities that a transaction touches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Planned {
    /// Its tickets are all of them.
    Surely,
    /// Its tickets are all of them if its arguments show every reference that they hold, and its methods are what their names
    /// say. If not, its epoch is undone.
    Presumably,
    /// A scout finds out.
    Dynamic,
}

/// What is known of the classes and methods of a program, by their types.
#[derive(Default)]
pub(crate) struct Methods {
    pub(crate) app: String,
    /// Whether transactions are checked by running them more than once.
    pub(crate) twice: bool,
    /// What the workers run.
    pub(crate) watch: Watch,
    /// Where that is written down, if it has to be known after the end of the process.
    pub(crate) note: Option<crate::methods::watch::Note>,
    /// The methods that the graph knows.
    ids: FxHashMap<TypeId, MethodId>,
    /// The classes, and by name the methods of each that the graph does not know by type: the ones that all entities
    /// have, and generic ones with types that they are called with from outside alone.
    classes: FxHashMap<TypeId, BTreeMap<String, MethodId>>,
    /// The names of the classes.
    names: FxHashMap<ClassId, String>,
    all: Vec<Known>,
}

/// A class, for [`Methods::new`].
pub(crate) struct ClassOf {
    pub(crate) ty: TypeId,
    pub(crate) number: ClassId,
    /// The name that it is shown by.
    pub(crate) name: String,
    pub(crate) file: String,
    pub(crate) key: Variable,
    /// Its methods, also those that are compiled out and those that nobody calls.
    pub(crate) declared: Vec<graph::Method>,
    /// The types that stand for each method.
    pub(crate) instances: BTreeMap<String, Vec<TypeId>>,
    /// What computes the keys of each method.
    pub(crate) keys: BTreeMap<String, Keys>,
}

impl ClassOf {
    /// Why a generic method that is called from outside alone is dynamic.
    pub(crate) fn generic(&self, method: &graph::Method) -> Reason {
        let text = "it is generic, and with these types it is called from outside alone".to_owned();
        Reason { file: self.file.clone(), line: method.line, text }
    }
}

struct Known {
    /// The entity and the method.
    name: (String, String),
    plan: Plan,
    /// The classes a transaction from here can write, and those it can read, if that is known.
    reach: Option<[BTreeSet<String>; 2]>,
    /// One for each worker, so that they do not write to the same place.
    counts: Vec<Counters>,
    /// Whether its arguments have turned out to be such that it can run only once.
    once: AtomicBool,
    /// Whether its static plan has turned out too small.
    missed: AtomicBool,
}

/// Why a method with a static plan has a dynamic one.
const MISSED: &str = "its static plan missed an entity: a `Serialize` hides a reference in its arguments, or a type has a \
                      method with the name of one of std's that does something else; since then it is dynamic";

/// Why a method whose arguments cannot be copied is slow.
const ONCE: &str = "its arguments cannot be copied, so it can neither be scouted nor run again, and every dynamic \
                    transaction of its epochs gets all workers; let them be `Clone`";

/// Entities that a static plan names: the references of a class in a parameter, and whether they are written.
pub(crate) type Named = (usize, ClassId, bool);

/// Shows the references that a method computes of the key of its entity, by their numbers; whether they are few enough.
pub(crate) type Keys = fn(usize, &dyn Any, usize, &mut dyn FnMut(Location)) -> bool;

/// Entities that a static plan computes.
#[derive(Clone)]
pub(crate) struct Computed {
    pub(crate) class: ClassId,
    pub(crate) write: bool,
    /// Which of the references that its method computes.
    pub(crate) number: usize,
    /// What computes them in another method; `None` for the method of the plan, which has its arguments.
    pub(crate) keys: Option<Keys>,
    /// The parameter, and the class of the references there, whose keys are the ones; `None` for the root entity's key.
    pub(crate) parameter: Option<(usize, ClassId)>,
}

/// What has to be so for a static plan to be sure.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Relies {
    /// A name means what it seems to mean; or a type elsewhere is plain, which is not looked up.
    pub(crate) presumed: bool,
    /// These parameters are plain, a bit for each.
    pub(crate) parameters: u64,
    /// The key of the entity is.
    pub(crate) key: bool,
}

/// A static plan: the access to the root entity, and to those that it names and computes.
#[derive(Clone)]
pub(crate) struct StaticPlan {
    pub(crate) own: Access,
    pub(crate) parameters: Vec<Named>,
    pub(crate) computed: Vec<Computed>,
    pub(crate) relies: Relies,
}

enum Plan {
    Static(StaticPlan),
    Dynamic(Vec<thalweg_graph::Reason>),
}

impl Known {
    /// One of which nothing is known.
    fn new(entity: &str, method: &str, workers: usize) -> Self {
        Self {
            name: (entity.to_owned(), method.to_owned()),
            plan: Plan::Dynamic(Vec::new()),
            reach: None,
            counts: (0..workers).map(|_| Counters::default()).collect(),
            once: AtomicBool::new(false),
            missed: AtomicBool::new(false),
        }
    }

    fn counts(&self) -> MethodCounts {
        MethodCounts::of(self.name.clone(), &self.counts, self.reasons())
    }

    fn reasons(&self) -> Vec<String> {
        let planned = match &self.plan {
            Plan::Static(_) => &[][..],
            Plan::Dynamic(reasons) => reasons,
        };
        let shown = planned.iter().map(|reason| format!("{}, {}:{}", reason.text, reason.file, reason.line));
        let since = [(&self.once, ONCE), (&self.missed, MISSED)].into_iter();
        let since = since.filter(|(is, _)| is.load(Ordering::Relaxed)).map(|(_, text)| text.to_owned());
        shown.chain(since).collect()
    }
}

impl Methods {
    pub(crate) fn new(app: &str, program: &Program, classes: &[ClassOf], workers: usize) -> Self {
        let mut methods = Self { app: app.to_owned(), watch: Watch::new(workers), ..Self::default() };
        for planned in &program.plans {
            let Callee { entity, method } = &planned.method;
            let class = classes.iter().find(|class| class.name == *entity);
            let types = class.and_then(|class| class.instances.get(method)).into_iter().flatten();
            let id = MethodId::new(methods.all.len());
            methods.ids.extend(types.map(|ty| (*ty, id)));
            let known = Known {
                plan: plan(planned, classes),
                reach: Some(program.reach(&planned.method)),
                ..Known::new(entity, method, workers)
            };
            methods.all.push(known);
        }
        for class in classes {
            methods.add_others(program, class, workers);
            methods.names.insert(class.number, class.name.clone());
        }
        methods
    }

    /// Adds the methods of a class that are not known by their types.
    fn add_others(&mut self, program: &Program, class: &ClassOf, workers: usize) {
        let mut others = BTreeMap::new();
        for (built_in, _) in BUILT_IN {
            let callee = Callee { entity: class.name.clone(), method: built_in.to_owned() };
            others.insert(built_in.to_owned(), MethodId::new(self.all.len()));
            let known = Known::new(&class.name, built_in, workers);
            self.all.push(Known { reach: Some(program.reach(&callee)), ..known });
        }
        for method in &class.declared {
            others.insert(method.name.clone(), MethodId::new(self.all.len()));
            let known = Known::new(&class.name, &method.name, workers);
            self.all.push(Known { plan: Plan::Dynamic(vec![class.generic(method)]), ..known });
        }
        self.classes.insert(class.ty, others);
    }

    /// Which method it is, by its type or else by that of its class and its name; `None` when its class is not part of the
    /// app.
    pub(crate) fn find(&self, method: TypeId, class: TypeId, name: &str) -> Option<MethodId> {
        self.ids.get(&method).copied().or_else(|| self.other(class, name))
    }

    /// Which method it is that the graph does not know by its type.
    pub(crate) fn other(&self, class: TypeId, name: &str) -> Option<MethodId> {
        self.classes.get(&class)?.get(name).copied()
    }

    /// Whether a class is part of the app.
    pub(crate) fn has_class(&self, class: TypeId) -> bool {
        self.classes.contains_key(&class)
    }

    /// The static plan of a method; `None` when it is dynamic, or has turned out too small.
    pub(crate) fn static_plan(&self, id: MethodId) -> Option<&StaticPlan> {
        let Known { plan: Plan::Static(plan), missed, .. } = &self.all[id.index()] else { return None };
        (!missed.load(Ordering::Relaxed)).then_some(plan)
    }

    /// The entity and the method of this number.
    pub(crate) fn name(&self, method: u32) -> (String, String) {
        self.all[method as usize].name.clone()
    }

    /// The name that a class is shown by.
    pub(crate) fn name_of(&self, class: ClassId) -> &str {
        self.names.get(&class).map_or("", String::as_str)
    }

    /// All classes, by their names.
    pub(crate) fn all_classes(&self) -> Vec<ClassId> {
        let mut all: Vec<_> = self.names.iter().collect();
        all.sort_by_key(|(_, name)| *name);
        all.into_iter().map(|(class, _)| *class).collect()
    }

    /// The class of this name.
    pub(crate) fn class_named(&self, name: &str) -> Option<ClassId> {
        self.names.iter().find(|(_, known)| *known == name).map(|(class, _)| *class)
    }

    /// Whether transactions from these two methods could meet on an entity that one of them writes.
    pub(crate) fn may_meet(&self, a: MethodId, b: MethodId) -> bool {
        let (Some([writes_a, reads_a]), Some([writes_b, reads_b])) =
            (&self.all[a.index()].reach, &self.all[b.index()].reach)
        else {
            return true;
        };
        !(writes_a.is_disjoint(writes_b) && writes_a.is_disjoint(reads_b) && reads_a.is_disjoint(writes_b))
    }

    /// The arguments of a method cannot be copied.
    pub(crate) fn runs_once(&self, id: MethodId) {
        self.all[id.index()].once.store(true, Ordering::Relaxed);
    }

    /// The static plan of a method has turned out too small.
    pub(crate) fn missed(&self, id: MethodId) {
        if !self.all[id.index()].missed.swap(true, Ordering::Relaxed) {
            let (entity, method) = self.name(id.number());
            tracing::warn!(%entity, %method, "{MISSED}");
        }
    }

    /// Counts something of a method that a worker has seen.
    pub(crate) fn count(&self, id: MethodId, worker: usize, what: Count, n: u64) {
        self.all[id.index()].counts[worker].add(what, n);
    }

    /// Every method that was the root of a transaction, in the order of the graph; those that it does not know follow.
    pub(crate) fn counts(&self) -> Vec<MethodCounts> {
        let mut all: Vec<MethodCounts> = Vec::new();
        for counts in
            self.all.iter().map(Known::counts).filter(|counts| counts.committed + counts.aborted > 0)
        {
            match all.iter_mut().find(|known| known.method == counts.method) {
                Some(known) => known.add(counts),
                None => all.push(counts),
            }
        }
        all
    }
}

/// A plan as it is followed; dynamic if a class is not there that it names.
fn plan(planned: &MethodPlan, classes: &[ClassOf]) -> Plan {
    let entries = match &planned.plan {
        AccessPlan::Dynamic(reasons) => return Plan::Dynamic(reasons.clone()),
        AccessPlan::Static(entries) => entries,
    };
    let mut plan = StaticPlan {
        own: Access::Read,
        parameters: Vec::new(),
        computed: Vec::new(),
        relies: Relies::default(),
    };
    let complete = entries.iter().all(|entry| plan.add(&planned.method, entry, classes).is_some());
    if complete { Plan::Static(plan) } else { Plan::Dynamic(Vec::new()) }
}

impl StaticPlan {
    fn rely_on(&mut self, parameter: usize) {
        match 1_u64.checked_shl(parameter as u32) {
            Some(bit) => self.relies.parameters |= bit,
            None => self.relies.presumed = true,
        }
    }

    fn add(&mut self, of: &Callee, entry: &PlannedAccess, classes: &[ClassOf]) -> Option<()> {
        let class_of = |entity: &str| classes.iter().find(|class| class.name == entity);
        let (class, write) = (class_of(&entry.entity)?.number, entry.access != Access::Read);
        self.relies.presumed |= entry.presumed;
        match &entry.source {
            Source::Itself => self.own = self.own.max(entry.access),
            Source::Parameter(place) => {
                self.parameters.push((*place, class, write));
                self.rely_on(*place);
            }
            Source::Computed { method, number, parameter, .. } => {
                let by = class_of(&method.entity)?;
                let key = by.declared.iter().find(|it| it.name == method.method)?.computed.get(*number)?;
                self.relies.key = true;
                // Whether another entity's key is plain is not looked up.
                self.relies.presumed |= parameter.is_some();
                key.parameters.iter().chain(parameter).for_each(|place| self.rely_on(*place));
                let keys = match method == of && parameter.is_none() {
                    true => None,
                    false => Some(*by.keys.get(&method.method)?),
                };
                let parameter = parameter.map(|place| (place, by.number));
                self.computed.push(Computed { class, write, number: *number, keys, parameter });
            }
        }
        Some(())
    }
}
