//! What an `#[entity] impl` becomes.
use super::body;
use crate::hygiene;
use crate::model::{Function, Kind, Methods};
use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Ident, Pat, ReturnType, Type};
use thalweg_graph::Access;

/// ```ignore
/// impl Account { pub fn deposit(&mut self, amount: i64) { .. } }   // sync functions, as written
/// const _: () = {
///     pub struct __transfer;                                         // each method is a type
///     impl Method for __transfer { .. fn run(cx, args) { Account::__thalweg_transfer(cx, args) } }
///     impl Account { async fn __thalweg_transfer(cx, args) { .. } }  // its coroutine
///     impl __ThalwegStubOfAccount { pub fn transfer(&self, to: Ref<Account>, amount: i64) -> Call<__transfer> }
///     impl Methods for Account { .. }
/// };
/// ```
pub(crate) fn methods(methods: &Methods, graph: &[thalweg_graph::Method]) -> TokenStream {
    let emit = Emit { methods, p: hygiene::private(methods.options.krate.as_ref()) };
    let p = &emit.p;
    let entity = &methods.entity;
    let plain = emit.plain();
    let each: TokenStream = methods.callable().map(|function| emit.method(function)).collect();
    let facts = serde_json::to_string(graph).unwrap_or_default();
    let explored = methods.callable().filter(|function| function.signature.generics.params.is_empty());
    let explored = explored.map(|function| {
        let (conditions, marker) = (function.conditions(), emit.emitted(function).marker);
        quote!(#(#conditions)* explorer.visit_method::<#marker>();)
    });
    quote! {
        #plain
        #[doc(hidden)]
        #[allow(non_camel_case_types, missing_docs, unreachable_pub, private_interfaces, private_bounds, dead_code)]
        const _: () = {
            #[allow(unused_imports)]
            use #p::{ByBytes as _, ByClone as _, NeverCopied as _, NeverCopies as _, NeverErr as _, NeverTwin as _, NeverVisited as _, SometimesErr as _};
            #each
            impl #p::Methods for #entity {
                const FACTS: &'static #p::std::primitive::str = #facts;
                fn explore(explorer: &mut #p::Explorer) {
                    let _ = &explorer;
                    #(#explored)*
                }
            }
        };
    }
}

struct Emit<'a> {
    methods: &'a Methods,
    p: TokenStream,
}

impl Emit<'_> {
    /// The inherent block: everything that is not async, as the user wrote it.
    fn plain(&self) -> TokenStream {
        let Methods { entity, attributes, others, functions, .. } = self.methods;
        let functions = functions.iter().filter(|function| !function.is_async());
        let functions = functions.map(|Function { attributes, visibility, signature, body, .. }| {
            quote!(#(#attributes)* #visibility #signature #body)
        });
        quote!(#(#attributes)* impl #entity { #(#others)* #(#functions)* })
    }

    fn method(&self, function: &Function) -> TokenStream {
        let marker = self.marker(function);
        let implementation = self.implementation(function);
        let coroutine = self.coroutine(function);
        let stub = self.stub(function);
        let assertions = self.assertions(function);
        let conditions = function.conditions();
        quote! {
            #(#conditions)* #marker
            #(#conditions)* const _: () = { #implementation #coroutine #stub #assertions };
        }
    }

    /// `pub struct __transfer<Parts>(..);`. Its parameter names the types of the method, so that the marker is as
    /// private as the most private of them.
    fn marker(&self, function: &Function) -> TokenStream {
        let (p, name) = (&self.p, hygiene::marker(&function.signature.ident));
        quote!(pub struct #name<Parts>(#p::std::marker::PhantomData<fn() -> Parts>);)
    }

    /// `impl Method for __transfer`.
    fn implementation(&self, function: &Function) -> TokenStream {
        let p = &self.p;
        let Emitted { marker, args, output } = self.emitted(function);
        let entity = &self.methods.entity;
        let (declared, used, bounds) = function.signature.generics.split_for_impl();
        let bounds = self.bounds(function, bounds);
        let name = function.signature.ident.unraw().to_string();
        let coroutine = hygiene::coroutine(&function.signature.ident);
        let fish = used.as_turbofish();
        let access = match function.access() {
            Access::Read => quote!(Read),
            Access::Write => quote!(Write),
            Access::Create => quote!(Create),
        };
        let (suspends, creates) = (function.is_async(), function.kind == Kind::Constructor);
        let names: Vec<_> = (0..args.len()).map(|place| local(&format!("argument_{place}"))).collect();
        let places = 0..names.len();
        let called = &function.signature.ident;
        // Names that the coroutine has, too: a lowercase constant of the user's could be meant by any other.
        let [state, received, harvest, result] = ["this", "args", "harvest", "output"].map(local);
        let cx = local("cx");
        let receiver = match function.kind {
            _ if suspends => None,
            Kind::Constructor | Kind::Helper => None,
            Kind::Read => Some(quote!(&*#state)),
            Kind::Write => Some(quote!(#state)),
        };
        let plain = receiver.filter(|_| !suspends).map(|receiver| {
            quote! {
                const PLAIN: #p::std::primitive::bool = true;
                fn plain(
                    #state: &mut Self::Entity,
                    #received: Self::Args,
                ) -> #p::std::option::Option<Self::Output> {
                    let (#(#names,)*) = #received;
                    #p::std::option::Option::Some(<#entity>::#called #fish (#receiver, #(#names),*))
                }
            }
        });
        let is_err = self.is_err(function, &result);
        quote! {
            impl #declared #p::Method for #marker #bounds {
                type Entity = #entity;
                type Args = (#(#args,)*);
                type Output = #output;
                const NAME: &'static #p::std::primitive::str = #name;
                const ACCESS: #p::Access = #p::Access::#access;
                const SUSPENDS: #p::std::primitive::bool = #suspends;
                const ABSENT_OK: #p::std::primitive::bool = #creates;
                fn visit(#received: &Self::Args, #harvest: &mut #p::Harvest<'_>) {
                    let (#(#names,)*) = #received;
                    let _ = &#harvest;
                    #((&#p::Argument(#names)).visit(#places, #harvest);)*
                }
                fn repeatable() -> #p::std::primitive::bool {
                    true #(&& (&#p::Kind::<#args>::new()).copies())*
                }
                fn copy(#received: &Self::Args) -> #p::std::option::Option<Self::Args> {
                    let (#(#names,)*) = #received;
                    #p::std::option::Option::Some((#((&#p::Argument(#names)).copy()?,)*))
                }
                fn twin(#received: &Self::Args) -> #p::std::option::Option<Self::Args> {
                    let (#(#names,)*) = #received;
                    #p::std::option::Option::Some((#((&&#p::Argument(#names)).twin()?,)*))
                }
                fn visit_output(#result: &Self::Output, #harvest: &mut #p::Harvest<'_>) {
                    (&#p::Argument(#result)).visit(0, #harvest);
                }
                fn run(
                    #cx: #p::Cx<#entity>,
                    #received: #p::std::option::Option<Self::Args>,
                ) -> impl #p::std::future::Future<Output = Self::Output> + 'static {
                    <#entity>::#coroutine #fish (#cx, #received)
                }
                #plain
                fn is_err(#result: &Self::Output) -> #p::std::primitive::bool {
                    let _ = &#result;
                    #is_err
                }
            }
        }
    }

    /// `(&Outcome(output)).is_err()`. What depends on a type parameter may be a `Result` for some types alone, so the value
    /// is asked.
    fn is_err(&self, function: &Function, result: &Ident) -> TokenStream {
        let p = &self.p;
        let written = &function.signature.output;
        let mut params = function.signature.generics.type_params();
        if !params.any(|param| mentions(written.to_token_stream(), &param.ident)) {
            return quote!((&#p::Outcome(#result)).is_err());
        }
        quote_spanned!(written.span()=> (&#p::unclear(#result)).is_err())
    }

    /// `async fn __thalweg_transfer(cx: Cx<Self>, args: Option<(..)>) -> ..`.
    fn coroutine(&self, function: &Function) -> TokenStream {
        let p = &self.p;
        let Emitted { args, output, .. } = self.emitted(function);
        let entity = &self.methods.entity;
        let name = hygiene::coroutine(&function.signature.ident);
        let generics = &function.signature.generics;
        let bounds = self.bounds(function, generics.where_clause.as_ref());
        let (declared, ..) = generics.split_for_impl();
        let (cx, received) = (local("cx"), local("args"));
        let body = body::body(self.methods, function, p);
        let attributes = if function.is_async() { function.attributes.as_slice() } else { &[] };
        quote! {
            impl #entity {
                #(#attributes)*
                #[allow(clippy::all, clippy::pedantic, clippy::nursery)]
                async fn #name #declared (
                    #cx: #p::Cx<#entity>,
                    #received: #p::std::option::Option<(#(#args,)*)>,
                ) -> #output #bounds { #body }
            }
        }
    }

    /// `impl __ThalwegStubOfAccount { pub fn transfer(&self, to: .., amount: ..) -> Call<__transfer> }`.
    fn stub(&self, function: &Function) -> TokenStream {
        let all: Vec<_> = function.params().collect();
        let target = self.beside(hygiene::stub);
        let full = self.stub_method(function, &all, &quote!(#target), &quote!());
        let Some((first, rest)) = all.split_first().filter(|_| function.kind == Kind::Constructor) else {
            return full;
        };
        let Pat::Ident(name) = &*first.pat else { return full };
        // impl __ThalwegConstructorsOfAccount<NUMBER_OF_"id", u64> { pub fn open(&self, balance: i64) -> Call<__open> }
        let p = &self.p;
        let number = hygiene::number(&name.ident.unraw().to_string());
        let ty = self.named(&first.ty);
        let target = self.beside(hygiene::constructors);
        let target = quote!(#target<#number, #ty>);
        // Whether the key has the parameter's type is known where this is called.
        let first = quote!({
            let key: &dyn #p::std::any::Any = #p::Stub::base(self).key();
            match key.downcast_ref::<#ty>() {
                #p::std::option::Option::Some(key) => #p::std::clone::Clone::clone(key),
                #p::std::option::Option::None => #p::std::unreachable!(),
            }
        },);
        let filled = self.stub_method(function, rest, &target, &first);
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
        let key = quote!(#p::std::clone::Clone::clone(#p::Base::<#entity>::key(self)));
        let key = if first.is_empty() {
            key
        } else {
            quote!(#p::std::clone::Clone::clone(#p::Stub::<#entity>::base(self).key()))
        };
        quote! {
            impl #target {
                #(#docs)*
                #[allow(clippy::too_many_arguments)]
                #visibility fn #name #declared (&self, #(#names: #types,)*) -> #p::Call<#marker> #bounds {
                    #p::Call::new(#key, (#first #(#names,)*))
                }
            }
        }
    }

    /// Spanned assertions, so that rustc speaks of the user's types.
    fn assertions(&self, function: &Function) -> TokenStream {
        let p = &self.p;
        if !function.signature.generics.params.is_empty() {
            return TokenStream::new();
        }
        let output = match &function.signature.output {
            ReturnType::Type(_, ty) if function.kind != Kind::Constructor => Some(&**ty),
            _ => None,
        };
        let types = function.params().map(|param| &*param.ty).chain(output);
        types
            .map(|ty| {
                let named = self.named(ty);
                quote_spanned! {ty.span()=> const _: fn() = || {
                    fn portable<T: #p::Portable>() {}
                    portable::<#named>();
                };}
            })
            .collect()
    }

    fn emitted(&self, function: &Function) -> Emitted {
        let p = &self.p;
        let entity = &self.methods.entity;
        let output = match &function.signature.output {
            ReturnType::Default => quote!(()),
            ReturnType::Type(_, ty) => self.named(ty),
        };
        let output = match function.kind {
            Kind::Constructor => quote!(<#output as #p::Constructed<#entity>>::Output),
            _ => output,
        };
        let args: Vec<_> = function.params().map(|param| self.named(&param.ty)).collect();
        let name = hygiene::marker(&function.signature.ident);
        let params = function.signature.generics.type_params().map(|param| &param.ident);
        let marker = quote!(#name<(#entity, (#(#args,)*), #output, (#(#params,)*))>);
        Emitted { marker, args, output }
    }

    /// A type with `Self` named.
    fn named(&self, ty: &Type) -> TokenStream {
        name_self(ty.to_token_stream(), &self.methods.entity.to_token_stream())
    }

    /// The where clause, with what travelling asks of type parameters.
    fn bounds(&self, function: &Function, written: Option<&syn::WhereClause>) -> TokenStream {
        let p = &self.p;
        let params: Vec<_> = function.signature.generics.type_params().map(|param| &param.ident).collect();
        let written = written.map(|clause| &clause.predicates).into_iter().flatten();
        if params.is_empty() && function.signature.generics.where_clause.is_none() {
            return TokenStream::new();
        }
        quote!(where #(#params: #p::Portable,)* #(#written,)*)
    }

    /// A type that the struct's `#[entity]` has put beside the struct.
    fn beside(&self, name: impl Fn(&Ident) -> Ident) -> TokenStream {
        let mut path = self.methods.entity.path.clone();
        if let Some(last) = path.segments.last_mut() {
            last.ident = name(&last.ident);
        }
        path.to_token_stream()
    }
}

struct Emitted {
    /// The method as a type, with its parts.
    marker: TokenStream,
    args: Vec<TokenStream>,
    output: TokenStream,
}

fn mentions(tokens: TokenStream, name: &Ident) -> bool {
    tokens.into_iter().any(|tree| match tree {
        TokenTree::Ident(ident) => ident == *name,
        TokenTree::Group(group) => mentions(group.stream(), name),
        TokenTree::Punct(_) | TokenTree::Literal(_) => false,
    })
}

fn local(name: &str) -> Ident {
    hygiene::local(name, Span::call_site())
}

fn param_name(pattern: &Pat, place: usize) -> Ident {
    match pattern {
        Pat::Ident(pattern) => pattern.ident.clone(),
        _ => quote::format_ident!("argument_{}", place + 1),
    }
}

fn name_self(tokens: TokenStream, entity: &TokenStream) -> TokenStream {
    let trees = tokens.into_iter().flat_map(|tree| match tree {
        TokenTree::Ident(ident) if ident == "Self" => entity.clone(),
        TokenTree::Group(group) => {
            let mut named = proc_macro2::Group::new(group.delimiter(), name_self(group.stream(), entity));
            named.set_span(group.span());
            TokenTree::Group(named).into()
        }
        other => other.into(),
    });
    trees.collect()
}
