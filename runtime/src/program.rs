//! From the roots a user registers to the linked graph: every reachable entity comes along.
//!
//! Each method is polled once without arguments; it reports the callees of its sites, whose types rustc has
//! inferred, and goes no further. No user code runs.
use crate::Error;
use crate::cx::{Cx, Place};
use crate::entity::{self, Entity, Method};
use crate::error::Result;
use crate::flow::{Flow, World};
use crate::plan::{Methods, class_number};
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
    pub(crate) entity: &'static str,
    pub(crate) method: &'static str,
    pub(crate) visit: fn(&mut Explorer),
}

/// Walks from the roots over all call sites.
#[derive(Default)]
pub struct Explorer {
    types: BTreeMap<&'static str, TypeId>,
    entities: BTreeMap<&'static str, graph::Entity>,
    seen: BTreeSet<(&'static str, &'static str)>,
    /// The callees of the sites of a method; `None` for a site that is compiled out.
    sites: BTreeMap<(&'static str, &'static str), Vec<Option<Vec<graph::Callee>>>>,
    conditions: BTreeMap<&'static str, &'static [(&'static str, bool)]>,
    classes: BTreeMap<&'static str, usize>,
    methods: BTreeMap<(&'static str, &'static str), TypeId>,
    todo: Vec<fn(&mut Explorer)>,
    failure: Option<Error>,
}

impl Explorer {
    pub(crate) fn visit_entity<E: entity::Methods>(&mut self) {
        match self.types.insert(E::NAME, TypeId::of::<E>()) {
            None => {}
            Some(known) if known == TypeId::of::<E>() => return,
            Some(_) => {
                let text = format!("two entities are called `{}`; rename one of them", E::NAME);
                self.failure.get_or_insert(Error::Start(text));
                return;
            }
        }
        self.classes.insert(E::NAME, class_number::<E>());
        match facts::<E>() {
            Ok(entity) => {
                self.entities.insert(E::NAME, entity);
                self.todo.push(E::explore);
            }
            Err(error) => {
                self.failure.get_or_insert(Error::Start(format!("the facts of `{}`: {error}", E::NAME)));
            }
        }
    }

    /// Visits one method of an entity, and later its callees.
    pub fn visit_method<M: Method>(&mut self) {
        self.visit_entity::<M::Entity>();
        let name = (M::Entity::NAME, M::NAME);
        if !self.seen.insert(name) {
            return;
        }
        self.methods.insert(name, TypeId::of::<M>());
        let description = Description::default();
        let flow = Flow::new(World::Nowhere);
        let cx = Cx { flow, place: Place::Nowhere(description.clone()) };
        let _ = pin!(M::run(cx, None)).poll(&mut Context::from_waker(Waker::noop()));
        let sites = description.take();
        self.todo.extend(sites.iter().flatten().flatten().map(|callee| callee.visit));
        let callee = |it: &Described| graph::Callee { entity: it.entity.into(), method: it.method.into() };
        let callees = |site: &Vec<Described>| site.iter().map(callee).collect();
        self.sites.insert(name, sites.iter().map(|site| site.as_ref().map(callees)).collect());
        self.conditions.insert(M::Entity::NAME, <M::Entity as entity::Methods>::CONDITIONS);
    }

    pub(crate) fn finish(mut self, name: &str, workers: usize) -> Result<(graph::Program, Methods)> {
        while let Some(visit) = self.todo.pop() {
            visit(&mut self);
        }
        if let Some(failure) = self.failure {
            return Err(failure);
        }
        // A method that is compiled out, or generic and never called, is not part of the program.
        for (name, entity) in &mut self.entities {
            entity
                .methods
                .retain(|method| self.seen.iter().any(|seen| *seen == (*name, method.name.as_str())));
        }
        for ((entity, method), sites) in self.sites {
            let methods = self.entities.get_mut(entity).map(|entity| entity.methods.iter_mut());
            let Some(method) = methods.into_iter().flatten().find(|known| known.name == method) else {
                continue;
            };
            let compiled: Vec<bool> = sites.iter().map(Option::is_some).collect();
            let conditions = self.conditions.get(entity).copied().unwrap_or_default();
            method.decide(conditions, &compiled).map_err(|error| {
                Error::Start(format!(
                    "the graph of `{entity}::{}` does not fit its code: {error}",
                    method.name
                ))
            })?;
            for (site, callees) in method.sites.iter_mut().zip(sites.into_iter().flatten()) {
                site.callees = callees;
            }
        }
        let program = graph::link(name, self.entities.into_values().collect())
            .map_err(|error| Error::Start(error.to_string()))?;
        let methods = Methods::new(&program, &self.methods, &self.classes, workers);
        Ok((program, methods))
    }
}

fn facts<E: entity::Methods>() -> serde_json::Result<graph::Entity> {
    let mut entity: graph::Entity = serde_json::from_str(<E as Entity>::FACTS)?;
    let methods = <E as entity::Methods>::FACTS.iter().map(|facts| serde_json::from_str(facts));
    entity.methods = methods.collect::<serde_json::Result<_>>()?;
    E::file().clone_into(&mut entity.file);
    Ok(entity)
}
