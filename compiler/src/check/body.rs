//! Bodies: calls where they cannot be cut, and what would be misunderstood.
use super::determinism;
use crate::diagnostics::{self, Errors};
use crate::model::{Function, Kind, Methods};
use crate::syntax::places::{assigns, indexes, is_self, is_self_place, is_steady};
use crate::syntax::{attributes, calls, macros};
use proc_macro2::{TokenStream, TokenTree};
use std::collections::BTreeSet;
use syn::ext::IdentExt;
use syn::visit::{self, Visit};
use syn::{Expr, Pat, Stmt, Type};

/// Looks at the body of a function.
pub(super) fn check(methods: &Methods, function: &Function, errors: &mut Errors) {
    if !methods.options.nondeterminism {
        determinism::check(function, errors);
    }
    let mut body = Body {
        errors,
        suspends: function.is_async(),
        reads: function.kind == Kind::Read,
        calling: &methods.calling,
        references: references(function),
        inside: None,
    };
    body.visit_block(&function.body);
}

/// The parameters that are references to entities, as far as their types say so, and that nothing else is named after.
fn references(function: &Function) -> BTreeSet<String> {
    let named = function.params().filter_map(|param| match (&*param.pat, &*param.ty) {
        (Pat::Ident(name), Type::Path(ty)) if ty.path.segments.last()?.ident == "Ref" => {
            Some(name.ident.to_string())
        }
        _ => None,
    });
    let mut names: BTreeSet<String> = named.collect();
    let mut bound = Bound(BTreeSet::new());
    bound.visit_block(&function.body);
    names.retain(|name| !bound.0.contains(name));
    names
}

/// The names that patterns bind.
struct Bound(BTreeSet<String>);

impl<'ast> Visit<'ast> for Bound {
    fn visit_pat_ident(&mut self, pat: &'ast syn::PatIdent) {
        self.0.insert(pat.ident.to_string());
        visit::visit_pat_ident(self, pat);
    }
}

struct Body<'a> {
    errors: &'a mut Errors,
    suspends: bool,
    /// Whether the method takes `&self`.
    reads: bool,
    /// The async methods of the block.
    calling: &'a BTreeSet<String>,
    /// See [`references`].
    references: BTreeSet<String>,
    /// Why a call here is wrong.
    inside: Option<&'static str>,
}

impl Body<'_> {
    fn within(&mut self, reason: &'static str, walk: impl FnOnce(&mut Self)) {
        let outer = self.inside.replace(reason);
        walk(self);
        self.inside = outer;
    }

    /// `self.x = ..` in a `&self` method: rustc would speak of a name that the user has not written.
    fn assigned(&mut self, left: &Expr) {
        if self.suspends && self.reads && is_self_place(left) {
            self.errors.at(left, diagnostics::ASSIGNS_SHARED);
        }
    }

    /// `account.balance` where `account` is a reference to an entity.
    fn field_of_another(&mut self, field: &syn::ExprField) {
        if let Expr::Path(path) = &*field.base
            && let Some(name) = path.path.get_ident()
            && self.references.contains(&name.to_string())
            && let syn::Member::Named(member) = &field.member
        {
            self.errors.at(field, diagnostics::field_of_another(&name.to_string(), &member.to_string()));
        }
    }

    fn conditions(&mut self, attrs: &[syn::Attribute], code: &Expr) {
        if let Some(attribute) = attributes::hidden_condition(attrs)
            && calls::has_site(code)
        {
            self.errors.at(attribute, diagnostics::HIDDEN_CONDITION);
        }
    }

    /// The arms of a match of which a guard makes a call.
    fn guards(&mut self, node: &syn::ExprMatch) {
        let calls = |arm: &syn::Arm| matches!(&arm.pat, Pat::Guard(guard) if calls::has_site(&guard.guard));
        if !node.arms.iter().any(calls) {
            return;
        }
        match &*node.expr {
            Expr::Reference(reference) if is_self_place(&reference.expr) => {
                self.errors.at(&node.expr, diagnostics::GUARD_BORROWS);
            }
            place if is_self_place(place) => {
                let mut found = Mutable(None);
                node.arms.iter().for_each(|arm| found.visit_pat(&arm.pat));
                if let Some(binding) = found.0 {
                    self.errors.at(binding, diagnostics::GUARD_BORROWS);
                }
            }
            _ => {}
        }
    }
}

/// A `ref mut` binding.
struct Mutable<'a>(Option<&'a syn::PatIdent>);

impl<'ast> Visit<'ast> for Mutable<'ast> {
    fn visit_pat_ident(&mut self, pat: &'ast syn::PatIdent) {
        if pat.by_ref.is_some() {
            self.0 = Some(pat);
        }
        visit::visit_pat_ident(self, pat);
    }
}

impl<'ast> Visit<'ast> for Body<'_> {
    fn visit_item(&mut self, _: &'ast syn::Item) {}

    fn visit_stmt(&mut self, stmt: &'ast Stmt) {
        match stmt {
            Stmt::Local(local) => {
                local.init.iter().for_each(|init| self.conditions(&local.attrs, &init.expr));
            }
            Stmt::Expr(Expr::Call(call), Some(_)) if calls::join_name(&call.func).is_some() => {
                self.errors.at(&call.func, diagnostics::NOT_AWAITED);
            }
            _ => {}
        }
        visit::visit_stmt(self, stmt);
    }

    fn visit_expr(&mut self, expr: &'ast Expr) {
        self.conditions(attributes::of(expr), expr);
        visit::visit_expr(self, expr);
    }

    fn visit_expr_await(&mut self, expr: &'ast syn::ExprAwait) {
        match self.inside {
            Some(reason) => self.errors.at(expr.await_token, reason),
            None if !self.suspends => self.errors.at(expr.await_token, diagnostics::CALL_IN_SYNC),
            None => {}
        }
        visit::visit_expr_await(self, expr);
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        if let (Some(reason), true) = (self.inside, self.suspends && calls::is_send(call)) {
            self.errors.at(&call.method, reason);
        }
        if !self.suspends
            && is_self(&call.receiver)
            && self.calling.contains(&call.method.unraw().to_string())
        {
            self.errors.at(&call.method, diagnostics::CALL_IN_SYNC);
        }
        visit::visit_expr_method_call(self, call);
    }

    fn visit_expr_closure(&mut self, closure: &'ast syn::ExprClosure) {
        self.within(diagnostics::IN_CLOSURE, |body| visit::visit_expr_closure(body, closure));
    }

    fn visit_expr_async(&mut self, block: &'ast syn::ExprAsync) {
        self.within(diagnostics::IN_ASYNC_BLOCK, |body| visit::visit_expr_async(body, block));
    }

    fn visit_expr_assign(&mut self, node: &'ast syn::ExprAssign) {
        self.assigned(&node.left);
        visit::visit_expr_assign(self, node);
    }

    fn visit_expr_binary(&mut self, node: &'ast syn::ExprBinary) {
        if assigns(&node.op) {
            self.assigned(&node.left);
            let mut left = (*node.left).clone();
            let indexed =
                is_self_place(&left) && indexes(&mut left).iter().any(|index| calls::has_site(index));
            if indexed && !is_steady(&node.right) {
                // Which side comes first depends on their types.
                self.errors.at(&node.left, diagnostics::INDEX_OR_VALUE);
            }
        }
        visit::visit_expr_binary(self, node);
    }

    fn visit_expr_field(&mut self, node: &'ast syn::ExprField) {
        self.field_of_another(node);
        visit::visit_expr_field(self, node);
    }

    fn visit_expr_match(&mut self, node: &'ast syn::ExprMatch) {
        self.guards(node);
        visit::visit_expr_match(self, node);
    }

    fn visit_macro(&mut self, mac: &'ast syn::Macro) {
        let joins = ["join", "try_join", "select"].contains(&macros::name(mac).as_str());
        if joins
            && mac
                .path
                .segments
                .first()
                .is_some_and(|first| first.ident == "tokio" || first.ident == "futures")
        {
            return self.errors.at(&mac.path, diagnostics::FOREIGN_JOIN);
        }
        match macros::parse(mac) {
            Some(parsed) => parsed.args.iter().for_each(|arg| {
                Body { errors: self.errors, references: self.references.clone(), ..*self }.visit_expr(arg)
            }),
            None => {
                if let Some(call) = calls::find(mac.tokens.clone()) {
                    self.errors.at(call, diagnostics::IN_MACRO);
                }
            }
        }
        if let (true, Some(text)) = (self.suspends, find_self_capture(mac.tokens.clone())) {
            self.errors.at(text, diagnostics::SELF_IN_FORMAT);
        }
    }

    fn visit_expr_for_loop(&mut self, expr: &'ast syn::ExprForLoop) {
        if self.suspends && borrows_self(&expr.expr) && calls::block_has_site(&expr.body) {
            self.errors.at(&expr.expr, diagnostics::ITERATES_SELF);
        }
        visit::visit_expr_for_loop(self, expr);
    }
}

/// `&self.items`, `self.items.iter()` and their like.
fn borrows_self(expr: &Expr) -> bool {
    match expr {
        Expr::Reference(reference) => is_self_place(&reference.expr),
        Expr::MethodCall(call) => {
            let borrows =
                ["iter", "iter_mut", "keys", "values", "values_mut", "range", "drain", "chunks", "windows"];
            let adapts = ["enumerate", "rev", "skip", "take", "filter", "zip", "chain", "step_by"];
            let name = call.method.to_string();
            (borrows.contains(&name.as_str()) && is_self_place(&call.receiver))
                || (adapts.contains(&name.as_str()) && borrows_self(&call.receiver))
        }
        Expr::Paren(paren) => borrows_self(&paren.expr),
        _ => false,
    }
}

/// A literal such as `"{self:?}"`; `"{{self}}"` is text.
fn find_self_capture(tokens: TokenStream) -> Option<TokenTree> {
    tokens.into_iter().find_map(|tree| match tree {
        TokenTree::Group(group) => find_self_capture(group.stream()),
        TokenTree::Literal(literal) => {
            let text = literal.to_string().replace("{{", "");
            (text.contains("{self}") || text.contains("{self:")).then_some(TokenTree::Literal(literal))
        }
        TokenTree::Ident(_) | TokenTree::Punct(_) => None,
    })
}
