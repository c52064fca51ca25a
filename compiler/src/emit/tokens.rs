//! The tokens of macros: `self` in them means the entity, and what they print of their tokens is the user's text.
use crate::analyse::text;
use crate::hygiene;
use crate::syntax::macros::{self, Kind};
use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::visit_mut::VisitMut;
use syn::{Expr, Macro, StmtMacro};

/// Goes into a macro: as far as its arguments are expressions they are visited, in all others `self` gets its name.
pub(super) fn visit(visitor: &mut impl VisitMut, mac: &mut Macro) {
    match macros::parse(mac) {
        Some(mut parsed) => {
            parsed.args.iter_mut().for_each(|arg| visitor.visit_expr_mut(arg));
            mac.tokens = parsed.tokens();
        }
        None if prints_its_tokens(mac) => {}
        None if macros::name(mac) == "matches" => mac.tokens = rename_self(std::mem::take(&mut mac.tokens)),
        None => mac.tokens = rename_self(with_field_names(mac)),
    }
}

/// A macro in the place of a statement, if it is to become another expression.
pub(super) fn as_expression(node: &StmtMacro) -> Option<Expr> {
    let mut expr = expression(&node.mac)?;
    crate::syntax::attributes::put(&mut expr, node.attrs.clone());
    Some(expr)
}

/// What stands for a macro that would print `self` by the name that it has here.
pub(super) fn expression(mac: &Macro) -> Option<Expr> {
    let mentions_self = || crate::syntax::attributes::mentions(&mac.tokens, "self");
    let has_site = || crate::syntax::calls::macro_has_site(mac);
    let parsed = macros::parse(mac)?;
    match (parsed.kind, parsed.args.as_slice()) {
        (Kind::Assert, [condition]) if mentions_self() || has_site() => {
            let text = format!("assertion failed: {}", shown(condition));
            let path = &mac.path;
            Some(syn::parse_quote_spanned!(path.span()=> #path!(#condition, "{}", #text)))
        }
        (Kind::Show, args) if !args.is_empty() && (mentions_self() || has_site()) => {
            Some(show(args, mac.path.span()))
        }
        _ => None,
    }
}

/// `dbg!(a, b)`: `match a { value => { eprintln!(..); value } }`, for each.
fn show(args: &[Expr], span: Span) -> Expr {
    let value = hygiene::local("value", span);
    let each = args.iter().map(|arg| {
        let text = shown(arg);
        quote_spanned! {span=>
            match #arg {
                #value => {
                    ::std::eprintln!(
                        "[{}:{}:{}] {} = {:#?}",
                        ::std::file!(), ::std::line!(), ::std::column!(), #text, &#value
                    );
                    #value
                }
            }
        }
    });
    match args {
        [_] => syn::parse_quote!(#(#each)*),
        _ => syn::parse_quote!((#(#each),*)),
    }
}

/// An expression as rustc would print it, without our marks.
fn shown(expr: &Expr) -> String {
    text::by_rules(&plain(expr.to_token_stream()))
}

/// Tokens without marks.
fn plain(tokens: TokenStream) -> TokenStream {
    let mut out = TokenStream::new();
    let mut trees = tokens.into_iter().peekable();
    while let Some(mut tree) = trees.next() {
        let is_mark = matches!(&tree, TokenTree::Punct(punct) if punct.as_char() == '#')
            && matches!(trees.peek(), Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Bracket
                && group.stream().to_string().starts_with("thalweg_"));
        if is_mark {
            trees.next();
            continue;
        }
        if let TokenTree::Group(group) = &tree {
            tree = Group::new(group.delimiter(), plain(group.stream())).into();
        }
        out.extend([tree]);
    }
    out
}

/// Macros that print their tokens and evaluate nothing.
fn prints_its_tokens(mac: &Macro) -> bool {
    ["stringify", "concat", "line", "column", "file", "module_path"].contains(&macros::name(mac).as_str())
}

/// In the macros of `tracing`, `%self.id` is short for `self.id = %self.id`: the name is the user's.
fn with_field_names(mac: &Macro) -> TokenStream {
    const EVENTS: &[&str] = &[
        "debug",
        "debug_span",
        "error",
        "error_span",
        "event",
        "info",
        "info_span",
        "span",
        "trace",
        "trace_span",
        "warn",
        "warn_span",
    ];
    if !EVENTS.contains(&macros::name(mac).as_str()) {
        return mac.tokens.clone();
    }
    let mut out = TokenStream::new();
    let trees: Vec<TokenTree> = mac.tokens.clone().into_iter().collect();
    let is = |tree: &TokenTree, c: char| matches!(tree, TokenTree::Punct(punct) if punct.as_char() == c);
    for (nth, argument) in trees.split(|tree| is(tree, ',')).enumerate() {
        if nth > 0 {
            out.extend(quote!(,));
        }
        let path = match argument {
            [sigil, path @ ..] if is(sigil, '%') || is(sigil, '?') => path,
            path => path,
        };
        let starts = matches!(path.first(), Some(TokenTree::Ident(ident)) if ident == "self");
        let continues = path.len() > 1 && path.len() % 2 == 1;
        let dotted = path.iter().enumerate().all(|(at, tree)| match tree {
            TokenTree::Ident(_) => at % 2 == 0,
            tree => at % 2 == 1 && is(tree, '.'),
        });
        if starts && continues && dotted {
            // Renaming leaves a `self` alone that stands in a group of its own kind.
            let name: TokenStream = path.iter().cloned().collect();
            out.extend([TokenTree::Group(Group::new(Delimiter::None, name))]);
            out.extend(quote!(=));
        }
        out.extend(argument.iter().cloned());
    }
    out
}

/// `self` in the tokens of a macro; `self::path`, the receiver of a function that is declared there and what is only
/// printed stay.
pub(super) fn rename_self(tokens: TokenStream) -> TokenStream {
    let mut out = TokenStream::new();
    let mut trees = tokens.into_iter().peekable();
    let mut declares = Declares::No;
    while let Some(tree) = trees.next() {
        let next_is_colon = matches!(trees.peek(), Some(TokenTree::Punct(punct)) if punct.as_char() == ':');
        declares = declares.next(&tree);
        match tree {
            TokenTree::Ident(ident) if ident == "self" && !next_is_colon => {
                out.extend([TokenTree::Ident(hygiene::local("self_", ident.span()))]);
            }
            TokenTree::Group(group) if group.delimiter() != Delimiter::None && declares == Declares::No => {
                let mut renamed = Group::new(group.delimiter(), rename_self(group.stream()));
                renamed.set_span(group.span());
                out.extend([TokenTree::Group(renamed)]);
            }
            TokenTree::Group(group) if declares == Declares::No => {
                let name_of_a_field =
                    matches!(trees.peek(), Some(TokenTree::Punct(punct)) if punct.as_char() == '=');
                let inner = if name_of_a_field { group.stream() } else { rename_self(group.stream()) };
                out.extend(inner);
            }
            other => out.extend([other]),
        }
        if declares == Declares::Ended {
            declares = Declares::No;
        }
    }
    out
}

/// Whether the tokens at hand declare something that has a `self` of its own, or are only printed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Declares {
    No,
    /// After `fn`, `impl` or `trait`, up to the braces.
    Item,
    /// After the name of a macro that prints its tokens.
    Printed,
    /// The tree at hand is the last of it.
    Ended,
}

impl Declares {
    fn next(self, tree: &TokenTree) -> Self {
        match (self, tree) {
            (Self::No, TokenTree::Ident(ident)) if ident == "fn" || ident == "impl" || ident == "trait" => {
                Self::Item
            }
            (Self::No, TokenTree::Ident(ident)) if ident == "stringify" => Self::Printed,
            (Self::Item, TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => Self::Ended,
            (Self::Item, TokenTree::Punct(punct)) if punct.as_char() == ';' => Self::Ended,
            (Self::Printed, TokenTree::Group(_)) => Self::Ended,
            (now, _) => now,
        }
    }
}

/// The rules of a macro that is defined in the body: patterns stay, what they stand for speaks of this `self`.
pub(super) fn rename_in_rules(tokens: TokenStream) -> TokenStream {
    let mut out = TokenStream::new();
    let mut arrow = false;
    for tree in tokens {
        match tree {
            TokenTree::Group(group) if arrow => {
                let mut renamed = Group::new(group.delimiter(), rename_self(group.stream()));
                renamed.set_span(group.span());
                out.extend([TokenTree::Group(renamed)]);
                arrow = false;
            }
            tree => {
                arrow |= matches!(&tree, TokenTree::Punct(punct) if punct.as_char() == '>');
                out.extend([tree]);
            }
        }
    }
    out
}
