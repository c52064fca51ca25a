//! How to look at a program: by name, and printed in the forms of this crate.
use crate::{
    Access, AccessPlan, BUILT_IN, Callee, End, Entity, Method, Program, dot, html, json, mermaid, text,
};
use std::collections::BTreeSet;
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

    /// The classes of the entities that a transaction from this method can write, and of those it can read, whatever
    /// its plan is: what the types of its calls say, followed to the end.
    #[must_use]
    pub fn reach(&self, method: &Callee) -> [BTreeSet<String>; 2] {
        let [mut writes, mut reads] = [BTreeSet::new(), BTreeSet::new()];
        for (at, access) in self.called(method) {
            let auto = self.entity(&at.entity).is_some_and(|entity| entity.auto);
            let set = if access == Access::Read && !auto { &mut reads } else { &mut writes };
            set.insert(at.entity.clone());
        }
        [writes, reads]
    }

    /// Whether a transaction from this method changes nothing, whatever its plan is; that an `auto` entity comes into being
    /// when it is first read does not count.
    #[must_use]
    pub fn only_reads(&self, method: &Callee) -> bool {
        self.called(method).iter().all(|(_, access)| *access == Access::Read)
    }

    /// The methods that this one may call, itself included, with their access to their entities.
    fn called<'p>(&'p self, method: &'p Callee) -> Vec<(&'p Callee, Access)> {
        let (mut seen, mut todo, mut called) = (BTreeSet::from([method]), vec![method], Vec::new());
        while let Some(at) = todo.pop() {
            let built_in = BUILT_IN.iter().find(|(name, _)| *name == at.method).map(|(_, access)| *access);
            let found = self.method(&at.entity, &at.method);
            called.push((at, found.map(|method| method.access).or(built_in).unwrap_or(Access::Create)));
            for callee in found.into_iter().flat_map(|method| &method.sites).flat_map(|site| &site.callees) {
                if seen.insert(callee) {
                    todo.push(callee);
                }
            }
        }
        called
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
