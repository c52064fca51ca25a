//! What is known beforehand of what a method touches.
use thalweg::graph::{AccessPlan, Method, Program, Reason, Source};

/// The kind of a plan.
pub enum Kind<'a> {
    /// By what its arguments name.
    Named,
    /// By keys that are computed, too.
    Computed,
    Dynamic(&'a [Reason]),
}

/// The methods that make calls, with the names of their entities. A method without calls touches nothing but its entity.
pub fn kinds(graph: &Program) -> impl Iterator<Item = (&str, &Method, Kind<'_>)> {
    graph.methods().filter(|(_, method)| !method.sites.is_empty()).map(|(entity, method)| {
        let kind = match graph.plan_of(&entity.name, &method.name).expect("every method has a plan") {
            AccessPlan::Static(entries) => {
                let computes = entries.iter().any(|entry| matches!(entry.source, Source::Computed { .. }));
                if computes { Kind::Computed } else { Kind::Named }
            }
            AccessPlan::Dynamic(reasons) => Kind::Dynamic(reasons),
        };
        (entity.name.as_str(), method, kind)
    })
}
