//! The attributes of statements and expressions, wherever syn keeps them.
use proc_macro2::TokenTree;
use quote::ToTokens;
use syn::{Attribute, Expr};

macro_rules! every_form {
    ($expr:expr => $node:ident: $then:expr, $($form:ident)+) => {
        match $expr {
            $(Expr::$form($node) => Some($then),)+
            _ => None,
        }
    };
}

/// The attributes of an expression; code that syn does not read has none.
pub(crate) fn of(expr: &Expr) -> &[Attribute] {
    every_form!(expr => node: &node.attrs[..],
        Array Assign Async Await Binary Block Break Call Cast Closure Const Continue Field ForLoop Group If Index Infer
        Let Lit Loop Macro Match MethodCall Paren Path Range RawAddr Reference Repeat Return Struct Try TryBlock Tuple
        Unary Unsafe While Yield)
    .unwrap_or(&[])
}

/// As [`of`], to be changed.
pub(crate) fn of_mut(expr: &mut Expr) -> Option<&mut Vec<Attribute>> {
    every_form!(expr => node: &mut node.attrs,
        Array Assign Async Await Binary Block Break Call Cast Closure Const Continue Field ForLoop Group If Index Infer
        Let Lit Loop Macro Match MethodCall Paren Path Range RawAddr Reference Repeat Return Struct Try TryBlock Tuple
        Unary Unsafe While Yield)
}

/// The expression that bears the attributes of its statement: those of `#[a] x += 1;` belong to the statement, but
/// they are kept where they stand, at `x`.
fn bearer(expr: &Expr) -> &Expr {
    match expr {
        Expr::Assign(node) => bearer(&node.left),
        Expr::Binary(node) => bearer(&node.left),
        Expr::Cast(node) => bearer(&node.expr),
        expr => expr,
    }
}

/// The attributes that stand before an expression.
pub(crate) fn before(expr: &Expr) -> &[Attribute] {
    of(bearer(expr))
}

/// Takes the attributes away that stand before an expression, but for our own marks.
pub(crate) fn take(expr: &mut Expr) -> Vec<Attribute> {
    match expr {
        Expr::Assign(node) => take(&mut node.left),
        Expr::Binary(node) => take(&mut node.left),
        Expr::Cast(node) => take(&mut node.expr),
        expr => of_mut(expr).map_or_else(Vec::new, |attrs| {
            let (ours, users) = std::mem::take(attrs).into_iter().partition(is_mark);
            *attrs = ours;
            users
        }),
    }
}

/// Puts attributes before an expression that has been made.
pub(crate) fn put(expr: &mut Expr, mut attrs: Vec<Attribute>) {
    if let Some(own) = of_mut(expr) {
        attrs.append(own);
        *own = attrs;
    }
}

/// Our own marks never reach rustc.
fn is_mark(attribute: &Attribute) -> bool {
    ["thalweg_site", "thalweg_last"].iter().any(|name| attribute.path().is_ident(name))
}

/// Attributes that say something of the function as a whole; what any other does with its tokens is not known.
const PLAIN_ATTRIBUTES: &[&str] = &[
    "allow",
    "cfg",
    "cfg_attr",
    "cold",
    "deny",
    "deprecated",
    "doc",
    "expect",
    "forbid",
    "inline",
    "must_use",
    "rustfmt",
    "track_caller",
    "warn",
];

/// Whether an attribute is one of those.
pub(crate) fn says_something_of_the_whole(attribute: &Attribute) -> bool {
    let first = attribute.path().segments.first();
    first.is_some_and(|segment| PLAIN_ATTRIBUTES.iter().any(|plain| segment.ident == plain))
}

/// The conditions among attributes: `cfg`.
pub(crate) fn conditions(attrs: &[Attribute]) -> impl Iterator<Item = &Attribute> {
    attrs.iter().filter(|attribute| attribute.path().is_ident("cfg"))
}

/// An attribute that may turn out to be a condition.
pub(crate) fn hidden_condition(attrs: &[Attribute]) -> Option<&Attribute> {
    attrs.iter().find(|attribute| {
        attribute.path().is_ident("cfg_attr")
            && attribute.meta.to_token_stream().into_iter().skip(1).any(|tree| mentions(&tree, "cfg"))
    })
}

/// Whether an identifier stands among tokens.
pub(crate) fn mentions(tokens: &impl ToTokens, name: &str) -> bool {
    tokens.to_token_stream().into_iter().any(|tree| match tree {
        TokenTree::Ident(ident) => ident == name,
        TokenTree::Group(group) => mentions(&group.stream(), name),
        TokenTree::Punct(_) | TokenTree::Literal(_) => false,
    })
}
