//! Finds the call sites of a body and marks each with its number.
//!
//! A site is an `.await`, or a `.send()` without arguments. Children come before their parents, so a number is the
//! place in the order of completion. The mark is an attribute on the expression: it stays with it wherever the
//! expression goes, which a source position would not inside `macro_rules!`.
use proc_macro2::Span;
use syn::visit_mut::{self, VisitMut};
use syn::{Attribute, Block, Expr, Item, Signature, parse_quote};
use thalweg_graph::SiteKind;

/// What is known of a site at first sight.
pub(super) struct Mark {
    pub(super) line: u32,
    pub(super) kind: SiteKind,
}

/// A copy of the body with every site marked; a body that is not async has none.
pub(super) fn number(sig: &Signature, body: &Block) -> (Block, Vec<Mark>) {
    let mut body = body.clone();
    let mut numbers = Numbers { marks: Vec::new() };
    if sig.asyncness.is_some() {
        numbers.visit_block_mut(&mut body);
    }
    (body, numbers.marks)
}

/// The number of a site, if the expression is one.
pub(super) fn of(expr: &Expr) -> Option<usize> {
    let attrs = match expr {
        Expr::Await(expr) => &expr.attrs,
        Expr::MethodCall(expr) if expr.method == "send" => &expr.attrs,
        _ => return None,
    };
    let mark = attrs.iter().find(|attr| attr.path().is_ident("thalweg_site"))?;
    mark.parse_args::<syn::LitInt>().ok()?.base10_parse().ok()
}

/// The line of a position, counted from 1.
pub(super) fn line(span: Span) -> u32 {
    u32::try_from(span.start().line).unwrap_or(u32::MAX)
}

struct Numbers {
    marks: Vec<Mark>,
}

impl Numbers {
    fn mark(&mut self, attrs: &mut Vec<Attribute>, span: Span, kind: SiteKind) {
        let number = self.marks.len();
        *attrs = vec![parse_quote!(#[thalweg_site(#number)])];
        self.marks.push(Mark { line: line(span), kind });
    }
}

impl VisitMut for Numbers {
    fn visit_expr_mut(&mut self, expr: &mut Expr) {
        match expr {
            Expr::Closure(_) | Expr::Async(_) | Expr::Const(_) => return, // code of its own
            _ => visit_mut::visit_expr_mut(self, expr),
        }
        match expr {
            Expr::Await(site) => {
                let kind = if is_join(&site.base) { SiteKind::Join } else { SiteKind::Await };
                self.mark(&mut site.attrs, site.await_token.span, kind);
            }
            Expr::MethodCall(site) if site.method == "send" && site.args.is_empty() => {
                self.mark(&mut site.attrs, site.method.span(), SiteKind::Send);
            }
            _ => {}
        }
    }

    fn visit_item_mut(&mut self, _: &mut Item) {}
}

/// Whether several calls are made at once.
pub(super) fn is_join(expr: &Expr) -> bool {
    match expr {
        Expr::Paren(expr) => is_join(&expr.expr),
        Expr::Group(expr) => is_join(&expr.expr),
        Expr::Call(call) => join_name(&call.func).is_some(),
        _ => false,
    }
}

/// The name of the function that joins calls, if it is one.
pub(super) fn join_name(func: &Expr) -> Option<String> {
    let Expr::Path(path) = func else { return None };
    let name = path.path.segments.last()?.ident.to_string();
    ["join", "join_all", "try_join_all"].contains(&name.as_str()).then_some(name)
}
