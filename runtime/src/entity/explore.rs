//! From the roots a user registers to the linked graph: every reachable entity comes along.
//!
//! Each method is polled once without arguments; it reports the callees of its sites, whose types rustc has
//! inferred, and goes no further. No user code runs. A generic method is explored once for every set of types that it
//! is called with from inside.
use crate::base::class_id::ClassId;
use crate::base::error::{Error, Result};
use crate::base::location::Location;
use crate::entity::fields;
use crate::entity::names::Named;
use crate::entity::run::classes::Makers;
use crate::entity::run::context::{MethodContext, Place};
use crate::entity::run::invoke::{Invocation, Mode};
use crate::entity::traits::{self, Entity, Method, MethodVisitor};
use crate::entity::visit::{Found, Searched, ValueVisitor};
use crate::methods::table::Keys;
use std::any::{Any, TypeId};
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
    pub(crate) classes: BTreeMap<TypeId, Explored>,
    seen: BTreeSet<TypeId>,
    todo: Vec<fn(&mut Explorer)>,
    pub(crate) makers: Makers,
    failure: Option<Error>,
}

/// A class that has been reached.
pub(crate) struct Explored {
    pub(crate) named: Named,
    pub(crate) number: ClassId,
    pub(crate) facts: graph::Entity,
    pub(crate) instances: BTreeMap<&'static str, Vec<Instance>>,
    /// The conditions under which there are call sites, and whether they hold.
    pub(crate) conditions: &'static [(&'static str, bool)],
}

/// A method with the types that it is called with.
pub(crate) struct Instance {
    pub(crate) ty: TypeId,
    /// Its keys that are computed of that of its entity.
    pub(crate) keys: Keys,
    /// The callees of each of its sites; `None` for a site that is compiled out.
    pub(crate) sites: Vec<Option<Vec<(TypeId, &'static str)>>>,
}

impl Explorer {
    pub(crate) fn visit_entity<E: traits::Methods>(&mut self) {
        if self.classes.contains_key(&TypeId::of::<E>()) {
            return;
        }
        match fields::check::<E>().and_then(|()| facts::<E>()) {
            Ok(facts) => {
                let (named, number) = (Named::of::<E>(), E::CLASS);
                let conditions = <E as traits::Methods>::CONDITIONS;
                let explored = Explored { named, number, facts, instances: BTreeMap::new(), conditions };
                self.classes.insert(TypeId::of::<E>(), explored);
                self.makers.add::<E>();
                self.makers.add_method::<traits::Exists<E>>();
                self.makers.add_method::<traits::Remove<E>>();
                self.todo.push(E::each::<Self>);
            }
            Err(error) => drop(self.failure.get_or_insert(error)),
        }
    }

    /// Visits one method of an entity, and later its callees.
    pub fn visit_method<M: Method>(&mut self) {
        self.visit_entity::<M::Entity>();
        let (class, method) = (TypeId::of::<M::Entity>(), TypeId::of::<M>());
        if self.classes.contains_key(&class) && self.seen.insert(method) {
            self.makers.add_method::<M>();
            self.describe(class, M::NAME, (method, keys::<M>), describe::<M>);
        }
    }

    /// What can be reached from a method.
    ///
    /// # Errors
    /// As [`Explorer::explore`].
    pub(crate) fn from<M: Method>() -> Result<Makers> {
        let mut explorer = Self::default();
        explorer.visit_method::<M>();
        explorer.explore().map(|()| explorer.makers)
    }

    /// Writes down the callees of a method's sites, of which it tells when it is polled.
    fn describe(
        &mut self,
        class: TypeId,
        name: &'static str,
        (ty, keys): (TypeId, Keys),
        poll: fn(Description),
    ) {
        let Some(class) = self.classes.get_mut(&class) else { return };
        let description = Description::default();
        poll(description.clone());
        let sites = description.take();
        self.todo.extend(sites.iter().flatten().flatten().map(|callee| callee.visit));
        let callees = |site: Vec<Described>| site.iter().map(|it| (it.class, it.method)).collect();
        let sites = sites.into_iter().map(|site| site.map(callees)).collect();
        class.instances.entry(name).or_default().push(Instance { ty, keys, sites });
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
}

impl MethodVisitor for Explorer {
    fn method<M: Method>(&mut self) {
        self.visit_method::<M>();
    }
}

/// See [`Keys`].
fn keys<M: Method>(number: usize, key: &dyn Any, peers: usize, each: &mut dyn FnMut(Location)) -> bool {
    let Some(key) = key.downcast_ref() else { unreachable!("an entity's key has one type") };
    let mut each = |_, found: Found<'_>| each(found.location);
    let mut visitor = ValueVisitor::new(peers, &|_| true, &mut each);
    M::computed(number, key, None, &mut visitor);
    visitor.outcome() != Searched::Endless
}

/// Polls a method without arguments, so that it describes its sites.
fn describe<M: Method>(description: Description) {
    let cx =
        MethodContext { invocation: Invocation::new(Mode::Describe), place: Place::Nowhere(description) };
    let _ = pin!(M::run(cx, None)).poll(&mut Context::from_waker(Waker::noop()));
}

fn facts<E: traits::Methods>() -> Result<graph::Entity> {
    let facts = read_facts(<E as Entity>::FACTS, <E as traits::Methods>::FACTS, E::file());
    facts.map_err(|error| Error::Start(format!("the facts of `{}`: {error}", E::NAME)))
}

/// What is written of a class; compiled once, and not for each of them.
fn read_facts(
    entity: &str,
    methods: &[traits::Facts],
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
