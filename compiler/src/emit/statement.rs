//! Calls in the place of a statement or of a value with a type: one that is not awaited is never made, which is a mistake.
use crate::analyse::is_known_method;
use crate::syntax::calls;
use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;
use syn::ext::IdentExt;
use syn::visit_mut::{self, VisitMut};
use syn::{Expr, Local, Pat, Stmt, Type};

/// Where a statement is a call of a method that may be an entity's, or binds one to a type that is not a call's:
/// `let total: i64 = Account::at(1).balance();`.
pub(super) fn may_be_a_call(stmt: &Stmt) -> Option<Span> {
    let call = match stmt {
        Stmt::Expr(expr @ Expr::MethodCall(call), Some(_)) if calls::site(expr).is_none() => call,
        Stmt::Local(Local { pat: Pat::Type(pat), init: Some(init), .. }) if may_be_a_value(&pat.ty) => {
            match &*init.expr {
                Expr::MethodCall(call) if is_reference(&call.receiver) => call,
                _ => return None,
            }
        }
        _ => return None,
    };
    let known = is_known_method(&call.method.unraw().to_string());
    (!known).then(|| call.method.span())
}

/// Whether it is no type of a call.
fn may_be_a_value(ty: &Type) -> bool {
    match ty {
        Type::Infer(_) | Type::ImplTrait(_) => false,
        Type::Path(path) => path.path.segments.last().is_none_or(|last| last.ident != "Call"),
        _ => true,
    }
}

/// Whether it reads `Account::at(..)`.
fn is_reference(receiver: &Expr) -> bool {
    let Expr::Call(call) = receiver else { return false };
    let Expr::Path(path) = &*call.func else { return false };
    let segments = &path.path.segments;
    segments.len() > 1 && segments.last().is_some_and(|last| last.ident == "at")
}

/// `value;` becomes `match value { value => { (&Statement(&value)).is_made(); value } };`, and `let name: T = value;` becomes
/// `let name: T = match value { value => (&Bound::of(&value)).value(value) };`: the types tell whether it is a call.
pub(super) fn check(stmt: &mut Stmt, span: Span, p: &TokenStream) {
    let (value, p) = (crate::hygiene::local("value", span), crate::hygiene::located(p, span));
    // Attributes stand on statements alone.
    let (expr, allowed, asked) = match stmt {
        Stmt::Expr(expr, Some(_)) => (
            expr,
            quote_spanned!(span=> #[allow(unreachable_code)]),
            quote_spanned! {span=>
                use #p::AnyStatement as _;
                (&#p::Statement(&#value)).is_made();
                #value
            },
        ),
        Stmt::Local(Local { init: Some(init), .. }) => (
            &mut *init.expr,
            TokenStream::new(),
            quote_spanned! {span=>
                use #p::AnyBound as _;
                (&#p::Bound::of(&#value)).value(#value)
            },
        ),
        _ => return,
    };
    let attrs = crate::syntax::attributes::take(expr);
    let mut checked: syn::ExprMatch = syn::parse_quote_spanned! {span=>
        #allowed
        match () {
            #value => {
                #[allow(unused_imports)]
                #asked
            }
        }
    };
    std::mem::swap(&mut *checked.expr, expr);
    *expr = Expr::Match(checked);
    crate::syntax::attributes::put(expr, attrs);
}

/// Looks at the statements of a function that makes no calls.
pub(super) fn check_all(body: &mut syn::Block, p: &TokenStream) {
    Statements(p).visit_block_mut(body);
}

struct Statements<'a>(&'a TokenStream);

impl VisitMut for Statements<'_> {
    fn visit_item_mut(&mut self, _: &mut syn::Item) {}

    fn visit_stmt_mut(&mut self, stmt: &mut Stmt) {
        let checked = may_be_a_call(stmt);
        visit_mut::visit_stmt_mut(self, stmt);
        if let Some(span) = checked {
            check(stmt, span, self.0);
        }
    }
}
