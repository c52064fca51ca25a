//! Checks that a program is well formed; runs at the end of linking and before anything that was read is used.
use crate::{
    AccessPlan, BUILT_IN, Callee, End, Entity, JSON_VERSION, Method, Origin, Program, Source, link::place,
};
use std::fmt;
use thiserror::Error;

/// Everything that is wrong with a program.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub struct VerifyError {
    /// The faults in the order of the program; never empty.
    pub faults: Vec<Fault>,
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the graph is not well formed:")?;
        self.faults.iter().try_for_each(|fault| write!(f, "\n  {fault}"))?;
        write!(f, "\nhelp: build it with the compiler and `link` of one version of thalweg")
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{place}: {wrong}")]
pub struct Fault {
    /// Where.
    pub place: Place,
    /// What.
    #[source]
    pub wrong: Wrong,
}

/// Where a fault is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The entity, empty for the program as a whole.
    pub entity: String,
    /// The method, empty for the entity as a whole.
    pub method: String,
    /// The file, empty when not known.
    pub file: String,
    /// The line, counted from 1.
    pub line: u32,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.entity.as_str(), self.method.as_str()) {
            ("", _) => write!(f, "program"),
            (entity, "") => write!(f, "`{entity}` at {}", place(&self.file, self.line)),
            (entity, method) => write!(f, "`{entity}::{method}` at {}", place(&self.file, self.line)),
        }
    }
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Wrong {
    /// The form is of another version.
    #[error("its form has version {0}, this is version {JSON_VERSION}")]
    Version(u32),
    /// Entities are not sorted by name, or a name is there twice.
    #[error("the entities are not in strict order of their names")]
    Order,
    /// Plans and methods do not go together.
    #[error("there must be one plan for each method, in the same order")]
    Plans,
    /// A method name is there twice.
    #[error("there are two methods of this name")]
    Twice,
    /// A method with call sites has no blocks.
    #[error("there are call sites but no block to enter")]
    NoEntry,
    /// A block leads to one that is not there.
    #[error("block {block} leads to block {target}, but there are only {count}")]
    Target {
        /// The block.
        block: usize,
        /// Where it leads.
        target: usize,
        /// How many blocks there are.
        count: usize,
    },
    /// A block is cut at a site that is not there.
    #[error("block {block} is cut at site {site}, but there are only {count}")]
    Site {
        /// The block.
        block: usize,
        /// The site it names.
        site: usize,
        /// How many sites there are.
        count: usize,
    },
    /// No way leads from block 0 to a block.
    #[error("block {0} cannot be reached")]
    Unreachable(usize),
    /// A callee, or an entity of a plan, is not in the program.
    #[error("`{0}` is not in the program")]
    Missing(String),
    /// An origin or a plan names a parameter that is not there.
    #[error("parameter {param} is named, but there are only {count}")]
    Param {
        /// The parameter.
        param: usize,
        /// How many parameters there are.
        count: usize,
    },
    /// An origin or a plan names a computed key that is not there.
    #[error("computed key {number} is named, but there are only {count}")]
    Key {
        /// The key.
        number: usize,
        /// How many there are.
        count: usize,
    },
}

impl Program {
    /// Checks that every block, site, callee and parameter that is named is there, that every block can be
    /// reached, and that plans and methods go together.
    ///
    /// # Errors
    ///
    /// All faults at once.
    pub fn verify(&self) -> Result<(), VerifyError> {
        self.verify_entities()?;
        let mut check = Check { program: self, faults: Vec::new(), at: Place::program() };
        check.plans();
        check.finish()
    }

    /// The part of [`Program::verify`] that holds before plans are made.
    pub(crate) fn verify_entities(&self) -> Result<(), VerifyError> {
        let mut check = Check { program: self, faults: Vec::new(), at: Place::program() };
        if self.version != JSON_VERSION {
            check.wrong(Wrong::Version(self.version));
        }
        if self.entities.windows(2).any(|pair| pair[0].name >= pair[1].name) {
            check.wrong(Wrong::Order);
            return check.finish(); // names are looked up by their order
        }
        for entity in &self.entities {
            for (place, method) in entity.methods.iter().enumerate() {
                check.at = Place::method(entity, method);
                if entity.methods[..place].iter().any(|earlier| earlier.name == method.name) {
                    check.wrong(Wrong::Twice);
                }
                check.blocks(method);
                check.sites(method);
            }
        }
        check.finish()
    }
}

impl Place {
    fn program() -> Self {
        Place { entity: String::new(), method: String::new(), file: String::new(), line: 1 }
    }

    fn method(entity: &Entity, method: &Method) -> Self {
        Place {
            entity: entity.name.clone(),
            method: method.name.clone(),
            file: entity.file.clone(),
            line: method.line,
        }
    }
}

struct Check<'a> {
    program: &'a Program,
    faults: Vec<Fault>,
    at: Place,
}

impl Check<'_> {
    fn finish(self) -> Result<(), VerifyError> {
        if self.faults.is_empty() { Ok(()) } else { Err(VerifyError { faults: self.faults }) }
    }

    fn wrong(&mut self, wrong: Wrong) {
        self.faults.push(Fault { place: self.at.clone(), wrong });
    }

    fn wrong_at(&mut self, line: u32, wrong: Wrong) {
        self.faults.push(Fault { place: Place { line, ..self.at.clone() }, wrong });
    }

    fn blocks(&mut self, method: &Method) {
        if method.blocks.is_empty() && !method.sites.is_empty() {
            self.wrong(Wrong::NoEntry);
        }
        let count = method.blocks.len();
        for (block, form) in method.blocks.iter().enumerate() {
            let line = form.lines.first().map_or(method.line, |line| line.line);
            for target in form.end.targets().into_iter().filter(|target| *target >= count) {
                self.wrong_at(line, Wrong::Target { block, target, count });
            }
            if let End::Call { site, .. } = form.end
                && site >= method.sites.len()
            {
                self.wrong_at(line, Wrong::Site { block, site, count: method.sites.len() });
            }
        }
        for (block, reached) in reachable(method).into_iter().enumerate() {
            if !reached {
                let line = method.blocks[block].lines.first().map_or(method.line, |line| line.line);
                self.wrong_at(line, Wrong::Unreachable(block));
            }
        }
    }

    fn sites(&mut self, method: &Method) {
        for site in &method.sites {
            for callee in site.callees.iter().filter(|callee| !self.is_there(callee)).collect::<Vec<_>>() {
                self.wrong_at(site.line, Wrong::Missing(callee.to_string()));
            }
            for fact in &site.calls {
                for origin in std::iter::once(&fact.receiver).chain(&fact.arguments) {
                    let Origin::Known { params, computed, .. } = origin else {
                        continue;
                    };
                    for number in computed.iter().copied() {
                        self.key(fact.line, number, Some(method.computed.len()));
                    }
                    for param in params.iter().copied() {
                        self.param(fact.line, param, method.params.len());
                    }
                }
            }
        }
    }

    fn plans(&mut self) {
        let methods: Vec<_> = self.program.methods().collect();
        let plans = &self.program.plans;
        let same = |(entity, method): &(&Entity, &Method), callee: &Callee| {
            callee.entity == entity.name && callee.method == method.name
        };
        if methods.len() != plans.len()
            || !methods.iter().zip(plans).all(|(method, plan)| same(method, &plan.method))
        {
            return self.wrong(Wrong::Plans);
        }
        for ((entity, method), plan) in methods.into_iter().zip(plans) {
            self.at = Place::method(entity, method);
            let AccessPlan::Static(entries) = &plan.plan else {
                continue;
            };
            for entry in entries {
                if self.program.entity(&entry.entity).is_none() {
                    self.wrong(Wrong::Missing(entry.entity.clone()));
                }
                let param = match &entry.source {
                    Source::Itself => None,
                    Source::Parameter(param) => Some(*param),
                    Source::Computed { method: by, number, parameter, .. } => {
                        let by = self.program.method(&by.entity, &by.method);
                        self.key(method.line, *number, by.map(|by| by.computed.len()));
                        *parameter
                    }
                };
                param.into_iter().for_each(|param| self.param(method.line, param, method.params.len()));
            }
        }
    }

    fn param(&mut self, line: u32, param: usize, count: usize) {
        if param >= count {
            self.wrong_at(line, Wrong::Param { param, count });
        }
    }

    /// `count` is that of the method that computes it; there may be no such method.
    fn key(&mut self, line: u32, number: usize, count: Option<usize>) {
        if count.is_none_or(|count| number >= count) {
            self.wrong_at(line, Wrong::Key { number, count: count.unwrap_or_default() });
        }
    }

    fn is_there(&self, callee: &Callee) -> bool {
        self.program.entity(&callee.entity).is_some_and(|entity| {
            BUILT_IN.iter().any(|(name, _)| *name == callee.method)
                || entity.methods.iter().any(|method| method.name == callee.method)
        })
    }
}

fn reachable(method: &Method) -> Vec<bool> {
    let mut reached = vec![false; method.blocks.len()];
    let mut next = vec![0];
    while let Some(block) = next.pop() {
        if block < reached.len() && !reached[block] {
            reached[block] = true;
            next.extend(method.blocks[block].end.targets());
        }
    }
    reached
}
