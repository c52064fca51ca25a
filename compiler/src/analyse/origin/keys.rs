//! Keys that are computed from what is known when a request is ordered: its arguments, and the key of its entity.
//!
//! `Stock::at((warehouse, item))` with two parameters names an entity as surely as a parameter does. Such a reference is
//! *computed*: its expression is evaluated once more when the request is ordered. Only expressions take part that do
//! nothing but compute: no calls of functions that are not known, no state, nothing that can change in between.
use super::eval::is_self;
use super::{Walk, bindings, brief, known};
use crate::analyse::scope;
use crate::hygiene;
use crate::syntax::{attributes, calls};
use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use std::collections::BTreeSet;
use syn::spanned::Spanned;
use syn::visit::Visit;
use syn::visit_mut::{self, VisitMut};
use syn::{BinOp, Expr, Ident, Member, Pat, UnOp};

/// What a computed key is made of, besides literals and constants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Needs {
    /// It relies on names, or on operators.
    presumed: bool,
    /// Places in [`Walk::given`].
    given: BTreeSet<usize>,
    /// The field of the entity, which has to be its key.
    own: Option<String>,
}

impl Needs {
    fn by_name(mut self) -> Self {
        self.presumed = true;
        self
    }

    fn and(mut self, other: Self) -> Option<Self> {
        self.given.extend(other.given);
        self.presumed |= other.presumed;
        match (&self.own, other.own) {
            (Some(own), Some(other)) if *own != other => return None,
            (None, other) => self.own = other,
            _ => {}
        }
        Some(self)
    }
}

/// Bindings whose values are known when the request is ordered.
#[derive(Clone, Debug)]
pub(super) struct Given {
    pat: Pat,
    from: From,
    needs: Needs,
}

/// Where the value of a pattern comes from.
#[derive(Clone, Debug)]
pub(super) enum From {
    /// A parameter.
    Parameter(usize),
    /// `let`.
    Let(Expr),
    /// Each element in turn.
    Each(Expr),
    /// A pattern that may not fit.
    If(Expr),
}

/// A reference whose key is computed.
pub(crate) struct Computed {
    pub(crate) text: String,
    pub(crate) line: u32,
    /// The field of the entity that it needs, which has to be its key.
    pub(crate) own: Option<String>,
    /// Whether it relies on names or on operators, which may be of the user's.
    pub(crate) presumed: bool,
    /// The parameters that it needs.
    pub(crate) parameters: BTreeSet<usize>,
    expr: Expr,
    /// What the expression itself needs.
    needs: BTreeSet<usize>,
    /// All that is needed, in order.
    given: Vec<(usize, Given)>,
}

impl Walk<'_> {
    /// What the bindings of a pattern will come from, if that is known when the request is ordered. To be asked before they
    /// are bound: they may have names that are meant here.
    pub(super) fn source(&self, from: From) -> Option<(From, Needs)> {
        let needs = match &from {
            From::Parameter(_) => Needs::default(),
            // What it is made into may be known by its use alone, and that is not among what is computed.
            From::Let(expr) | From::Each(expr) if is_open(expr) => return None,
            From::Let(expr) | From::Each(expr) | From::If(expr) => self.needs(expr)?,
        };
        Some((from, needs))
    }

    /// The bindings of a pattern come from there.
    pub(super) fn give(&mut self, pat: &Pat, bound: &[usize], source: Option<(From, Needs)>) {
        let Some((from, needs)) = source else { return };
        let plain = match from {
            From::If(_) => bindings(pat).iter().all(|pat| pat.by_ref.is_none() && pat.mutability.is_none()),
            From::Parameter(_) | From::Let(_) | From::Each(_) => is_plain(pat),
        };
        if !plain {
            return;
        }
        let given = self.given.len();
        self.given.push(Given { pat: pat.clone(), from, needs });
        for binding in bound {
            self.bindings[*binding].given = Some(given);
        }
    }

    /// The number of a reference `T::at(key)` whose key can be computed beforehand; with the entity's field that has to be
    /// its key for that.
    pub(super) fn computed(&mut self, expr: &Expr, key: &Expr) -> Option<(usize, Option<String>)> {
        if !self.input.sig.generics.params.is_empty() || !self.stands_alone() {
            return None;
        }
        let needs = self.needs(key)?;
        let mut all = needs.given.clone();
        let direct = all.clone();
        let mut own = needs;
        // What is needed was given before.
        for given in (0..self.given.len()).rev() {
            if all.contains(&given) {
                all.extend(&self.given[given].needs.given);
                own = own.and(self.given[given].needs.clone())?;
            }
        }
        let given: Vec<(usize, Given)> = all.iter().map(|at| (*at, self.given[*at].clone())).collect();
        // Numbers without a type may have got it from a use that is not among what is computed.
        if own.presumed && given.iter().any(|(_, given)| given.is_untyped()) || !of_one_context(expr, &given)
        {
            return None;
        }
        let parameters = given.iter().filter_map(|(_, given)| match given.from {
            From::Parameter(place) => Some(place),
            From::Let(_) | From::Each(_) | From::If(_) => None,
        });
        let number = self.computed.len();
        self.computed.push(Computed {
            text: brief::brief(expr),
            line: calls::line(expr.span()),
            own: own.own.clone(),
            presumed: own.presumed,
            parameters: parameters.collect(),
            expr: expr.clone(),
            needs: direct,
            given,
        });
        Some((number, own.own))
    }

    /// Whether a piece of the body means the same outside of it: there are no items, and nothing is compiled sometimes.
    fn stands_alone(&mut self) -> bool {
        let (body, sig) = (self.input.body, self.input.sig);
        *self.alone.get_or_insert_with(|| {
            let mut items = Items(false);
            items.visit_block(body);
            let mut params = scope::typed(sig);
            !items.0
                && !params.any(|param| binds_uppercase(&param.pat))
                && !["cfg", "unsafe"].iter().any(|name| attributes::mentions(body, name))
        })
    }

    fn needs(&self, expr: &Expr) -> Option<Needs> {
        match expr {
            Expr::Paren(expr) => self.needs(&expr.expr),
            Expr::Group(expr) => self.needs(&expr.expr),
            Expr::Lit(_) => Some(Needs::default()),
            Expr::Path(path) if path.qself.is_none() => self.name(expr, path),
            Expr::Field(field) if is_self(&field.base) => match &field.member {
                Member::Named(name) => Some(Needs { own: Some(name.to_string()), ..Needs::default() }),
                Member::Unnamed(_) => None,
            },
            Expr::Field(field) => self.needs(&field.base),
            Expr::Reference(node) if node.mutability.is_none() => self.needs(&node.expr),
            Expr::Cast(node) => self.needs(&node.expr).map(Needs::by_name),
            Expr::Unary(node) if matches!(node.op, UnOp::Deref(_) | UnOp::Not(_) | UnOp::Neg(_)) => {
                self.needs(&node.expr).map(Needs::by_name)
            }
            Expr::Binary(node) if computes(&node.op) => {
                self.needs(&node.left)?.and(self.needs(&node.right)?).map(Needs::by_name)
            }
            Expr::Tuple(node) => self.all_needs(node.elems.iter()),
            Expr::Array(node) => self.all_needs(node.elems.iter()),
            Expr::MethodCall(call) if known::only_computes(&call.method.to_string()) => {
                self.needs(&call.receiver)?.and(self.all_needs(call.args.iter())?).map(Needs::by_name)
            }
            Expr::Call(call) if is_constructor(&call.func) => {
                self.all_needs(call.args.iter()).map(Needs::by_name)
            }
            _ => None,
        }
    }

    fn all_needs<'e>(&self, mut exprs: impl Iterator<Item = &'e Expr>) -> Option<Needs> {
        exprs.try_fold(Needs::default(), |all, expr| all.and(self.needs(expr)?))
    }

    fn name(&self, expr: &Expr, path: &syn::ExprPath) -> Option<Needs> {
        if let Some(binding) = self.named(expr) {
            let given = self.bindings[binding].given?;
            return Some(Needs { given: BTreeSet::from([given]), ..Needs::default() });
        }
        let names = brief::path(&path.path);
        let constant = names.last().is_some_and(|name| name.starts_with(char::is_uppercase));
        constant.then(|| Needs::default().by_name())
    }
}

/// A pattern that always fits, and binds by value or as the value is.
fn is_plain(pat: &Pat) -> bool {
    match pat {
        Pat::Ident(pat) => pat.by_ref.is_none() && pat.mutability.is_none() && pat.subpat.is_none(),
        Pat::Paren(pat) => is_plain(&pat.pat),
        Pat::Reference(pat) => pat.mutability.is_none() && is_plain(&pat.pat),
        Pat::Tuple(pat) => pat.elems.iter().all(is_plain),
        Pat::Type(pat) => is_plain(&pat.pat),
        Pat::Wild(_) => true,
        _ => false,
    }
}

/// What seldom panics: a panic would be seen where the method itself makes none, for it asks before.
fn computes(op: &BinOp) -> bool {
    use BinOp::{Add, BitAnd, BitOr, BitXor, Mul};
    matches!(op, Add(_) | Mul(_) | BitAnd(_) | BitOr(_) | BitXor(_))
}

/// `ItemId(..)`, `Some(..)`, `u64::from(..)`, `Ref::key(..)`.
fn is_constructor(func: &Expr) -> bool {
    let Expr::Path(path) = func else { return false };
    let names = brief::path(&path.path);
    match names.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [.., "Ref", "key"] | [_, "from"] => path.qself.is_none(),
        [.., last] => path.qself.is_none() && last.starts_with(char::is_uppercase),
        [] => false,
    }
}

impl Computed {
    /// Whether it needs an argument.
    pub(crate) fn has_arguments(&self) -> bool {
        !self.parameters.is_empty()
    }

    /// Code that does `then` for each reference. `own` has the value of the key, `argument` gives that of a parameter.
    pub(crate) fn code(
        &self,
        own: &Ident,
        argument: impl Fn(usize) -> TokenStream,
        then: impl Fn(&Expr) -> TokenStream,
        visitor: &Ident,
    ) -> TokenStream {
        let put = |expr: &Expr| {
            let mut expr = expr.clone();
            Own(own).visit_expr_mut(&mut expr);
            expr
        };
        let bind = |Given { pat, from, .. }: &Given, body: TokenStream| match from {
            From::Parameter(place) => {
                let argument = argument(*place);
                quote!(let #pat = #argument; #body)
            }
            From::Let(init) => {
                let init = put(init);
                quote!(let #pat = #init; #body)
            }
            From::Each(elements) => {
                let (elements, element) = (put(elements), hygiene::local("element", Span::call_site()));
                quote!(for #element in #elements { #visitor.step()?; let #pat = #element; #body })
            }
            From::If(matched) => {
                let matched = put(matched);
                quote!(if let #pat = #matched { #body })
            }
        };
        let (mut body, mut inside) = (then(&put(&self.expr)), self.needs.clone());
        for (at, (number, given)) in self.given.iter().enumerate().rev() {
            if let From::Each(_) = given.from {
                // What is moved inside the loop is there once more for each element.
                let before = self.given[..at].iter().rev();
                let mut needed = inside.clone();
                for (number, given) in before.filter(|(_, given)| !matches!(given.from, From::Each(_))) {
                    if needed.contains(number) {
                        needed.extend(&given.needs.given);
                        body = bind(given, body);
                    }
                }
            } else if inside.contains(number) {
                inside.extend(&given.needs.given);
            }
            body = bind(given, body);
        }
        body
    }
}

/// Looks for what a name may mean besides a variable: items among statements, and bindings in upper case.
struct Items(bool);

impl<'ast> Visit<'ast> for Items {
    fn visit_item(&mut self, _: &'ast syn::Item) {
        self.0 = true;
    }

    fn visit_pat(&mut self, pat: &'ast Pat) {
        self.0 |= binds_uppercase(pat);
        syn::visit::visit_pat(self, pat);
    }
}

/// A name that may be a variable or a constant.
fn binds_uppercase(pat: &Pat) -> bool {
    matches!(pat, Pat::Ident(pat) if pat.ident != "None" && pat.ident.to_string().starts_with(char::is_uppercase))
}

/// Whether what an expression is made into may be known by its use alone.
fn is_open(expr: &Expr) -> bool {
    ["into", "None", "Ok", "Err"].iter().any(|name| attributes::mentions(expr, name))
        || matches!(expr, Expr::Array(array) if array.elems.is_empty())
}

/// Whether all of this was written in one place: a name from a macro may be like another one.
fn of_one_context(expr: &Expr, given: &[(usize, Given)]) -> bool {
    let mut contexts = BTreeSet::new();
    contexts_of(expr.to_token_stream(), &mut contexts);
    for (_, Given { pat, from, .. }) in given {
        contexts_of(pat.to_token_stream(), &mut contexts);
        if let From::Let(expr) | From::Each(expr) | From::If(expr) = from {
            contexts_of(expr.to_token_stream(), &mut contexts);
        }
    }
    contexts.len() <= 1
}

/// The contexts of the names among tokens, as far as they can be told.
fn contexts_of(tokens: TokenStream, contexts: &mut BTreeSet<String>) {
    for tree in tokens {
        match tree {
            TokenTree::Group(group) => contexts_of(group.stream(), contexts),
            TokenTree::Ident(ident) => {
                let shown = format!("{:?}", ident.span());
                let context = shown.split_once("bytes").map_or("", |(context, _)| context);
                contexts.insert(context.to_owned());
            }
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
}

impl Given {
    /// Whether it has a number whose type is known by its use.
    fn is_untyped(&self) -> bool {
        let typed = matches!(self.pat, Pat::Type(_));
        match &self.from {
            From::Let(expr) | From::Each(expr) => !typed && has_open_number(expr.to_token_stream()),
            From::Parameter(_) | From::If(_) => false,
        }
    }
}

fn has_open_number(tokens: TokenStream) -> bool {
    let number = |text: String| {
        text.starts_with(|c: char| c.is_ascii_digit())
            && text.chars().all(|c| c.is_ascii_digit() || c == '_' || c == '.')
    };
    let mut dot = false;
    tokens.into_iter().any(|tree| {
        let after_dot =
            std::mem::replace(&mut dot, matches!(&tree, TokenTree::Punct(dot) if dot.as_char() == '.'));
        match tree {
            TokenTree::Group(group) => has_open_number(group.stream()),
            TokenTree::Literal(literal) => !after_dot && number(literal.to_string()),
            TokenTree::Ident(_) | TokenTree::Punct(_) => false,
        }
    })
}

/// Puts a local in the place of `self.field`.
struct Own<'a>(&'a Ident);

impl VisitMut for Own<'_> {
    fn visit_expr_mut(&mut self, expr: &mut Expr) {
        if let Expr::Field(field) = expr
            && is_self(&field.base)
        {
            let own = self.0;
            *expr = syn::parse_quote!(#own);
            return;
        }
        visit_mut::visit_expr_mut(self, expr);
    }
}
