//! Calls in the place of a statement or of a value with a type: one that is not awaited is never made, which is a mistake.
use crate::analyse::is_known_method;
use crate::syntax::calls;
use proc_macro2::{Span, TokenStream};
use syn::ext::IdentExt;
use syn::visit_mut::{self, VisitMut};
use syn::{Expr, Local, Pat, Stmt, Type};

/// Where a statement is a call of a method that may be an entity's.
pub(super) fn may_be_a_call(stmt: &Stmt) -> Option<Span> {
    match stmt {
        Stmt::Expr(expr @ Expr::MethodCall(call), Some(_)) if calls::site(expr).is_none() => {
            let known = is_known_method(&call.method.unraw().to_string());
            (!known).then(|| call.method.span())
        }
        _ => None,
    }
}

/// `value;` becomes `match value { value => { (&Statement(&value)).is_made(); value } };`: the types tell whether it is a
/// call.
pub(super) fn check(stmt: &mut Stmt, span: Span, p: &TokenStream) {
    let Stmt::Expr(expr, Some(_)) = stmt else { return };
    let attrs = crate::syntax::attributes::take(expr);
    let (value, p) = (crate::hygiene::local("value", span), crate::hygiene::located(p, span));
    let mut checked: syn::ExprMatch = syn::parse_quote_spanned! {span=>
        #[allow(unreachable_code)]
        match () {
            #value => {
                #[allow(unused_imports)]
                use #p::AnyStatement as _;
                (&#p::Statement(&#value)).is_made();
                #value
            }
        }
    };
    std::mem::swap(&mut *checked.expr, expr);
    *expr = Expr::Match(checked);
    crate::syntax::attributes::put(expr, attrs);
}

/// Where `let total: i64 = Account::at(1).balance();` may bind a call instead of its result.
pub(super) fn may_bind_a_call(stmt: &Stmt) -> Option<Span> {
    let Stmt::Local(Local { pat: Pat::Type(pat), init: Some(init), .. }) = stmt else { return None };
    let Expr::MethodCall(call) = &*init.expr else { return None };
    let Expr::Call(receiver) = &*call.receiver else { return None };
    let Expr::Path(path) = &*receiver.func else { return None };
    let is_reference = path.path.segments.len() > 1 && path.path.segments.last()?.ident == "at";
    let known = is_known_method(&call.method.unraw().to_string());
    (is_reference && !known && may_be_a_value(&pat.ty)).then(|| call.method.span())
}

/// Whether it is no type of a call.
fn may_be_a_value(ty: &Type) -> bool {
    match ty {
        Type::Infer(_) | Type::ImplTrait(_) => false,
        Type::Path(path) => path.path.segments.last().is_none_or(|last| last.ident != "Call"),
        _ => true,
    }
}

/// `let name: T = value;` becomes `let name: T = match value { value => (&Bound::of(&value)).value(value) };`.
pub(super) fn check_bound(stmt: &mut Stmt, span: Span, p: &TokenStream) {
    let Stmt::Local(Local { init: Some(init), .. }) = stmt else { return };
    let (value, p) = (crate::hygiene::local("value", span), crate::hygiene::located(p, span));
    let mut checked: syn::ExprMatch = syn::parse_quote_spanned! {span=>
        match () {
            #value => {
                #[allow(unused_imports)]
                use #p::AnyBound as _;
                (&#p::Bound::of(&#value)).value(#value)
            }
        }
    };
    std::mem::swap(&mut *checked.expr, &mut *init.expr);
    *init.expr = Expr::Match(checked);
}

/// Looks at the statements of a function that makes no calls.
pub(super) fn check_all(body: &mut syn::Block, p: &TokenStream) {
    Statements(p).visit_block_mut(body);
}

struct Statements<'a>(&'a TokenStream);

impl VisitMut for Statements<'_> {
    fn visit_item_mut(&mut self, _: &mut syn::Item) {}

    fn visit_stmt_mut(&mut self, stmt: &mut Stmt) {
        let (checked, bound) = (may_be_a_call(stmt), may_bind_a_call(stmt));
        visit_mut::visit_stmt_mut(self, stmt);
        if let Some(span) = checked {
            check(stmt, span, self.0);
        }
        if let Some(span) = bound {
            check_bound(stmt, span, self.0);
        }
    }
}
