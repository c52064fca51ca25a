//! Cuts a body at its calls: `self` becomes a borrow that is taken up anew after each of them.
use super::body::{Names, Sites};
use super::{operands, statement, tokens};
use crate::hygiene;
use crate::model::{Function, Methods};
use crate::syntax::places::{is_self, lends_self};
use crate::syntax::{attributes, calls};
use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use std::collections::BTreeSet;
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::visit_mut::{self, VisitMut};
use syn::{Expr, Stmt};

/// The body with its calls cut.
pub(super) fn cut(methods: &Methods, function: &Function, names: &Names, sites: &Sites) -> TokenStream {
    let mut body = function.body.clone();
    mark_last(&mut body);
    Cut { names, sites, all: &function.sites, calling: &methods.calling }.visit_block_mut(&mut body);
    let output = &names.output;
    let ty = match &function.signature.output {
        syn::ReturnType::Default => quote!(()),
        syn::ReturnType::Type(_, ty) => quote!(#ty),
    };
    quote! {
        let #output: #ty = #body;
        #[allow(unreachable_code)]
        return #output;
    }
}

pub(super) struct Cut<'a> {
    pub(super) names: &'a Names,
    sites: &'a Sites,
    all: &'a [calls::Site],
    calling: &'a BTreeSet<String>,
}

impl Cut<'_> {
    /// `match CALL { call => { let value = held.call(&sites.0, call).await; self_ = held.get_mut(); value } }`;
    /// `way` is `call`, or `send` or `last` for a call that may go one way. After the last one, nothing looks at `self`.
    fn call(&self, call: &Expr, number: usize, way: &str) -> Expr {
        let span = self.all[number].span;
        let (site, get) = (self.sites.name(number), self.names.get(span));
        let [held, this, bound, value] =
            ["held", "self_", "call", "value"].map(|name| hygiene::local(name, span));
        let last = way == "last";
        let way = hygiene::local(way, span);
        let span = span.resolved_at(Span::mixed_site());
        let take_up = (!last).then(|| quote_spanned!(span=> #this = #held.#get(); let _ = &#this;));
        let mut matched: syn::ExprMatch = syn::parse_quote_spanned! {span=>
            match () {
                #bound => {
                    let #value = #held.#way(&#site, #bound).await;
                    #take_up
                    #value
                }
            }
        };
        *matched.expr = call.clone();
        Expr::Match(matched)
    }

    /// What a call site or a call of an own async method becomes.
    fn rewritten(&self, expr: &Expr) -> Option<Expr> {
        let number = calls::site(expr);
        match expr {
            Expr::Await(awaited) => {
                let way = if awaited.attrs.iter().any(is_last) { "last" } else { "call" };
                Some(self.call(&awaited.base, number?, way))
            }
            Expr::MethodCall(sent) if number.is_some() => Some(self.call(&sent.receiver, number?, "send")),
            // It has kept the mark of a site apart from those around it.
            Expr::Group(group) if matches!(&*group.expr, Expr::Match(_)) => Some((*group.expr).clone()),
            _ => None,
        }
    }

    /// `self.child(1)` and `Self::child(self, 1)` of an own async method are calls to the entity itself.
    fn own_call(&self, expr: &Expr) -> Option<Expr> {
        match expr {
            Expr::MethodCall(call) if is_self(&call.receiver) && self.calls(&call.method) => {
                let mut call = call.clone();
                *call.receiver = self.own_reference(call.receiver.span());
                Some(Expr::MethodCall(call))
            }
            Expr::Call(call) if call.args.first().is_some_and(lends_self) => {
                let Expr::Path(path) = &*call.func else { return None };
                let [.., owner, method] = &path.path.segments.iter().collect::<Vec<_>>()[..] else {
                    return None;
                };
                if owner.ident != "Self" || !self.calls(&method.ident) {
                    return None;
                }
                let (reference, args) = (self.own_reference(path.span()), call.args.iter().skip(1));
                let generics = match &method.arguments {
                    syn::PathArguments::AngleBracketed(generics) => Some(quote!(:: #generics)),
                    _ => None,
                };
                let (attrs, name) = (&call.attrs, &method.ident);
                Some(syn::parse_quote!(#(#attrs)* #reference.#name #generics (#(#args),*)))
            }
            _ => None,
        }
    }

    fn own_reference(&self, span: Span) -> Expr {
        let (p, this) = (&self.names.p, hygiene::local("self_", span));
        syn::parse_quote!(#p::Ref::<Self>::at(#p::std::clone::Clone::clone(#p::Entity::key(&*#this))))
    }

    fn calls(&self, method: &syn::Ident) -> bool {
        self.calling.contains(&method.unraw().to_string())
    }
}

impl VisitMut for Cut<'_> {
    fn visit_item_mut(&mut self, item: &mut syn::Item) {
        // The body of a macro that is defined here speaks of the `self` of this method.
        if let syn::Item::Macro(item) = item {
            item.mac.tokens = tokens::rename_in_rules(std::mem::take(&mut item.mac.tokens));
        }
    }

    fn visit_stmt_mut(&mut self, stmt: &mut Stmt) {
        if let Stmt::Macro(node) = stmt
            && let Some(expr) = tokens::as_expression(node)
        {
            *stmt = Stmt::Expr(expr, node.semi_token);
        }
        calls::macro_as_expression(stmt);
        let checked = statement::may_be_a_call(stmt);
        visit_mut::visit_stmt_mut(self, stmt);
        if let Some(span) = checked {
            statement::check(stmt, span, &self.names.p);
        }
    }

    fn visit_expr_mut(&mut self, expr: &mut Expr) {
        operands::bind(expr, &self.names.p);
        if let Some(call) = self.own_call(expr) {
            *expr = call;
        }
        if let Expr::Macro(node) = expr
            && let Some(shown) = tokens::expression(&node.mac)
        {
            let attrs = attributes::take(expr);
            *expr = shown;
            attributes::put(expr, attrs);
        }
        visit_mut::visit_expr_mut(self, expr);
        if let Some(rewritten) = self.rewritten(expr) {
            let users = attributes::take(expr);
            *expr = rewritten;
            attributes::put(expr, users);
        }
    }

    fn visit_expr_path_mut(&mut self, expr: &mut syn::ExprPath) {
        if let Some(ident) = expr.path.get_ident().filter(|ident| *ident == "self") {
            expr.path = hygiene::local("self_", ident.span()).into();
        } else {
            visit_mut::visit_expr_path_mut(self, expr);
        }
    }

    fn visit_macro_mut(&mut self, mac: &mut syn::Macro) {
        tokens::visit(self, mac);
    }
}

/// Marks the last call of a body, if nothing comes after it that could tell whether it has been carried out: then the
/// method may go on to its end at once. What stands there has no loops and no calls, so it ends and cannot fail.
fn mark_last(body: &mut syn::Block) {
    let mut rest = body.stmts.iter_mut().rev();
    let last = match rest.next() {
        Some(Stmt::Expr(Expr::Await(last), _)) => Some(last),
        Some(Stmt::Expr(value, _)) if is_still(value) => match rest.next() {
            Some(Stmt::Expr(Expr::Await(last), Some(_))) => Some(last),
            _ => None,
        },
        _ => None,
    };
    if let Some(last) = last {
        last.attrs.push(syn::parse_quote!(#[thalweg_last]));
    }
}

fn is_last(attribute: &syn::Attribute) -> bool {
    attribute.path().is_ident("thalweg_last")
}

/// Whether an expression only names values: `Ok(())`, `return Err(rest)`, `(a, 7)`.
fn is_still(expr: &Expr) -> bool {
    match expr {
        Expr::Lit(_) => true,
        Expr::Path(path) => path.path.get_ident().is_some_and(|name| name != "self"),
        Expr::Paren(expr) => is_still(&expr.expr),
        Expr::Tuple(tuple) => tuple.elems.iter().all(is_still),
        Expr::Return(expr) => expr.expr.as_deref().is_none_or(is_still),
        Expr::Call(call) => {
            let wraps = |name: &str| matches!(&*call.func, Expr::Path(path) if path.path.is_ident(name));
            ["Ok", "Err", "Some"].iter().any(|name| wraps(name)) && call.args.iter().all(is_still)
        }
        _ => false,
    }
}
