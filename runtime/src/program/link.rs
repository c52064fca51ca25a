//! From the explored classes to the linked program.
use crate::base::class_id::ClassId;
use crate::base::error::{Error, Result};
use crate::entity::explore::{Explored, Explorer, Instance};
use crate::entity::names::{self, Named};
use crate::entity::run::classes::Makers;
use crate::methods::table::{ClassOf, Methods};
use crate::program::catalog::{Catalog, Rows};
use std::any::TypeId;
use std::collections::BTreeMap;
use thalweg_graph as graph;

/// A linked program.
pub(crate) struct Linked {
    pub(crate) methods: Methods,
    pub(crate) makers: Makers,
    pub(crate) outline: Outline,
}

/// What a linked program looks like from outside.
pub(crate) struct Outline {
    pub(crate) graph: graph::Program,
    pub(crate) catalog: Catalog,
}

/// What makes calls from bytes, for the classes that are exposed.
pub(crate) type Exposed = BTreeMap<TypeId, Rows>;

impl Linked {
    /// Links what can be reached.
    ///
    /// # Errors
    /// When it does not fit together.
    pub(crate) fn of(mut explorer: Explorer, exposed: &Exposed, name: &str, workers: usize) -> Result<Self> {
        explorer.explore()?;
        let all: Vec<Named> = explorer.named().cloned().collect();
        let names = names::shown(&all);
        let mut classes = Vec::new();
        let mut entities = Vec::new();
        // By name, and not by type: methods are numbered in this order.
        let shown = |(ty, class)| (names.get(&ty).cloned().unwrap_or_default(), ty, class);
        let mut explored: Vec<(String, TypeId, Explored)> = explorer.classes.into_iter().map(shown).collect();
        explored.sort_by(|(a, ..), (b, ..)| a.cmp(b));
        for (name, ty, class) in explored {
            classes.push(class_of(name.clone(), ty, &class));
            entities.push(class.entity(name, &names)?);
        }
        numbers_differ(&classes)?;
        let graph = graph::link(name, entities).map_err(|error| Error::Start(error.to_string()))?;
        let methods = Methods::new(name, &graph, &classes, workers);
        let mut catalog = Catalog::default();
        for class in &classes {
            catalog.describe(class, exposed.get(&class.ty), &graph, &methods);
        }
        Ok(Self { methods, makers: explorer.makers, outline: Outline { graph, catalog } })
    }
}

/// The numbers of classes are hashes.
fn numbers_differ(classes: &[ClassOf]) -> Result<()> {
    let mut by_number: BTreeMap<ClassId, &str> = BTreeMap::new();
    for class in classes {
        if let Some(other) = by_number.insert(class.number, &class.name) {
            let name = &class.name;
            return Err(Error::Start(format!(
                "`{other}` and `{name}` have the same number by chance; move one of them to another line"
            )));
        }
    }
    Ok(())
}

fn class_of(name: String, ty: TypeId, class: &Explored) -> ClassOf {
    let types = |(method, known): (&&str, &Vec<Instance>)| {
        ((*method).to_owned(), known.iter().map(|instance| instance.ty).collect())
    };
    let keys = |(method, known): (&&str, &Vec<Instance>)| Some(((*method).to_owned(), known.first()?.keys));
    ClassOf {
        ty,
        number: class.number,
        name,
        file: class.facts.file.clone(),
        key: class.facts.key.clone(),
        declared: class.facts.methods.clone(),
        instances: class.instances.iter().map(types).collect(),
        keys: class.instances.iter().filter_map(keys).collect(),
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
