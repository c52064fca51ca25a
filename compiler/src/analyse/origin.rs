//! Origins: where the references in a value came from.
//!
//! One walk over the body turns it into a flow between bindings, without regard to the order of statements; the
//! facts of each site are then read off the solution. The analysis says more references than there are, never
//! less: what it does not know by name is [`Origin::Unknown`]. It trusts these names: the methods of the standard
//! library in [`known`] do what they do there, also on a user's own type.
mod assign;
mod brief;
mod call;
mod eval;
mod flow;
pub(super) mod keys;
mod known;
mod macros;
mod method;

use super::MethodInput;
use super::scope::{self, Scope, bindings};
use crate::syntax::calls;
use flow::{Flow, Solution, Value};
use keys::{Computed, From, Given};
use std::collections::BTreeSet;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Expr, Pat};
use thalweg_graph::{CallFact, Origin};

/// Whether a method of this name is taken for one of the standard library.
pub(super) fn is_known_method(name: &str) -> bool {
    known::method(name).is_some()
}

/// The fields that a method makes references of, as `Self::at(self.id)`: to the entity itself where one of them is its key.
pub(super) fn fields_as_keys(body: &syn::Block) -> BTreeSet<String> {
    struct Fields(BTreeSet<String>);
    impl<'ast> Visit<'ast> for Fields {
        fn visit_expr_call(&mut self, call: &'ast syn::ExprCall) {
            let is_at = matches!(&*call.func, Expr::Path(path) if path.path.segments.last().is_some_and(|last| last.ident == "at"));
            if let (true, Some(field)) = (is_at, call.args.first().and_then(call::own_field)) {
                self.0.insert(field.to_string());
            }
            visit::visit_expr_call(self, call);
        }
    }
    let mut fields = Fields(BTreeSet::new());
    fields.visit_block(body);
    fields.0
}

/// What is known of the calls of a site.
#[derive(Clone, Debug)]
pub(super) struct SiteFacts {
    pub(super) calls: Vec<CallFact>,
    pub(super) used: bool,
}

/// The facts of every site of a method, and the references whose keys are computed.
pub(super) fn facts(input: &MethodInput<'_>, key: Option<&str>) -> (Vec<SiteFacts>, Vec<Computed>) {
    let sites = input.sites.len();
    let mut walk = Walk {
        input,
        key,
        scope: Scope::new(),
        bindings: Vec::new(),
        flow: Flow::default(),
        breaks: Vec::new(),
        given: Vec::new(),
        computed: Vec::new(),
        alone: None,
        sites: (0..sites).map(|_| Pending { calls: None, used: true }).collect(),
    };
    if sites > 0 {
        for (place, param) in scope::typed(input.sig).enumerate() {
            let source = walk.source(From::Parameter(place));
            let bound = walk.bind(&param.pat, &Value::default());
            bound.iter().for_each(|binding| walk.flow.parameter(*binding, place));
            walk.give(&param.pat, &bound, source);
        }
        walk.block(input.body);
    }
    let solution = std::mem::take(&mut walk.flow).solve();
    let facts = walk.sites.iter().map(|site| walk.site(site, &solution)).collect();
    (facts, walk.computed)
}

/// A call as an expression, before anything is solved.
#[derive(Clone, Debug)]
struct Call {
    method: String,
    line: u32,
    receiver: Value,
    arguments: Vec<Value>,
}

/// The calls in a value.
#[derive(Clone, Debug)]
enum Calls {
    /// One after the other, one for each part of a tuple.
    List(Vec<Call>),
    /// The elements of a collection are all made by this call.
    Each(Call),
    /// What was pushed to this binding.
    Batch(usize),
}

/// A call site, before anything is solved.
struct Pending {
    calls: Option<Calls>,
    used: bool,
}

/// A binding: its name is bound to a place here.
struct Binding {
    /// It is declared `mut`.
    mutable: bool,
    /// It may hold a `&mut`.
    exclusive: bool,
    /// It is this value and no other, a call not yet made.
    calls: Option<Calls>,
    /// It began as an empty `Vec`, and all that was done to it is to push these.
    batch: Option<Vec<Call>>,
    /// Where its value comes from, if that is known when the request is ordered: a place in [`Walk::given`].
    given: Option<usize>,
}

struct Walk<'a> {
    input: &'a MethodInput<'a>,
    /// The field that is the key, if it is known.
    key: Option<&'a str>,
    scope: Scope<usize>,
    bindings: Vec<Binding>,
    flow: Flow,
    /// The loops and labelled blocks around this place, with the values of their `break`s.
    breaks: Vec<(Option<String>, bool, Value)>,
    sites: Vec<Pending>,
    given: Vec<Given>,
    computed: Vec<Computed>,
    /// Whether pieces of the body mean the same outside of it, as far as that has been asked.
    alone: Option<bool>,
}

impl Walk<'_> {
    /// Makes bindings of a pattern; each may hold all of the value.
    fn bind(&mut self, pat: &Pat, value: &Value) -> Vec<usize> {
        let mut made = Vec::new();
        for pat in bindings(pat) {
            let binding = self.bindings.len();
            self.bindings.push(Binding {
                mutable: pat.mutability.is_some() && pat.by_ref.is_none(),
                exclusive: value.exclusive || (pat.mutability.is_some() && pat.by_ref.is_some()),
                calls: None,
                batch: None,
                given: None,
            });
            self.flow.assign(binding, value);
            self.scope.bind(pat.ident.to_string(), binding);
            made.push(binding);
        }
        made
    }

    /// The binding that an expression is nothing but the name of.
    fn named(&self, expr: &Expr) -> Option<usize> {
        match expr {
            Expr::Path(path) if path.qself.is_none() => self.scope.find(&path.path.get_ident()?.to_string()),
            Expr::Paren(expr) => self.named(&expr.expr),
            Expr::Group(expr) => self.named(&expr.expr),
            _ => None,
        }
    }

    fn unknown(&self, expr: &Expr, what: &str) -> Value {
        let text = brief::brief(expr);
        Value::unknown(calls::line(expr.span()), format!("`{text}` {what}"))
    }

    fn site(&self, site: &Pending, solution: &Solution) -> SiteFacts {
        let fact = |call: &Call| self.fact(call, solution);
        let calls = match &site.calls {
            None => Vec::new(),
            Some(Calls::List(calls)) => calls.iter().map(fact).collect(),
            Some(Calls::Each(call)) => vec![fact(call)],
            Some(Calls::Batch(binding)) => {
                let pushed = self.bindings.get(*binding).and_then(|binding| binding.batch.as_ref());
                let call = pushed.and_then(|calls| each(calls.clone()));
                call.as_ref().map(fact).into_iter().collect()
            }
        };
        SiteFacts { calls, used: site.used }
    }

    fn fact(&self, call: &Call, solution: &Solution) -> CallFact {
        let origin = |value: &Value| -> Origin { solution.origin(value) };
        CallFact {
            method: call.method.clone(),
            line: call.line,
            receiver: origin(&call.receiver),
            arguments: call.arguments.iter().map(origin).collect(),
        }
    }
}

/// One call for the elements of a collection: they are of one type, and so calls of one method.
fn each(calls: Vec<Call>) -> Option<Call> {
    let mut calls = calls.into_iter();
    let mut all = calls.next()?;
    for call in calls {
        if call.arguments.len() != all.arguments.len() || call.method != all.method {
            return None;
        }
        all.receiver.add(call.receiver);
        all.arguments.iter_mut().zip(call.arguments).for_each(|(all, value)| all.add(value));
    }
    Some(all)
}
