//! What the methods are on a reference: a type that it derefs to, whose methods make calls.
use super::methods::{Emit, Emitted};
use crate::hygiene;
use crate::model::{Function, Kind};
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::ext::IdentExt;
use syn::{Ident, Pat};

/// Methods that every reference has: a private function of that name does not stand in their way.
const OF_EVERY_REFERENCE: &[&str] =
    &["exists", "remove", "key", "clone", "eq", "cmp", "hash", "fmt", "deref"];

impl Emit<'_> {
    /// `Ref<Account>` derefs to the constructors, these to the stub, and that to the base.
    pub(super) fn stubs(&self) -> TokenStream {
        let (p, entity) = (&self.p, &self.methods.entity);
        let (stub, constructors) =
            (hygiene::stub(&self.methods.name), hygiene::constructors(&self.methods.name));
        let refused = self.refused();
        // The entity is a parameter, so that what is said of the stubs is as private as it.
        quote! {
            pub struct #stub<__Entity: #p::Entity> { base: #p::Base<__Entity> }
            pub struct #constructors<__Name, __Key, __Entity: #p::Entity> {
                stub: #stub<__Entity>,
                key: #p::std::marker::PhantomData<fn() -> (__Name, __Key)>,
            }
            impl<__Name, __Key> #p::Stub<#entity> for #constructors<__Name, __Key, #entity> {
                fn new(base: #p::Base<#entity>) -> Self {
                    Self { stub: #stub { base }, key: #p::std::marker::PhantomData }
                }
                fn base(&self) -> &#p::Base<#entity> { &self.stub.base }
            }
            impl<__Name, __Key> #p::std::ops::Deref for #constructors<__Name, __Key, #entity> {
                type Target = #stub<#entity>;
                fn deref(&self) -> &#stub<#entity> { &self.stub }
            }
            impl #p::std::ops::Deref for #stub<#entity> {
                type Target = #p::Base<#entity>;
                fn deref(&self) -> &#p::Base<#entity> { &self.base }
            }
            #refused
        }
    }

    /// `impl MethodsOfAccount { pub fn transfer(&self, to: .., amount: ..) -> Call<transfer_of_Account> }`.
    pub(super) fn stub(&self, function: &Function) -> TokenStream {
        let all: Vec<_> = function.params().collect();
        let (target, entity) = (hygiene::stub(&self.methods.name), &self.methods.entity);
        let full = self.stub_method(function, &all, &quote!(impl #target<#entity>), &quote!());
        let Some((first, rest)) = all.split_first().filter(|_| function.kind == Kind::Constructor) else {
            return full;
        };
        let Pat::Ident(name) = &*first.pat else { return full };
        // impl ReferenceToAccount<KeyNamed<NUMBER_OF_"id">, u64> { pub fn open(&self, balance: i64) -> Call<..> }
        let p = &self.p;
        let number = hygiene::number(&name.ident.unraw().to_string());
        let ty = self.named(&first.ty);
        let target = hygiene::constructors(&self.methods.name);
        // Whether the key has the parameter's type is known where this is called.
        let first = quote!({
            let key: &dyn #p::std::any::Any = #p::Stub::base(self).key();
            match key.downcast_ref::<#ty>() {
                #p::std::option::Option::Some(key) => #p::std::clone::Clone::clone(key),
                #p::std::option::Option::None => #p::std::unreachable!(),
            }
        },);
        let filled = self.stub_method(
            function,
            rest,
            &quote!(impl #target<#p::KeyNamed<#number>, #ty, #entity>),
            &first,
        );
        quote!(#full #filled)
    }

    fn stub_method(
        &self,
        function: &Function,
        params: &[&syn::PatType],
        target: &TokenStream,
        first: &TokenStream,
    ) -> TokenStream {
        let p = &self.p;
        let Function { visibility, signature, .. } = function;
        let (name, generics) = (&signature.ident, &signature.generics);
        let Emitted { marker, .. } = self.emitted(function);
        let (declared, ..) = generics.split_for_impl();
        let bounds = self.bounds(function, generics.where_clause.as_ref());
        let names: Vec<_> =
            params.iter().enumerate().map(|(place, param)| param_name(&param.pat, place)).collect();
        let types = params.iter().map(|param| self.named(&param.ty));
        let docs = function
            .attributes
            .iter()
            .filter(|attribute| ["doc", "deprecated"].iter().any(|name| attribute.path().is_ident(name)));
        let entity = &self.methods.entity;
        let key = if first.is_empty() {
            quote!(#p::std::clone::Clone::clone(#p::Base::<#entity>::key(self)))
        } else {
            quote!(#p::std::clone::Clone::clone(#p::Stub::<#entity>::base(self).key()))
        };
        quote! {
            #target {
                #(#docs)*
                #visibility fn #name #declared (&self, #(#names: #types,)*) -> #p::Call<#marker> #bounds {
                    #p::Call::new(#key, (#first #(#names,)*))
                }
            }
        }
    }

    /// Functions that cannot be called on a reference, so that whoever tries is told why: a bound that nothing meets.
    fn refused(&self) -> TokenStream {
        let (name, entity) = (hygiene::constructors(&self.methods.name), &self.methods.entity);
        let helpers = self.methods.functions.iter().filter(|function| function.kind == Kind::Helper);
        let each: Vec<TokenStream> = helpers.filter_map(|function| self.refusal(function)).collect();
        if each.is_empty() {
            return TokenStream::new();
        }
        quote!(impl<__Name, __Key> #name<__Name, __Key, #entity> { #(#each)* })
    }

    fn refusal(&self, function: &Function) -> Option<TokenStream> {
        let (p, entity, name) = (&self.p, &self.methods.entity, &function.signature.ident);
        let method = function.signature.receiver().is_some();
        let public = !matches!(function.visibility, syn::Visibility::Inherited);
        let reason = match () {
            () if OF_EVERY_REFERENCE.iter().any(|known| name == known) => return None,
            () if method => quote!(PublicMethod),
            () if public => quote!(ReturnsItself),
            () => return None,
        };
        let keyed = usize::from(!method); // the key comes from the reference
        let parts = (keyed..function.params().count()).map(|place| format_ident!("__P{}", place));
        let parts: Vec<_> = parts.collect();
        let conditions = function.conditions();
        Some(quote! {
            #(#conditions)*
            pub fn #name<#(#parts,)* __Result: #p::std::marker::Send + 'static>(
                &self, #(_: #parts),*
            ) -> #p::Call<#p::Refused<#entity, __Result>> where __Key: #p::#reason {
                #p::std::unreachable!()
            }
        })
    }
}

fn param_name(pattern: &Pat, place: usize) -> Ident {
    match pattern {
        Pat::Ident(pattern) => pattern.ident.clone(),
        _ => format_ident!("argument_{}", place + 1),
    }
}
