//! The doorbell of the compiler: the work is done in `thalweg-compiler`.
use proc_macro::TokenStream;

/// Makes a struct an entity, and an `impl` block the methods of one.
///
/// On a struct: exactly one field is marked `#[key]`. Options: `#[entity(auto)]` (created on first use by
/// `fn new(key) -> Self`), `#[entity(partition = "key.0")]` (the part of the key that decides placement),
/// `#[entity(allow(nondeterminism))]`.
///
/// On an `impl` block: `pub` methods can be called from outside and from other entities; `async` methods can call.
#[proc_macro_attribute]
pub fn entity(options: TokenStream, item: TokenStream) -> TokenStream {
    thalweg_compiler::expand(options.into(), item.into()).into()
}
