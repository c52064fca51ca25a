//! What an `#[entity] struct` becomes.
use super::tables;
use crate::hygiene;
use crate::model::Entity;
use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;

/// ```ignore
/// #[derive(Clone, Serialize, Deserialize)] pub struct Account { id: u64, balance: i64 }
/// const _: () = { impl Account { pub fn at(key: u64) -> Ref<Account> } impl Entity for Account { .. } };
/// ```
///
/// `broken`: something has been said about it already, and what is generated from its fields would say so again. `unfit`: so
/// it has about its key.
pub(crate) fn entity(entity: &Entity, broken: bool, unfit: bool) -> TokenStream {
    let p = hygiene::private(entity.options.krate.as_ref());
    let item = &entity.item;
    let missing = missing(entity);
    let derives = if broken { TokenStream::new() } else { derives(&missing, &p) };
    let instead = if broken { stand_ins(entity, &missing, &p) } else { assertions(entity, &p) };
    let implementation = implementation(entity, broken, unfit, &p);
    quote! {
        #derives
        #item
        #[doc(hidden)]
        const _: () = { #implementation #instead };
    }
}

/// What a struct would have become that is no entity, so that whatever uses it is not reported, too.
pub(crate) fn stand_in(entity: &Entity) -> TokenStream {
    let p = hygiene::private(entity.options.krate.as_ref());
    let (stand_ins, implementation) =
        (stand_ins(entity, &missing(entity), &p), implementation(entity, true, false, &p));
    quote!(#[doc(hidden)] const _: () = { #implementation #stand_ins };)
}

/// What an entity needs and the user has not derived.
fn missing(entity: &Entity) -> Vec<&'static str> {
    let mut derived = Vec::new();
    for attribute in entity.item.attrs.iter().filter(|attribute| attribute.path().is_ident("derive")) {
        // A derive that does not parse is rustc's to report.
        let _ = attribute.parse_nested_meta(|meta| {
            derived.extend(meta.path.segments.last().map(|last| last.ident.to_string()));
            Ok(())
        });
    }
    let mut missing = vec!["Clone", "Serialize", "Deserialize"];
    missing.retain(|name| !derived.iter().any(|known| known == name));
    missing
}

fn derives(missing: &[&str], p: &TokenStream) -> TokenStream {
    let mut out = TokenStream::new();
    if missing.contains(&"Clone") {
        out.extend(quote!(#[derive(#p::std::clone::Clone)]));
    }
    let (ser, de) = (missing.contains(&"Serialize"), missing.contains(&"Deserialize"));
    if ser {
        out.extend(quote!(#[derive(#p::serde::Serialize)]));
    }
    if de {
        out.extend(quote!(#[derive(#p::serde::Deserialize)]));
    }
    if ser || de {
        let krate = quote!(#p::serde).to_string().replace(' ', "");
        out.extend(quote!(#[serde(crate = #krate)]));
    }
    out
}

/// What the derives would have made, so that one mistake gives one error.
fn stand_ins(entity: &Entity, missing: &[&str], p: &TokenStream) -> TokenStream {
    let name = &entity.item.ident;
    let each = missing.iter().map(|missing| match *missing {
        "Clone" => quote! {
            impl #p::std::clone::Clone for #name { fn clone(&self) -> Self { #p::std::unimplemented!() } }
        },
        "Serialize" => quote! {
            impl #p::serde::Serialize for #name {
                fn serialize<S: #p::serde::Serializer>(&self, _: S) -> #p::std::result::Result<S::Ok, S::Error> {
                    #p::std::unimplemented!()
                }
            }
        },
        _ => quote! {
            impl<'de> #p::serde::Deserialize<'de> for #name {
                fn deserialize<D: #p::serde::Deserializer<'de>>(_: D) -> #p::std::result::Result<Self, D::Error> {
                    #p::std::unimplemented!()
                }
            }
        },
    });
    each.collect()
}

/// Spanned assertions, so that rustc says at the user's field what cannot be undone. A key has more to do, and says so.
fn assertions(entity: &Entity, p: &TokenStream) -> TokenStream {
    let fields = entity.item.fields.iter().filter(|field| field.ident.as_ref() != Some(&entity.key));
    let each = fields.map(|syn::Field { ty, attrs, .. }| {
        let conditions = attrs.iter().filter(|attribute| attribute.path().is_ident("cfg"));
        quote_spanned! {ty.span()=> #(#conditions)* const _: fn() = || {
            fn state<T: #p::State>() {}
            state::<#ty>();
        };}
    });
    each.collect()
}

fn implementation(entity: &Entity, whole: bool, unfit: bool, p: &TokenStream) -> TokenStream {
    let (name, visibility) = (&entity.item.ident, &entity.item.vis);
    let (key, key_type, partition) = (&entity.key, &entity.key_type, &entity.partition);
    let number = hygiene::number(&key.unraw().to_string());
    let text = class_name(entity);
    let named = entity.options.name.is_some();
    let nondeterminism = entity.options.nondeterminism;
    let fields = entity.item.fields.iter().map(|syn::Field { ident, ty, attrs, .. }| {
        let conditions = attrs.iter().filter(|attribute| attribute.path().is_ident("cfg"));
        let name = ident.as_ref().map(|ident| ident.unraw().to_string());
        quote!(#(#conditions)* (#name, #p::std::any::type_name::<#ty>()))
    });
    let facts = facts(entity);
    // `auto` may come from another macro than the struct, and then has another scope.
    let asked = hygiene::local("key", Span::call_site());
    let auto = match entity.options.auto {
        Some(span) => {
            quote_spanned!(span=> #p::std::option::Option::Some(<#name>::new(#p::std::clone::Clone::clone(#asked))))
        }
        None => quote!(#p::std::option::Option::None),
    };
    let created_on_use = entity.options.auto.is_some();
    let partitioned = !partition.is_empty();
    let nothing = quote!(#p::std::unimplemented!());
    let reference = if unfit {
        quote_spanned!(name.span()=> let _ = key; #nothing)
    } else {
        quote_spanned!(name.span()=> #p::Ref::at(key))
    };
    let at = quote_spanned! {name.span()=>
        /// A reference to the entity with this key; it need not exist.
        #[must_use]
        #[allow(dead_code, unreachable_pub)]
        #visibility fn at(key: #key_type) -> #p::Ref<#name> { #reference }
    };
    // The methods may stand in another module; without them there is an error here.
    let stub = quote_spanned!(name.span()=> type Stub = <#name as #p::Methods>::Stub;);
    let key_type = if unfit { quote!(#p::Unfit<#key_type>) } else { quote!(#key_type) };
    let own_key = if unfit { nothing.clone() } else { quote!(&self.#key) };
    let auto = if unfit { nothing } else { auto };
    let partition = if unfit { &[] } else { partition.as_slice() };
    let key_line = quote_spanned!(entity.key_type.span()=> type Key = #key_type;);
    let place = match partition {
        [] => quote!(hasher.feed_key::<Self>(key);),
        members => quote!(hasher.feed(&key #(.#members)*);),
    };
    let (parts, in_parts) = parts(entity, whole, p);
    let (merge, each_table) = match whole {
        true => Default::default(),
        false => (tables::merge(entity, p), tables::each(entity, p)),
    };
    quote! {
        #parts
        impl #name { #at }
        impl #p::Entity for #name {
            #key_line
            #stub
            type KeyName = #p::KeyNamed<#number>;
            const KEY_NUMBER: #p::std::primitive::u64 = #number;
            const NAME: &'static #p::std::primitive::str = #text;
            const NAMED: #p::std::primitive::bool = #named;
            const NONDETERMINISM: #p::std::primitive::bool = #nondeterminism;
            const FACTS: &'static #p::std::primitive::str = #facts;
            const AUTO: #p::std::primitive::bool = #created_on_use;
            const PARTITIONED: #p::std::primitive::bool = #partitioned;
            const CLASS: #p::ClassId = #p::ClassId::new(
                #p::std::concat!(#p::std::module_path!(), "::", #p::std::stringify!(#name)),
                #p::std::file!(),
                [#p::std::line!(), #p::std::column!()],
            );
            fn fields() -> #p::std::vec::Vec<(&'static #p::std::primitive::str, &'static #p::std::primitive::str)> {
                #p::std::vec::Vec::from([#(#fields),*])
            }
            fn key(&self) -> &#key_type { #own_key }
            fn place(key: &#key_type, hasher: &mut #p::StableHasher) { #place }
            fn auto(#asked: &#key_type) -> #p::std::option::Option<Self> { let _ = #asked; #auto }
            fn lend(#asked: #p::std::sync::Arc<Self>) -> #p::std::option::Option<#p::Lendable> {
                use #p::{Lends as _, NeverLends as _};
                (&#p::Lending::<Self>::new(#asked)).lend()
            }
            fn borrow(#asked: #p::Lendable) -> #p::std::option::Option<#p::std::sync::Arc<Self>> {
                use #p::{Borrows as _, NeverBorrows as _};
                (&#p::Borrowing::<Self>::new(#asked)).borrow()
            }
            #in_parts
            #merge
            #each_table
            fn plain_key() -> #p::std::primitive::bool {
                use #p::NeverPlain as _;
                (&#p::Kind::<#key_type>::new()).is_plain()
            }
            fn file() -> &'static #p::std::primitive::str { #p::std::file!() }
        }
    }
}

/// The most fields of which old states are kept one by one: a bit each, and all bits mean the whole.
const MOST_PARTS: usize = 31;

/// What keeps old values of single fields: a type of their own, and the part of `impl Entity`. Where no field can be large,
/// or `whole` is wanted, old states are kept whole.
fn parts(entity: &Entity, whole: bool, p: &TokenStream) -> (TokenStream, TokenStream) {
    let fields: Vec<_> = entity.item.fields.iter().collect();
    let [which, to, parts, old] =
        ["which", "to", "parts", "old"].map(|name| hygiene::local(name, Span::call_site()));
    if whole || !is_in_parts(entity) {
        let nothing = quote! {
            const FIELDS: &'static [&'static #p::std::primitive::str] = &[];
            const KEY_FIELD: #p::std::primitive::u32 = 0;
            type Parts = ();
            fn lend_parts(_: ()) -> #p::std::option::Option<#p::Lendable> { #p::std::option::Option::None }
            fn keep(&self, _: #p::std::primitive::u32, _: &mut ()) {}
            fn put_back(&mut self, _: &mut ()) {}
        };
        return (TokenStream::new(), nothing);
    }
    let names: Vec<_> = fields.iter().filter_map(|field| field.ident.as_ref()).collect();
    let texts = names.iter().map(|name| name.unraw().to_string());
    let own = entity.item.ident.to_token_stream();
    let types = fields.iter().map(|field| super::methods::name_self(field.ty.to_token_stream(), &own));
    let key_field = names.iter().position(|name| **name == entity.key).unwrap_or_default() as u32;
    let bits = 0..names.len();
    let (name, indices) = (hygiene::parts(&entity.item.ident), (0..names.len()).map(syn::Index::from));
    let indices: Vec<_> = indices.collect();
    let empty = names.iter().map(|_| quote!(#p::std::option::Option::None));
    let ty = quote! {
        #[allow(unreachable_pub, missing_debug_implementations, missing_docs, dead_code, non_camel_case_types, deprecated)]
        pub struct #name(#(#p::std::option::Option<#types>),*);
        impl #p::std::default::Default for #name {
            fn default() -> Self { Self(#(#empty),*) }
        }
    };
    let in_parts = quote! {
        const FIELDS: &'static [&'static #p::std::primitive::str] = &[#(#texts),*];
        const KEY_FIELD: #p::std::primitive::u32 = #key_field;
        type Parts = #name;
        fn lend_parts(#parts: #name) -> #p::std::option::Option<#p::Lendable> {
            use #p::{Lends as _, NeverLends as _};
            (&#p::Lending::<#name>::new(#p::std::sync::Arc::new(#parts))).lend()
        }
        #[allow(deprecated)]
        fn keep(&self, #which: #p::std::primitive::u32, #to: &mut #name) {
            #(if #which & (1 << #bits) != 0 {
                #to.#indices = #p::std::option::Option::Some(#p::std::clone::Clone::clone(&self.#names));
            })*
        }
        #[allow(deprecated)]
        fn put_back(&mut self, #parts: &mut #name) {
            #(if let #p::std::option::Option::Some(#old) = &mut #parts.#indices {
                #p::std::mem::swap(&mut self.#names, #old);
            })*
        }
    };
    (ty, in_parts)
}

/// Whether old states can be kept by field, and it is worth it.
pub(super) fn is_in_parts(entity: &Entity) -> bool {
    let fields = &entity.item.fields;
    let conditional = fields.iter().any(|field| field.attrs.iter().any(|attr| attr.path().is_ident("cfg")));
    fields.iter().any(|field| !is_small(&field.ty)) && !conditional && fields.len() <= MOST_PARTS
}

/// Whether a value is as quick to copy as to look at: a number, or a few of them.
pub(super) fn is_small(ty: &syn::Type) -> bool {
    const SMALL: &[&str] = &[
        "bool", "char", "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128",
        "isize", "f32", "f64",
    ];
    match ty {
        syn::Type::Path(ty) => SMALL.iter().any(|name| ty.path.is_ident(name)),
        syn::Type::Tuple(ty) => ty.elems.iter().all(is_small),
        syn::Type::Paren(ty) => is_small(&ty.elem),
        syn::Type::Group(ty) => is_small(&ty.elem),
        _ => false,
    }
}

/// What the class is called: as the user says, or else as the struct.
fn class_name(entity: &Entity) -> String {
    let ident = || entity.item.ident.unraw().to_string();
    entity.options.name.as_ref().map_or_else(ident, syn::LitStr::value)
}

fn facts(entity: &Entity) -> String {
    let partition = &entity.partition;
    let key_type = &entity.key_type;
    let facts = thalweg_graph::Entity {
        name: class_name(entity),
        file: String::new(),
        line: u32::try_from(entity.item.ident.span().start().line).unwrap_or(0),
        key: thalweg_graph::Variable {
            name: entity.key.unraw().to_string(),
            ty: crate::analyse::text::line(&quote!(#key_type)),
        },
        partition: entity.options.partition.as_ref().map(|_| {
            let key = &entity.key;
            crate::analyse::text::line(&quote!(#key #(.#partition)*))
        }),
        auto: entity.options.auto.is_some(),
        methods: Vec::new(),
    };
    serde_json::to_string(&facts).unwrap_or_default()
}
