//! The options in `#[entity(..)]`.
use crate::diagnostics::{Errors, NAME, option};
use proc_macro2::{Span, TokenStream};
use syn::parse::Parser;
use syn::{LitStr, Path};

/// What stands in `#[entity(..)]`.
#[derive(Default)]
pub(crate) struct Options {
    /// `auto`, and where it stands.
    pub(crate) auto: Option<Span>,
    /// `partition = "key.0"`.
    pub(crate) partition: Option<LitStr>,
    /// `allow(nondeterminism)`.
    pub(crate) nondeterminism: bool,
    /// `name = "..."`: what the class is called outside of Rust.
    pub(crate) name: Option<LitStr>,
    /// `crate = "path"`: where the runtime is when it was renamed.
    pub(crate) krate: Option<Path>,
}

pub(crate) fn parse(tokens: TokenStream, on_struct: bool, errors: &mut Errors) -> Options {
    let mut options = Options::default();
    let known = if on_struct {
        "auto, partition, name, allow(nondeterminism) and crate"
    } else {
        "allow(nondeterminism) and crate"
    };
    let parser = syn::meta::parser(|meta| {
        if on_struct && meta.path.is_ident("auto") {
            options.auto = meta.path.get_ident().map(syn::Ident::span);
        } else if on_struct && meta.path.is_ident("partition") {
            options.partition = Some(meta.value()?.parse()?);
        } else if on_struct && meta.path.is_ident("name") {
            options.name = Some(class_name(meta.value()?.parse()?)?);
        } else if meta.path.is_ident("crate") {
            options.krate = Some(meta.value()?.parse::<LitStr>()?.parse()?);
        } else if meta.path.is_ident("allow") {
            meta.parse_nested_meta(|what| {
                options.nondeterminism = what.path.is_ident("nondeterminism");
                if options.nondeterminism { Ok(()) } else { Err(what.error(option("allow(nondeterminism)"))) }
            })?;
        } else {
            return Err(meta.error(option(known)));
        }
        Ok(())
    });
    if let Err(error) = parser.parse2(tokens) {
        errors.push(error);
    }
    options
}

/// What stands in graphs, in addresses and in files, so it is a word without spaces.
fn class_name(name: LitStr) -> syn::Result<LitStr> {
    let fits = |c: char| c.is_alphanumeric() || "_-.:".contains(c);
    let text = name.value();
    if text.is_empty() || !text.chars().all(fits) {
        return Err(syn::Error::new_spanned(name, NAME));
    }
    Ok(name)
}
