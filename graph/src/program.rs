//! How to look at a program: by name, and printed in the forms of this crate.
use crate::{AccessPlan, Callee, End, Entity, Method, Program, dot, html, json, mermaid, text};
use std::fmt;

impl Program {
    /// The entity of this name.
    #[must_use]
    pub fn entity(&self, name: &str) -> Option<&Entity> {
        let place = self.entities.binary_search_by(|entity| entity.name.as_str().cmp(name)).ok()?;
        Some(&self.entities[place])
    }

    /// The method of this name of the entity of that name.
    #[must_use]
    pub fn method(&self, entity: &str, method: &str) -> Option<&Method> {
        self.entity(entity)?.methods.iter().find(|found| found.name == method)
    }

    /// All methods with their entities, in the order of [`Program::plans`].
    pub fn methods(&self) -> impl Iterator<Item = (&Entity, &Method)> {
        self.entities.iter().flat_map(|entity| entity.methods.iter().map(move |method| (entity, method)))
    }

    /// The access plan of a method.
    #[must_use]
    pub fn plan_of(&self, entity: &str, method: &str) -> Option<&AccessPlan> {
        let is = |callee: &Callee| callee.entity == entity && callee.method == method;
        self.plans.iter().find(|plan| is(&plan.method)).map(|plan| &plan.plan)
    }

    /// The program for people who read snapshots: every fact, one a line, in a stable order.
    #[must_use]
    pub fn to_text(&self) -> String {
        self.print(text::write)
    }

    /// The operators and calls as a Graphviz document.
    #[must_use]
    pub fn to_dot(&self) -> String {
        self.print(dot::write)
    }

    /// The operators and calls as a Mermaid flowchart.
    #[must_use]
    pub fn to_mermaid(&self) -> String {
        self.print(mermaid::write)
    }

    /// The program as JSON for tools; [`Program::from_json`] reads it.
    #[must_use]
    pub fn to_json(&self) -> String {
        self.print(json::write)
    }

    /// The program as one HTML page to explore, which asks nothing of any network.
    #[must_use]
    pub fn to_html(&self) -> String {
        self.print(html::write)
    }

    /// Nothing that is not well formed is printed.
    fn print(&self, write: fn(&Program) -> String) -> String {
        if let Err(error) = self.verify() {
            panic!("a program must come from `link` or `from_json`: {error}");
        }
        write(self)
    }
}

impl End {
    /// The blocks where control can go, in order.
    #[must_use]
    pub fn targets(&self) -> Vec<usize> {
        match self {
            End::Goto(target) => vec![*target],
            End::Branch(ways) => ways.iter().map(|(_, target)| *target).collect(),
            End::Call { next, .. } => vec![*next],
            End::Return => vec![],
        }
    }
}

impl fmt::Display for Callee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}::{}", self.entity, self.method)
    }
}
