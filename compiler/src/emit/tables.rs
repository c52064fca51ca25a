//! The tables among the fields of an entity.
use super::entity::{is_in_parts, is_small};
use crate::hygiene;
use crate::model::Entity;
use proc_macro2::{Span, TokenStream};
use quote::quote;

/// ```ignore
/// fn merge(&mut self, which: u32) { if which & (1 << 1) != 0 { Merging(&mut self.stock).merge(); } }
/// ```
///
/// Nothing where no field can be a table. Which of the others is one, rustc knows.
pub(super) fn merge(entity: &Entity, p: &TokenStream) -> TokenStream {
    let which = hygiene::local("which", Span::call_site());
    let in_parts = is_in_parts(entity);
    let fields = entity.item.fields.iter().enumerate();
    let may_be =
        fields.filter(|(_, field)| field.ident.as_ref() != Some(&entity.key) && may_be_table(&field.ty));
    let each = may_be.map(|(bit, syn::Field { ident, attrs, .. })| {
        let conditions = attrs.iter().filter(|attribute| attribute.path().is_ident("cfg"));
        let condition = in_parts.then(|| quote!(if #which & (1 << #bit) != 0));
        quote!(#(#conditions)* #condition { #p::Merging(&mut self.#ident).merge(); })
    });
    let each: TokenStream = each.collect();
    if each.is_empty() {
        return each;
    }
    quote! {
        #[allow(deprecated)]
        fn merge(&mut self, #which: #p::std::primitive::u32) {
            use #p::NeverMerges as _;
            let _ = #which;
            #each
        }
    }
}

/// Whether a field may be a table, or hold some that the engine looks for: behind a name that is not known stands any type.
fn may_be_table(ty: &syn::Type) -> bool {
    const HOLDS: &[&str] = &["Option", "Box", "Vec"];
    const NEVER: &[&str] = &["String", "VecDeque", "BTreeMap", "BTreeSet", "Arc", "Ref"];
    match ty {
        syn::Type::Path(path) => {
            let last = path.path.segments.last();
            let is = |names: &[&str]| last.is_some_and(|last| names.iter().any(|name| last.ident == name));
            match last.map(|last| &last.arguments) {
                Some(syn::PathArguments::AngleBracketed(arguments)) if is(HOLDS) => {
                    let inside =
                        |argument: &_| matches!(argument, syn::GenericArgument::Type(ty) if may_be_table(ty));
                    arguments.args.iter().any(inside)
                }
                _ => !is(NEVER) && !is_small(ty),
            }
        }
        syn::Type::Array(ty) => may_be_table(&ty.elem),
        syn::Type::Paren(ty) => may_be_table(&ty.elem),
        syn::Type::Group(ty) => may_be_table(&ty.elem),
        syn::Type::Tuple(_) => false,
        _ => true,
    }
}
