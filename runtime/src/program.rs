//! From the roots a user registers to the linked graph: every reachable entity comes along.
//!
//! Each method is polled once without arguments; it reports the callees of its sites, whose types rustc has
//! inferred, and goes no further. No user code runs. A generic method is explored once for every set of types that it
//! is called with from inside.
use crate::Error;
use crate::catalog::Rows;
use crate::cx::{Cx, Place};
use crate::entity::{self, Entity, Method, MethodVisitor};
use crate::error::Result;
use crate::fields;
use crate::flow::{Flow, World};
use crate::names::{self, Named};
use crate::plan::{ClassOf, Methods};
use std::any::TypeId;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Waker};
use thalweg_graph as graph;

/// Where a method leaves the callees of its sites.
pub(crate) type Description = Rc<RefCell<Vec<Option<Vec<Described>>>>>;

/// A callee, and how to go on exploring there.
pub struct Described {
    pub(crate) class: TypeId,
    pub(crate) method: &'static str,
    pub(crate) visit: fn(&mut Explorer),
}

/// Walks from the roots over all call sites.
#[derive(Default)]
pub struct Explorer {
    classes: BTreeMap<TypeId, Explored>,
    seen: BTreeSet<TypeId>,
    todo: Vec<fn(&mut Explorer)>,
    failure: Option<Error>,
}

/// A class that has been reached.
struct Explored {
    named: Named,
    number: usize,
    facts: graph::Entity,
    instances: BTreeMap<&'static str, Vec<Instance>>,
    /// What makes calls of its methods from bytes, if they may be called by name.
    rows: Option<Rows>,
    /// The conditions under which there are call sites, and whether they hold.
    conditions: &'static [(&'static str, bool)],
}

/// A method with the types that it is called with.
struct Instance {
    ty: TypeId,
    /// The callees of each of its sites; `None` for a site that is compiled out.
    sites: Vec<Option<Vec<(TypeId, &'static str)>>>,
}

impl Explorer {
    pub(crate) fn visit_entity<E: entity::Methods>(&mut self) {
        if self.classes.contains_key(&TypeId::of::<E>()) {
            return;
        }
        match fields::check::<E>().and_then(|()| facts::<E>()) {
            Ok(facts) => {
                let (named, number) = (Named::of::<E>(), E::class().index());
                let conditions = <E as entity::Methods>::CONDITIONS;
                let explored =
                    Explored { named, number, facts, instances: BTreeMap::new(), rows: None, conditions };
                self.classes.insert(TypeId::of::<E>(), explored);
                self.todo.push(E::each::<Self>);
            }
            Err(error) => drop(self.failure.get_or_insert(error)),
        }
    }

    /// Visits an entity whose methods are called by name.
    pub(crate) fn expose<E: entity::Methods>(&mut self) {
        self.visit_entity::<E>();
        if let Some(class) = self.classes.get_mut(&TypeId::of::<E>()) {
            class.rows = Some(Rows::of::<E>());
        }
    }

    /// Visits one method of an entity, and later its callees.
    pub fn visit_method<M: Method>(&mut self) {
        self.visit_entity::<M::Entity>();
        let (class, method) = (TypeId::of::<M::Entity>(), TypeId::of::<M>());
        if self.classes.contains_key(&class) && self.seen.insert(method) {
            self.describe(class, M::NAME, method, describe::<M>);
        }
    }

    /// Writes down the callees of a method's sites, of which it tells when it is polled.
    fn describe(&mut self, class: TypeId, name: &'static str, ty: TypeId, poll: fn(Description)) {
        let Some(class) = self.classes.get_mut(&class) else { return };
        let description = Description::default();
        poll(description.clone());
        let sites = description.take();
        self.todo.extend(sites.iter().flatten().flatten().map(|callee| callee.visit));
        let callees = |site: Vec<Described>| site.iter().map(|it| (it.class, it.method)).collect();
        let sites = sites.into_iter().map(|site| site.map(callees)).collect();
        class.instances.entry(name).or_default().push(Instance { ty, sites });
    }

    /// Follows all calls to the end.
    pub(crate) fn explore(&mut self) -> Result<()> {
        while let Some(visit) = self.todo.pop() {
            visit(self);
        }
        self.failure.clone().map_or(Ok(()), Err)
    }

    /// The classes that have been reached.
    pub(crate) fn named(&self) -> impl Iterator<Item = &Named> {
        self.classes.values().map(|class| &class.named)
    }

    pub(crate) fn finish(mut self, name: &str, workers: usize) -> Result<(graph::Program, Methods)> {
        self.explore()?;
        let all: Vec<Named> = self.named().cloned().collect();
        let names = names::shown(&all);
        let mut classes = Vec::new();
        let mut entities = Vec::new();
        // By name, and not by type: methods are numbered in this order.
        let shown = |(ty, class)| (names.get(&ty).cloned().unwrap_or_default(), ty, class);
        let mut explored: Vec<(String, TypeId, Explored)> = self.classes.into_iter().map(shown).collect();
        explored.sort_by(|(a, ..), (b, ..)| a.cmp(b));
        for (name, ty, class) in explored {
            let mut instances = BTreeMap::new();
            for (method, known) in &class.instances {
                let types: Vec<TypeId> = known.iter().map(|instance| instance.ty).collect();
                instances.insert((*method).to_owned(), types);
            }
            let (file, key) = (class.facts.file.clone(), class.facts.key.clone());
            let (declared, rows) = (class.facts.methods.clone(), class.rows.clone());
            classes.push(ClassOf {
                ty,
                number: class.number,
                name: name.clone(),
                file,
                key,
                declared,
                instances,
                rows,
            });
            entities.push(class.entity(name, &names)?);
        }
        let program = graph::link(name, entities).map_err(|error| Error::Start(error.to_string()))?;
        let methods = Methods::new(name, &program, classes, workers);
        Ok((program, methods))
    }
}

impl MethodVisitor for Explorer {
    fn method<M: Method>(&mut self) {
        self.visit_method::<M>();
    }
}

impl Explored {
    /// Its part of the graph.
    fn entity(self, name: String, names: &BTreeMap<TypeId, String>) -> Result<graph::Entity> {
        let Self { mut facts, instances, conditions, .. } = self;
        facts.name = name;
        // A method that is compiled out, or generic and never called from inside, is not part of the program.
        facts.methods.retain(|method| instances.contains_key(method.name.as_str()));
        for method in &mut facts.methods {
            for (number, instance) in instances[method.name.as_str()].iter().enumerate() {
                if number == 0 {
                    let compiled: Vec<bool> = instance.sites.iter().map(Option::is_some).collect();
                    method.decide(conditions, &compiled).map_err(|error| {
                        let (entity, method) = (&facts.name, &method.name);
                        Error::Start(format!(
                            "the graph of `{entity}::{method}` does not fit its code: {error}"
                        ))
                    })?;
                }
                for (site, callees) in method.sites.iter_mut().zip(instance.sites.iter().flatten()) {
                    let callees = callees.iter().map(|(class, method)| graph::Callee {
                        entity: names.get(class).cloned().unwrap_or_default(),
                        method: (*method).to_owned(),
                    });
                    unite(site, callees.collect(), number == 0);
                }
            }
        }
        Ok(facts)
    }
}

/// Adds the callees that a site has in one more instance of its method.
fn unite(site: &mut graph::Site, callees: Vec<graph::Callee>, first: bool) {
    if first {
        site.callees = callees;
    } else if site.varies || site.callees != callees {
        site.varies = true;
        site.callees.extend(callees);
        site.callees.sort();
        site.callees.dedup();
    }
}

/// Polls a method without arguments, so that it describes its sites.
fn describe<M: Method>(description: Description) {
    let cx = Cx { flow: Flow::new(World::Nowhere), place: Place::Nowhere(description) };
    let _ = pin!(M::run(cx, None)).poll(&mut Context::from_waker(Waker::noop()));
}

fn facts<E: entity::Methods>() -> Result<graph::Entity> {
    let facts = read_facts(<E as Entity>::FACTS, <E as entity::Methods>::FACTS, E::file());
    facts.map_err(|error| Error::Start(format!("the facts of `{}`: {error}", E::NAME)))
}

/// What is written of a class; compiled once, and not for each of them.
fn read_facts(
    entity: &str,
    methods: &[entity::Facts],
    file: &'static str,
) -> serde_json::Result<graph::Entity> {
    let mut entity: graph::Entity = serde_json::from_str(entity)?;
    let methods = methods.iter().map(|(facts, keyed)| {
        let keyed = keyed.iter().find(|(field, _)| *field == entity.key.name);
        serde_json::from_str(keyed.map_or(*facts, |(_, facts)| facts))
    });
    entity.methods = methods.collect::<serde_json::Result<_>>()?;
    file.clone_into(&mut entity.file);
    Ok(entity)
}
