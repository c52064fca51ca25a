//! What an `#[entity] struct` becomes.
use crate::hygiene;
use crate::model::Entity;
use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;

/// ```ignore
/// #[derive(Clone, Serialize, Deserialize)] pub struct Account { id: u64, balance: i64 }
/// const _: () = { impl Account { pub fn at(key: u64) -> Ref<Account> } impl Entity for Account { .. } };
/// ```
pub(crate) fn entity(entity: &Entity) -> TokenStream {
    let p = hygiene::private(entity.options.krate.as_ref());
    let item = &entity.item;
    let derives = derives(entity, &p);
    let implementation = implementation(entity, &p);
    quote! {
        #derives
        #item
        #[doc(hidden)]
        const _: () = { #implementation };
    }
}

/// Derives what is needed and what the user has not derived.
fn derives(entity: &Entity, p: &TokenStream) -> TokenStream {
    let mut derived = Vec::new();
    for attribute in entity.item.attrs.iter().filter(|attribute| attribute.path().is_ident("derive")) {
        // A derive that does not parse is rustc's to report.
        let _ = attribute.parse_nested_meta(|meta| {
            derived.extend(meta.path.segments.last().map(|last| last.ident.to_string()));
            Ok(())
        });
    }
    let missing = |name: &str| !derived.iter().any(|known| known == name);
    let mut out = TokenStream::new();
    if missing("Clone") {
        out.extend(quote!(#[derive(#p::std::clone::Clone)]));
    }
    let (ser, de) = (missing("Serialize"), missing("Deserialize"));
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

fn implementation(entity: &Entity, p: &TokenStream) -> TokenStream {
    let (name, visibility) = (&entity.item.ident, &entity.item.vis);
    let (key, key_type, partition) = (&entity.key, &entity.key_type, &entity.partition);
    let number = hygiene::number(&key.unraw().to_string());
    let text = name.unraw().to_string();
    let facts = facts(entity);
    let auto = match entity.options.auto {
        Some(span) => {
            quote_spanned!(span=> #p::std::option::Option::Some(<#name>::new(#p::std::clone::Clone::clone(key))))
        }
        None => quote!(#p::std::option::Option::None),
    };
    let created_on_use = entity.options.auto.is_some();
    let partitioned = !partition.is_empty();
    let at = quote_spanned! {name.span()=>
        /// A reference to the entity with this key; it need not exist.
        #[must_use]
        #[allow(dead_code, unreachable_pub)]
        #visibility fn at(key: #key_type) -> #p::Ref<#name> { #p::Ref::at(key) }
    };
    // The methods may stand in another module; without them there is an error here.
    let stub = quote_spanned!(name.span()=> type Stub = <#name as #p::Methods>::Stub;);
    let key_line = quote_spanned!(key_type.span()=> type Key = #key_type;);
    let place = match partition.as_slice() {
        [] => quote!(hasher.feed_key::<Self>(key);),
        members => quote!(hasher.feed(&key #(.#members)*);),
    };
    quote! {
        impl #name { #at }
        impl #p::Entity for #name {
            #key_line
            #stub
            type KeyName = #p::KeyNamed<#number>;
            const NAME: &'static #p::std::primitive::str = #text;
            const FACTS: &'static #p::std::primitive::str = #facts;
            const AUTO: #p::std::primitive::bool = #created_on_use;
            const PARTITIONED: #p::std::primitive::bool = #partitioned;
            fn class() -> &'static #p::ClassId {
                static CLASS: #p::ClassId = #p::ClassId::new();
                &CLASS
            }
            fn key(&self) -> &#key_type { &self.#key }
            fn place(key: &#key_type, hasher: &mut #p::StableHasher) { #place }
            fn auto(key: &#key_type) -> #p::std::option::Option<Self> { let _ = key; #auto }
            fn file() -> &'static #p::std::primitive::str { #p::std::file!() }
        }
    }
}

fn facts(entity: &Entity) -> String {
    let partition = &entity.partition;
    let key_type = &entity.key_type;
    let facts = thalweg_graph::Entity {
        name: entity.item.ident.unraw().to_string(),
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
