//! The body of a method as a coroutine: the user's tokens, with `self` taken up anew after each call.
use crate::check::{has_await, is_self_place, is_send};
use crate::hygiene;
use crate::model::{Function, Kind, Methods};
use proc_macro2::{Group, Span, TokenStream, TokenTree};
use quote::{quote, quote_spanned};
use std::collections::BTreeSet;
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::visit_mut::{self, VisitMut};
use syn::{BinOp, Expr, Index};

/// ```ignore
/// let sites = (Site::new(),);
/// let Some((to, amount)) = args else { match cx.describe(vec![sites.0.callees()]).await {} };
/// let mut entity = cx.hold(true).await;
/// let mut this = entity.get_mut();
/// let output: Result<(), Insufficient> = { .. };   // the user's body
/// return output;
/// ```
pub(crate) fn body(methods: &Methods, function: &Function, p: &TokenStream) -> TokenStream {
    let names = Names::new(function, p);
    let Names { cx, args, sites, entity, this, get, .. } = &names;
    let (body, spans) = if function.is_async() {
        cut(methods, function, &names)
    } else {
        (names.plain(function), Vec::new())
    };
    let site = spans.iter().map(|_| quote!(#p::Site::new()));
    // rustc reports what cannot be awaited once for each place, so both mentions of a site stand at the same one.
    let callees = spans.iter().enumerate().map(|(number, span)| {
        let (number, sites) = (Index::from(number), hygiene::local("sites", *span));
        quote_spanned!(sites.span()=> #sites.#number.callees())
    });
    let patterns = if function.is_async() {
        function.params().map(|param| &param.pat).map(|pat| quote!(#pat)).collect()
    } else {
        names.arguments(function)
    };
    let hold = (function.kind != Kind::Constructor).then(|| {
        let write = function.kind == Kind::Write;
        quote! {
            #[allow(unused_mut)]
            let mut #entity = #cx.hold(#write).await;
            #[allow(unused_mut, unused_variables)]
            let mut #this = #entity.#get();
            let _ = &#this;
        }
    });
    quote! {
        let #sites = (#(#site,)*);
        let #p::std::option::Option::Some((#(#patterns,)*)) = #args else {
            match #cx.describe(#p::std::vec![#(#callees),*]).await {}
        };
        #hold
        #body
    }
}

/// The locals of generated code.
struct Names {
    p: TokenStream,
    cx: syn::Ident,
    args: syn::Ident,
    sites: syn::Ident,
    entity: syn::Ident,
    this: syn::Ident,
    output: syn::Ident,
    /// `get` or `get_mut`.
    get: syn::Ident,
}

impl Names {
    fn new(function: &Function, p: &TokenStream) -> Self {
        let local = |name| hygiene::local(name, Span::call_site());
        let read = function.kind == Kind::Read;
        Self {
            p: p.clone(),
            cx: local("cx"),
            args: local("args"),
            sites: local("sites"),
            entity: local("entity"),
            this: local("this"),
            output: local("output"),
            get: local(if read { "get" } else { "get_mut" }),
        }
    }

    fn arguments(&self, function: &Function) -> Vec<TokenStream> {
        let count = function.params().count();
        (0..count)
            .map(|place| {
                let name = hygiene::local(&format!("argument_{place}"), Span::call_site());
                quote!(#name)
            })
            .collect()
    }

    /// A sync function is called as it stands.
    fn plain(&self, function: &Function) -> TokenStream {
        let Self { this, cx, .. } = self;
        let name = &function.signature.ident;
        let arguments = self.arguments(function);
        let (_, used, _) = function.signature.generics.split_for_impl();
        let fish = used.as_turbofish();
        match function.kind {
            Kind::Constructor => quote!(#cx.create(Self::#name #fish (#(#arguments),*)).await),
            _ => quote!(Self::#name #fish (#this, #(#arguments),*)),
        }
    }
}

/// The body with its calls cut, and where these are.
fn cut(methods: &Methods, function: &Function, names: &Names) -> (TokenStream, Vec<Span>) {
    let mut body = function.body.clone();
    mark_last(&mut body);
    let mut cut = Cut { names, calling: &methods.calling, spans: Vec::new() };
    cut.visit_block_mut(&mut body);
    let output = &names.output;
    let ty = match &function.signature.output {
        syn::ReturnType::Default => quote!(()),
        syn::ReturnType::Type(_, ty) => quote!(#ty),
    };
    let code = quote! {
        let #output: #ty = #body;
        #[allow(unreachable_code)]
        return #output;
    };
    (code, cut.spans)
}

struct Cut<'a> {
    names: &'a Names,
    calling: &'a BTreeSet<String>,
    spans: Vec<Span>,
}

impl Cut<'_> {
    /// `match CALL { call => { let value = entity.call(&sites.0, call).await; this = entity.get_mut(); value } }`;
    /// `way` is `call`, or `send` or `last` for a call that may go one way.
    fn call(&mut self, call: &Expr, span: Span, way: &str) -> Expr {
        let Names { sites, entity, this, get, .. } = self.names;
        let number = Index::from(self.spans.len());
        self.spans.push(span);
        let entity = hygiene::local(&entity.to_string(), span);
        let (bound, value) = (hygiene::local("call", span), hygiene::local("value", span));
        let way = syn::Ident::new(way, span);
        let span = span.resolved_at(Span::mixed_site());
        syn::parse_quote_spanned! {span=>
            match #call {
                #bound => {
                    let #value = #entity.#way(&#sites.#number, #bound).await;
                    #this = #entity.#get();
                    let _ = &#this;
                    #value
                }
            }
        }
    }

    /// `self.total += store.price().await` → `match store.price().await { value => self.total += value }`:
    /// what is on the left is a place; it is looked up after the right side has run.
    fn bind_first(&self, operands: Vec<Expr>, then: impl FnOnce(&[syn::Ident]) -> TokenStream) -> Expr {
        let names: Vec<_> = (0..operands.len())
            .map(|place| hygiene::local(&format!("operand_{place}"), Span::call_site()))
            .collect();
        let then = then(&names);
        syn::parse_quote!(match (#(#operands,)*) { (#(#names,)*) => #then })
    }
}

impl VisitMut for Cut<'_> {
    fn visit_item_mut(&mut self, _: &mut syn::Item) {}

    fn visit_expr_mut(&mut self, expr: &mut Expr) {
        match expr {
            Expr::MethodCall(call) if takes_place(call) && call.args.iter().any(has_await) => {
                let operands = std::mem::take(&mut call.args).into_iter().collect();
                let (call, p) = (call.clone(), self.names.p.clone());
                *expr = self.bind_first(operands, |names| {
                    let mut call = call;
                    let receiver = &call.receiver;
                    let place = if is_self(receiver) { quote!(*#receiver) } else { quote!(#receiver) };
                    let by_reference = quote!(#p::by_reference(&#place););
                    call.args = names.iter().map(|name| -> Expr { syn::parse_quote!(#name) }).collect();
                    quote!({ #by_reference #call })
                });
            }
            Expr::Binary(binary) if assigns(&binary.op) && has_await(&binary.right) => {
                let (left, op) = (binary.left.clone(), binary.op);
                let right = (*binary.right).clone();
                if is_self_place(&left) {
                    *expr = self.bind_first(vec![right], |names| quote!(#left #op #(#names)*));
                }
            }
            _ => {}
        }
        let on_self =
            matches!(expr, Expr::MethodCall(call) if is_self(&call.receiver) && self.calls(&call.method));
        visit_mut::visit_expr_mut(self, expr);
        match expr {
            Expr::Await(awaited) => {
                let way = if awaited.attrs.iter().any(is_last) { "last" } else { "call" };
                *expr = self.call(&awaited.base.clone(), awaited.await_token.span(), way);
            }
            Expr::MethodCall(sent) if is_send(sent) => {
                *expr = self.call(&sent.receiver.clone(), sent.method.span(), "send");
            }
            Expr::MethodCall(call) if on_self => {
                let Names { p, this, .. } = self.names;
                let key = quote!(#p::std::clone::Clone::clone(#p::Entity::key(&*#this)));
                *call.receiver = syn::parse_quote!(#p::Ref::<Self>::at(#key));
            }
            _ => {}
        }
    }

    fn visit_expr_path_mut(&mut self, expr: &mut syn::ExprPath) {
        if let Some(ident) = expr.path.get_ident().filter(|ident| *ident == "self") {
            expr.path = hygiene::local("this", ident.span()).into();
        } else {
            visit_mut::visit_expr_path_mut(self, expr);
        }
    }

    fn visit_macro_mut(&mut self, mac: &mut syn::Macro) {
        mac.tokens = rename_self(std::mem::take(&mut mac.tokens));
    }
}

impl Cut<'_> {
    fn calls(&self, method: &syn::Ident) -> bool {
        self.calling.contains(&method.unraw().to_string())
    }
}

/// Marks the last call of a body, if nothing comes after it that could tell whether it has been carried out: then the
/// method may go on to its end at once. What stands there has no loops and no calls, so it ends and cannot fail.
fn mark_last(body: &mut syn::Block) {
    let mut rest = body.stmts.iter_mut().rev();
    let last = match rest.next() {
        Some(syn::Stmt::Expr(Expr::Await(last), _)) => Some(last),
        Some(syn::Stmt::Expr(value, _)) if is_still(value) => match rest.next() {
            Some(syn::Stmt::Expr(Expr::Await(last), Some(_))) => Some(last),
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

/// Whether the receiver is a place of the entity that is looked up only when the arguments have been evaluated:
/// the entity itself, or a field under a method that takes it by reference. A receiver taken by value is evaluated
/// before the arguments, as rustc does it unaided; `by_reference` makes sure that no such receiver comes here.
fn takes_place(call: &syn::ExprMethodCall) -> bool {
    const BY_REFERENCE: &[&str] = &[
        "append",
        "binary_search",
        "contains",
        "contains_key",
        "entry",
        "extend",
        "extend_from_slice",
        "fill",
        "get",
        "get_mut",
        "get_or_insert",
        "insert",
        "insert_str",
        "push",
        "push_back",
        "push_front",
        "push_str",
        "remove",
        "replace",
        "resize",
        "retain",
        "split_off",
        "swap",
        "swap_remove",
        "truncate",
    ];
    is_self(&call.receiver)
        || (is_self_place(&call.receiver) && BY_REFERENCE.iter().any(|name| call.method == name))
}

fn is_self(expr: &Expr) -> bool {
    matches!(expr, Expr::Path(path) if path.path.is_ident("self"))
}

fn assigns(op: &BinOp) -> bool {
    use BinOp::*;
    matches!(
        op,
        AddAssign(_)
            | SubAssign(_)
            | MulAssign(_)
            | DivAssign(_)
            | RemAssign(_)
            | BitXorAssign(_)
            | BitAndAssign(_)
            | BitOrAssign(_)
            | ShlAssign(_)
            | ShrAssign(_)
    )
}

/// `self` in the tokens of a macro; `self::path` stays.
fn rename_self(tokens: TokenStream) -> TokenStream {
    let mut out = TokenStream::new();
    let mut trees = tokens.into_iter().peekable();
    while let Some(tree) = trees.next() {
        let next_is_colon = matches!(trees.peek(), Some(TokenTree::Punct(punct)) if punct.as_char() == ':');
        match tree {
            TokenTree::Ident(ident) if ident == "self" && !next_is_colon => {
                out.extend([TokenTree::Ident(hygiene::local("this", ident.span()))]);
            }
            TokenTree::Group(group) => {
                let mut renamed = Group::new(group.delimiter(), rename_self(group.stream()));
                renamed.set_span(group.span());
                out.extend([TokenTree::Group(renamed)]);
            }
            other => out.extend([other]),
        }
    }
    out
}
