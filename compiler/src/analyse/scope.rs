//! Which binding a name means: scopes, the bindings of patterns, and the names in the tokens of a macro.
use proc_macro2::{Ident, TokenStream, TokenTree};
use std::collections::BTreeMap;
use syn::{FnArg, Pat, PatIdent, PatType, Signature};

/// Names and what they mean at this place.
pub(super) struct Scope<T> {
    names: BTreeMap<String, Vec<T>>,
    log: Vec<String>,
}

impl<T: Copy> Scope<T> {
    pub(super) fn new() -> Self {
        Scope { names: BTreeMap::new(), log: Vec::new() }
    }

    /// Gives a name a new meaning, until the scope is left.
    pub(super) fn bind(&mut self, name: String, meaning: T) {
        self.log.push(name.clone());
        self.names.entry(name).or_default().push(meaning);
    }

    pub(super) fn find(&self, name: &str) -> Option<T> {
        self.names.get(name)?.last().copied()
    }

    /// Enters a scope; give the result to [`Scope::leave`].
    pub(super) fn enter(&self) -> usize {
        self.log.len()
    }

    pub(super) fn leave(&mut self, entered: usize) {
        for name in self.log.drain(entered.min(self.log.len())..) {
            if let Some(meanings) = self.names.get_mut(&name) {
                meanings.pop();
            }
        }
    }
}

/// The parameters after `self`.
pub(super) fn typed(sig: &Signature) -> impl Iterator<Item = &PatType> {
    sig.inputs.iter().filter_map(|input| match input {
        FnArg::Typed(param) => Some(param),
        FnArg::Receiver(_) => None,
    })
}

/// The bindings a pattern makes, each name once, in source order.
pub(super) fn bindings(pat: &Pat) -> Vec<&PatIdent> {
    let mut found = Vec::new();
    collect(pat, &mut found);
    let mut seen = std::collections::BTreeSet::new();
    found.retain(|binding| seen.insert(&binding.ident));
    found
}

fn collect<'a>(pat: &'a Pat, found: &mut Vec<&'a PatIdent>) {
    match pat {
        Pat::Ident(binding) => {
            if is_binding(binding) {
                found.push(binding);
            }
            if let Some((_, inner)) = &binding.subpat {
                collect(inner, found);
            }
        }
        Pat::Guard(pat) => collect(&pat.pat, found),
        Pat::Or(pat) => pat.cases.iter().for_each(|pat| collect(pat, found)),
        Pat::Paren(pat) => collect(&pat.pat, found),
        Pat::Reference(pat) => collect(&pat.pat, found),
        Pat::Slice(pat) => pat.elems.iter().for_each(|pat| collect(pat, found)),
        Pat::Struct(pat) => pat.fields.iter().for_each(|field| collect(&field.pat, found)),
        Pat::Tuple(pat) => pat.elems.iter().for_each(|pat| collect(pat, found)),
        Pat::TupleStruct(pat) => pat.elems.iter().for_each(|pat| collect(pat, found)),
        Pat::Type(pat) => collect(&pat.pat, found),
        _ => {}
    }
}

/// A bare name in a pattern is a constant or a variant when it is written like one.
fn is_binding(pat: &PatIdent) -> bool {
    let constant = pat.ident.to_string().starts_with(char::is_uppercase);
    !constant || pat.by_ref.is_some() || pat.mutability.is_some() || pat.subpat.is_some()
}

/// Every identifier in the tokens of a macro, also those that a format string captures.
pub(super) fn names(tokens: &TokenStream, found: &mut Vec<Ident>) {
    for token in tokens.clone() {
        match token {
            TokenTree::Group(group) => names(&group.stream(), found),
            TokenTree::Ident(ident) => found.push(ident),
            TokenTree::Literal(literal) => captures(&literal, found),
            TokenTree::Punct(_) => {}
        }
    }
}

fn captures(literal: &proc_macro2::Literal, found: &mut Vec<Ident>) {
    let text = literal.to_string();
    if !text.ends_with(['"', '#']) {
        return;
    }
    for part in text.split(['{', '$', ':', '.']).skip(1) {
        let name: String = part.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        if let Ok(mut ident) = syn::parse_str::<Ident>(&name) {
            ident.set_span(literal.span());
            found.push(ident);
        }
    }
}
