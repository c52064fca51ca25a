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

/// ```ignore
/// fn each_table<'a>(&'a self, see: &mut dyn FnMut(u8, &'a dyn ByRow)) { Shown(&self.stock).show(1, see); }
/// ```
///
/// The tables that are fields: their rows have records of their own in checkpoints.
pub(super) fn each(entity: &Entity, p: &TokenStream) -> TokenStream {
    let see = hygiene::local("see", Span::call_site());
    let fields = entity.item.fields.iter().take(usize::from(u8::MAX)).enumerate();
    let may_be =
        fields.filter(|(_, field)| field.ident.as_ref() != Some(&entity.key) && may_be_one(&field.ty));
    let each = may_be.map(|(place, syn::Field { ident, attrs, .. })| {
        let conditions = attrs.iter().filter(|attribute| attribute.path().is_ident("cfg"));
        let place = place as u8;
        quote!(#(#conditions)* { #p::Shown(&self.#ident).show(#place, #see); })
    });
    let each: TokenStream = each.collect();
    if each.is_empty() {
        return each;
    }
    quote! {
        #[allow(deprecated)]
        fn each_table<'table>(
            &'table self,
            #see: &mut dyn #p::std::ops::FnMut(#p::std::primitive::u8, &'table dyn #p::ByRow),
        ) {
            use #p::NeverShown as _;
            let _ = &#see;
            #each
        }
    }
}

/// Whether a field may be a table, and not hold some.
fn may_be_one(ty: &syn::Type) -> bool {
    match ty {
        syn::Type::Path(path) => {
            let last = path.path.segments.last();
            may_be_table(ty) && !last.is_some_and(|last| HOLDS.iter().any(|name| last.ident == name))
        }
        syn::Type::Paren(ty) => may_be_one(&ty.elem),
        syn::Type::Group(ty) => may_be_one(&ty.elem),
        _ => false,
    }
}

const HOLDS: &[&str] = &["Option", "Box", "Vec"];

/// Whether a field may be a table, or hold some that the engine looks for: behind a name that is not known stands any type.
fn may_be_table(ty: &syn::Type) -> bool {
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
