//! From the body of a method to the graph that is shown to people and that access plans are made of.
//!
//! ```text
//! syn::Block, its sites marked ─┬─ lower ─ Cfg ─ live ──┬─ thalweg_graph::Method
//!                               └─ origin (call facts) ─┘
//! ```
//!
//! Nothing here decides what the program does: methods run as rustc compiles them. So every body has a graph, also
//! one that rustc will reject. Where the analysis cannot see, it says so ([`thalweg_graph::Origin::Unknown`]).
//!
//! The work is linear in the size of the body, times the depth of its nesting.
pub(crate) mod cfg;
mod live;
mod lower;
mod origin;
pub(crate) mod print;
mod verify;
mod scope;
pub(crate) mod text;
#[cfg(test)]
mod tests;

use crate::syntax::calls;
use cfg::{Cfg, Terminator};
use std::collections::BTreeSet;
use thalweg_graph::{Access, Block, ComputedKey, End, Line, Method, Site, Variable};

/// A method of an entity, as written.
pub struct MethodInput<'a> {
    /// The name of the function.
    pub name: String,
    /// The line of its signature, counted from 1.
    pub line: u32,
    /// Whether it is `pub`.
    pub public: bool,
    /// What it does with its own entity.
    pub access: Access,
    /// The signature.
    pub sig: &'a syn::Signature,
    /// The body, with its call sites marked.
    pub body: &'a syn::Block,
    /// The call sites.
    pub sites: &'a [calls::Site],
    /// The async methods of the same `impl`: `self.m(..)` is a call to the entity itself.
    pub self_methods: &'a BTreeSet<String>,
    /// The name of the entity's struct.
    pub entity_name: String,
}

/// Makes the graph of a method: its blocks, cut at the call sites, and what is known of each call.
pub fn method(input: MethodInput<'_>) -> Method {
    method_keyed(input, None)
}

/// As [`method`], for an entity of which the field marked `#[key]` is known: then `Self::at(self.key)` is known to
/// be the entity itself. An `#[entity] impl` alone does not tell, and `Self::at(self.parent)` is another entity.
pub fn method_keyed(input: MethodInput<'_>, key: Option<&str>) -> Method {
    let cfg = lower(&input);
    with_computed(input, &cfg, key).0
}

/// The graph of a method, and the code of its computed keys.
fn with_computed(input: MethodInput<'_>, cfg: &Cfg, key: Option<&str>) -> (Method, Vec<Computed>) {
    let live = live::live(cfg);
    let (facts, computed) = origin::facts(&input, key);
    let computed_keys = computed.iter().map(|computed| ComputedKey {
        line: computed.line,
        text: computed.text.clone(),
        arguments: computed.has_arguments(),
        parameters: computed.parameters.clone(),
        presumed: computed.presumed,
    });
    let sites = cfg
        .sites
        .iter()
        .zip(facts)
        .enumerate()
        .map(|(id, (site, facts))| Site {
            line: site.line,
            kind: site.kind,
            text: site.text.clone(),
            calls: facts.calls,
            live: live.site(cfg, id),
            used: facts.used,
            callees: Vec::new(),
            varies: false,
        })
        .collect();
    let method = Method {
        params: params(input.sig),
        output: match &input.sig.output {
            syn::ReturnType::Default => "()".to_owned(),
            syn::ReturnType::Type(_, ty) => text::line(ty.as_ref()),
        },
        blocks: blocks(cfg, &live),
        sites,
        computed: computed_keys.collect(),
        name: input.name,
        line: input.line,
        public: input.public,
        access: input.access,
    };
    (method, computed)
}

/// What is known of a method, and what more is known where this field or that is the key of its entity. An `#[entity] impl`
/// alone does not tell which is; when the app starts, struct and impl are together.
pub(crate) struct Facts {
    pub(crate) method: Method,
    pub(crate) keyed: Vec<(String, Method)>,
    /// The code of its computed keys.
    pub(crate) computed: Vec<Computed>,
    /// Whether its control-flow graph is well formed; if not, the compiler has a mistake.
    pub(crate) verified: Result<(), String>,
}

pub(crate) use origin::keys::Computed;

/// Makes the graph of a method for every field that may be the key.
pub(crate) fn all_facts<'a>(input: impl Fn() -> MethodInput<'a>) -> Facts {
    let cfg = lower(&input());
    let verified = verify::cfg(&cfg);
    let (method, computed) = with_computed(input(), &cfg, None);
    let mut fields = origin::fields_as_keys(input().body);
    fields.extend(computed.iter().filter_map(|computed| computed.own.clone()));
    let fields = fields.into_iter();
    let keyed = fields.map(|field| (field.clone(), with_computed(input(), &cfg, Some(&field)).0));
    let keyed: Vec<_> = keyed.filter(|(_, keyed)| *keyed != method).collect();
    debug_assert!(keyed.iter().all(|(_, keyed)| keyed.computed == method.computed), "keys are numbered once");
    Facts { method, keyed, computed, verified }
}

/// Makes the control-flow graph of a method.
pub fn lower(input: &MethodInput<'_>) -> Cfg {
    lower::numbered(input.sig, input.body.clone(), input.sites)
}

/// Whether a method of this name is taken for one of the standard library.
pub(crate) fn is_known_method(name: &str) -> bool {
    origin::is_known_method(name)
}

/// The borrows of `self` that certainly live across a call: rustc would refuse them, in words of its own.
pub(crate) fn borrows_across_calls(input: &MethodInput<'_>) -> Vec<cfg::Borrow> {
    let cfg = lower(input);
    if cfg.borrows.is_empty() {
        return Vec::new();
    }
    let live = live::live(&cfg);
    let crosses = |borrow: &&cfg::Borrow| (0..cfg.sites.len()).any(|site| live.waits(site, borrow.variable));
    cfg.borrows.iter().filter(crosses).cloned().collect()
}

fn params(sig: &syn::Signature) -> Vec<Variable> {
    scope::typed(sig)
        .map(|param| Variable { name: text::line(param.pat.as_ref()), ty: text::line(param.ty.as_ref()) })
        .collect()
}

fn blocks(cfg: &Cfg, live: &live::Live) -> Vec<Block> {
    cfg.graph
        .node_indices()
        .map(|at| Block {
            lines: cfg.graph[at].code.iter().filter_map(line).collect(),
            live: live.entry(cfg, at),
            end: end(cfg, at),
        })
        .collect()
}

fn line(code: &cfg::Code) -> Option<Line> {
    (!code.text.is_empty()).then(|| Line { line: code.line, text: code.text.clone() })
}

fn end(cfg: &Cfg, at: petgraph::graph::NodeIndex) -> End {
    let ways = cfg.ways(at);
    let first = ways.first().map_or(0, |(_, to)| to.index());
    match cfg.graph[at].end {
        Terminator::Goto => End::Goto(first),
        Terminator::Return => End::Return,
        Terminator::Call(site) => End::Call { site, next: first },
        Terminator::Branch => {
            End::Branch(ways.into_iter().map(|(label, to)| (label.to_owned(), to.index())).collect())
        }
    }
}
