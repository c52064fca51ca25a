//! Joins entities to a program: sorted, complete, planned and verified.
use crate::{BUILT_IN, Callee, Entity, JSON_VERSION, Program, VerifyError, plan};
use thiserror::Error;

/// Why entities do not make a program.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum LinkError {
    /// Two entities have one name.
    #[error(
        "two entities are named `{name}`, at {first} and at {second}; \
         help: give one of them another name with `#[entity(name = \"..\")]`; it tells their state apart"
    )]
    DuplicateEntity {
        /// The name.
        name: String,
        /// Where the first one stands, as `file:line`.
        first: String,
        /// Where the second one stands, as `file:line`.
        second: String,
    },
    /// Two methods of an entity have one name.
    #[error("`{entity}` has two methods named `{method}`, the second at {second}; help: rename one of them")]
    DuplicateMethod {
        /// The entity.
        entity: String,
        /// The name.
        method: String,
        /// Where the second one stands, as `file:line`.
        second: String,
    },
    /// A call leads to an entity that is not among those given.
    #[error(
        "`{caller}` calls `{callee}` at {place}, but there is no entity `{entity}` in this program; \
         help: register it next to the entity that calls it"
    )]
    MissingEntity {
        /// The calling method, as `Entity::method`.
        caller: String,
        /// The called method, as `Entity::method`.
        callee: String,
        /// The entity that is not there.
        entity: String,
        /// Where the call stands, as `file:line`.
        place: String,
    },
    /// A call leads to a method that its entity does not have.
    #[error(
        "`{caller}` calls `{callee}` at {place}, but `{entity}` has no such method; \
         help: it has {methods}, `exists` and `remove`; build all crates of the program from the same sources"
    )]
    MissingMethod {
        /// The calling method, as `Entity::method`.
        caller: String,
        /// The called method, as `Entity::method`.
        callee: String,
        /// The entity that lacks it.
        entity: String,
        /// Where the call stands, as `file:line`.
        place: String,
        /// The methods it has, for the reader.
        methods: String,
    },
    /// An entity is not well formed: a mistake of whoever wrote the graph, not of the user.
    #[error(transparent)]
    Invalid(#[from] VerifyError),
}

/// Joins `entities`, whose sites name their true callees, to the program `name`.
///
/// The order in which entities arrive does not matter: the program is the same.
///
/// # Errors
///
/// A name is taken twice, a callee is not there, or an entity is not well formed.
pub fn link(name: &str, mut entities: Vec<Entity>) -> Result<Program, LinkError> {
    entities.sort_by(|a, b| a.name.cmp(&b.name));
    reject_duplicates(&entities)?;
    reject_missing(&entities)?;
    let mut program = Program { version: JSON_VERSION, name: name.to_owned(), entities, plans: Vec::new() };
    program.verify_entities()?; // the plans index parameters, so these must be in range first
    program.plans = plan::plans(&program.entities);
    program.verify()?;
    Ok(program)
}

/// A place in a file, for people.
pub(crate) fn place(file: &str, line: u32) -> String {
    if file.is_empty() { format!("line {line}") } else { format!("{file}:{line}") }
}

fn reject_duplicates(entities: &[Entity]) -> Result<(), LinkError> {
    for pair in entities.windows(2) {
        if pair[0].name == pair[1].name {
            let mut places = [&pair[0], &pair[1]].map(|entity| place(&entity.file, entity.line));
            places.sort();
            let [first, second] = places;
            return Err(LinkError::DuplicateEntity { name: pair[0].name.clone(), first, second });
        }
    }
    for entity in entities {
        for (at, method) in entity.methods.iter().enumerate() {
            if entity.methods[..at].iter().any(|earlier| earlier.name == method.name) {
                return Err(LinkError::DuplicateMethod {
                    entity: entity.name.clone(),
                    method: method.name.clone(),
                    second: place(&entity.file, method.line),
                });
            }
        }
    }
    Ok(())
}

fn reject_missing(entities: &[Entity]) -> Result<(), LinkError> {
    for entity in entities {
        for method in &entity.methods {
            for site in &method.sites {
                for callee in &site.callees {
                    let caller = format!("{}::{}", entity.name, method.name);
                    find(entities, callee, caller, place(&entity.file, site.line))?;
                }
            }
        }
    }
    Ok(())
}

fn find(entities: &[Entity], callee: &Callee, caller: String, place: String) -> Result<(), LinkError> {
    let name = callee.to_string();
    let Ok(at) = entities.binary_search_by(|entity| entity.name.cmp(&callee.entity)) else {
        return Err(LinkError::MissingEntity { caller, callee: name, entity: callee.entity.clone(), place });
    };
    let methods = &entities[at].methods;
    let built_in = BUILT_IN.iter().any(|(name, _)| *name == callee.method);
    if built_in || methods.iter().any(|method| method.name == callee.method) {
        return Ok(());
    }
    let methods = methods.iter().map(|method| format!("`{}`", method.name)).collect::<Vec<_>>().join(", ");
    Err(LinkError::MissingMethod { caller, callee: name, entity: callee.entity.clone(), place, methods })
}
