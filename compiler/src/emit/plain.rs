//! What is left of the methods of a struct that is no entity.
use crate::model::{Function, Methods};
use crate::syntax::attributes;
use proc_macro2::TokenStream;
use quote::quote;

/// The functions that are Rust without it.
pub(crate) fn plain(methods: &Methods) -> TokenStream {
    let Methods { entity, others, functions, .. } = methods;
    let is_plain =
        |function: &&Function| !function.is_async() && !attributes::mentions(&function.signature, "Ref");
    let functions = functions.iter().filter(is_plain).map(|function| {
        let Function { attributes, visibility, signature, body, .. } = function;
        quote!(#(#attributes)* #visibility #signature #body)
    });
    quote!(#[allow(dead_code)] impl #entity { #(#others)* #(#functions)* })
}
