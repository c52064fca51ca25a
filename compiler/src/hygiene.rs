//! The names that generated code uses: paths that no item of the user can shadow, and locals of the macro's own.
use proc_macro2::{Span, TokenStream};
use quote::format_ident;
use syn::ext::IdentExt;
use syn::{Ident, Path};

/// The path of the runtime's private module.
pub(crate) fn private(krate: Option<&Path>) -> TokenStream {
    match krate {
        Some(path) => quote::quote!(#path::generated),
        None => quote::quote!(::thalweg::generated),
    }
}

/// The same path, so that rustc speaks of it where the user has written something.
pub(crate) fn located(path: &TokenStream, span: Span) -> TokenStream {
    let at = |mut tree: proc_macro2::TokenTree| {
        tree.set_span(span);
        tree
    };
    path.clone().into_iter().map(at).collect()
}

/// A local of generated code: the user's variable of that name is another one.
pub(crate) fn local(name: &str, span: Span) -> Ident {
    Ident::new(name, Span::mixed_site().located_at(span))
}

/// The type behind a reference, which carries the methods.
pub(crate) fn stub(entity: &Ident) -> Ident {
    format_ident!("MethodsOf{}", entity.unraw(), span = entity.span())
}

/// The type of old values of some of the fields.
pub(crate) fn parts(entity: &Ident) -> Ident {
    format_ident!("__thalweg_parts_of_{}", entity.unraw(), span = Span::call_site())
}

/// The type above it, which carries the constructors that take the key from the reference.
pub(crate) fn constructors(entity: &Ident) -> Ident {
    format_ident!("ReferenceTo{}", entity.unraw(), span = entity.span())
}

/// The type that stands for a method. It is read where rustc names the type of a call.
pub(crate) fn marker(method: &Ident, entity: &Ident) -> Ident {
    format_ident!("{}_of_{}", method.unraw(), entity.unraw(), span = method.span())
}

/// The function that holds a method's coroutine.
pub(crate) fn coroutine(method: &Ident) -> Ident {
    format_ident!("__thalweg_{}", method.unraw(), span = method.span())
}

/// The function that computes a method's keys.
pub(crate) fn keys(method: &Ident) -> Ident {
    format_ident!("__thalweg_keys_of_{}", method.unraw(), span = method.span())
}

/// A name as a number, to compare names in types (FNV-1a).
pub(crate) fn number(name: &str) -> u64 {
    name.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}
