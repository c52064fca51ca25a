//! What an `#[entity] impl` becomes.
use super::{body, statement};
use crate::analyse::{Computed, Facts};
use crate::hygiene;
use crate::model::{Function, Kind, Methods};
use crate::syntax::{attributes, fields};
use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Ident, ReturnType, Type};
use thalweg_graph::Access;

/// ```ignore
/// impl Account { pub fn deposit(&mut self, amount: i64) { .. } }   // sync functions, as written
/// const _: () = {
///     pub struct MethodsOfAccount { .. }                       // what a reference derefs to
///     pub struct transfer_of_Account<__Parts = (..)>(..);              // each method is a type
///     impl Method for transfer_of_Account { .. fn run(cx, args) { Account::__thalweg_transfer(cx, args) } }
///     impl Account { async fn __thalweg_transfer(cx, args) { .. } }  // its coroutine
///     impl MethodsOfAccount { pub fn transfer(&self, to: Ref<Account>, amount: i64) -> Call<transfer_of_Account> }
///     impl Methods for Account { .. }
/// };
/// ```
pub(crate) fn methods(methods: &Methods, graph: &[Facts]) -> TokenStream {
    let emit = Emit { methods, p: hygiene::private(methods.options.krate.as_ref()) };
    let (p, entity) = (&emit.p, &methods.entity);
    let inherent = emit.inherent_block();
    let documented = emit.documented();
    let stubs = emit.stubs();
    let each = methods.callable().zip(graph).map(|(function, facts)| emit.method(function, &facts.computed));
    let each: TokenStream = each.collect();
    let json = |method| serde_json::to_string(method).unwrap_or_default();
    let facts = methods.callable().zip(graph).map(|(function, Facts { method, keyed, .. })| {
        let (conditions, method) = (function.conditions(), json(method));
        let keyed = keyed.iter().map(|(field, method)| {
            let method = json(method);
            quote!((#field, #method))
        });
        quote!(#(#conditions)* (#method, &[#(#keyed),*]))
    });
    let explored = methods.callable().filter(|function| function.signature.generics.params.is_empty());
    let explored = explored.map(|function| {
        let (conditions, marker) = (function.conditions(), emit.emitted(function).marker);
        quote!(#(#conditions)* visitor.method::<#marker>();)
    });
    let constructors = hygiene::constructors(&methods.name);
    let conditions = body::conditions(methods, p);
    // Only one block can be the one: rustc says so at the type of the second.
    let one = quote_spanned!(entity.span()=> impl #p::Methods for #entity);
    quote! {
        #inherent
        #documented
        #[doc(hidden)]
        #[allow(
            non_camel_case_types, missing_docs, unreachable_pub, private_interfaces, private_bounds, dead_code,
            clippy::all, clippy::pedantic, clippy::nursery
        )]
        const _: () = {
            #[allow(unused_imports)]
            use #p::{ByBytes as _, ByClone as _, NeverComputed as _, NeverCopied as _, NeverCopies as _, NeverDecoded as _, NeverErr as _, NeverPlain as _, NeverTwin as _, NeverVisited as _, SometimesErr as _};
            #[allow(unused_imports)]
            use #p::{AnyStatement as _, LaterOperand as _, NeverAwaited as _};
            #[allow(unused_imports)]
            use #p::{AnyReceiver as _, CopiedReceiver as _, DerefReceiver as _, ListReceiver as _};
            #stubs
            #each
            #one {
                type Stub = #constructors<<#entity as #p::Entity>::KeyName, <#entity as #p::Entity>::Key, #entity>;
                const FACTS: &'static [#p::Facts] = &[#(#facts),*];
                const CONDITIONS: &'static [(&'static #p::std::primitive::str, #p::std::primitive::bool)] =
                    #conditions;
                fn each<V: #p::MethodVisitor>(visitor: &mut V) {
                    let _ = &visitor;
                    #(#explored)*
                }
            }
        };
    }
}

/// What of the state a method may write, as bits.
pub(super) fn writes(methods: &Methods, function: &Function, p: &TokenStream) -> TokenStream {
    let entity = &methods.entity;
    // An attribute that is not known may put more into the body.
    if !methods.attributes.iter().chain(&function.attributes).all(attributes::says_something_of_the_whole) {
        return quote!(#p::std::primitive::u32::MAX);
    }
    match fields::mentioned(&function.body, &methods.calling) {
        Some(fields) => {
            let fields = fields.iter();
            quote!(const { #p::bits_of::<#entity>(&[#(#fields),*]) })
        }
        None => quote!(#p::std::primitive::u32::MAX),
    }
}

pub(super) struct Emit<'a> {
    pub(super) methods: &'a Methods,
    pub(super) p: TokenStream,
}

impl Emit<'_> {
    /// The inherent block: everything that is not async, as the user wrote it.
    fn inherent_block(&self) -> TokenStream {
        let Methods { entity, attributes, others, functions, .. } = self.methods;
        let functions = functions.iter().filter(|function| !function.is_async());
        let functions = functions.map(|Function { attributes, visibility, signature, body, .. }| {
            let mut body = body.clone();
            statement::check_all(&mut body, &self.p);
            quote!(#(#attributes)* #visibility #signature #body)
        });
        quote!(#(#attributes)* impl #entity { #(#others)* #(#functions)* })
    }

    /// What rustdoc shows of the async methods: they are coroutines of generated code otherwise.
    fn documented(&self) -> TokenStream {
        let Methods { entity, functions, .. } = self.methods;
        let functions = functions.iter().filter(|function| function.is_async());
        let functions = functions.map(|Function { attributes, visibility, signature, .. }| {
            let attributes = attributes.iter().filter(|attribute| {
                ["doc", "deprecated", "cfg", "must_use"].iter().any(|name| attribute.path().is_ident(name))
            });
            quote!(#(#attributes)* #visibility #signature { ::core::unimplemented!() })
        });
        let functions: Vec<_> = functions.collect();
        let block = (!functions.is_empty()).then(|| {
            quote!(#[cfg(doc)] #[allow(unused_variables, unused_mut, clippy::all)] impl #entity { #(#functions)* })
        });
        quote!(#block)
    }

    fn method(&self, function: &Function, computed: &[Computed]) -> TokenStream {
        let marker = self.marker(function);
        let implementation = self.implementation(function, computed);
        let coroutine = self.coroutine(function);
        let keys = self.keys(function, computed);
        let stub = self.stub(function);
        let assertions = self.assertions(function);
        let conditions = function.conditions();
        quote! {
            #(#conditions)* #marker
            #(#conditions)* const _: () = { #implementation #coroutine #keys #stub #assertions };
        }
    }

    /// `pub struct transfer_of_Account<__Parts = (..)>(..);`. `__Parts` names the types of the method, so that the marker is
    /// as private as the most private of them; as a default, it is not printed where rustc names the type. In a default,
    /// the parameters of a generic method would lack their bounds.
    fn marker(&self, function: &Function) -> TokenStream {
        let p = &self.p;
        let name = hygiene::marker(&function.signature.ident, &self.methods.name);
        let generics = &function.signature.generics;
        let default = generics.params.is_empty().then(|| {
            let parts = self.parts(function);
            quote!(= #parts)
        });
        let declared = generics.params.iter().map(|param| match param {
            syn::GenericParam::Const(param) => {
                let (name, ty) = (&param.ident, &param.ty);
                quote!(const #name: #ty)
            }
            syn::GenericParam::Type(param) => param.ident.to_token_stream(),
            syn::GenericParam::Lifetime(param) => param.to_token_stream(),
        });
        let types = generics.type_params().map(|param| &param.ident);
        quote! {
            pub struct #name<#(#declared,)* __Parts #default>(
                #p::std::marker::PhantomData<fn() -> (__Parts, #(#types,)*)>
            );
        }
    }

    /// The types of a method.
    fn parts(&self, function: &Function) -> TokenStream {
        let entity = &self.methods.entity;
        let (args, output) = self.types(function);
        quote!((#entity, (#(#args,)*), #output))
    }

    /// `impl Method for __transfer`.
    fn implementation(&self, function: &Function, computed: &[Computed]) -> TokenStream {
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
        let (places, all_places) = (0..names.len(), 0..names.len());
        let called = &function.signature.ident;
        // Names that the coroutine has, too: a lowercase constant of the user's could be meant by any other.
        let [state, received, visitor, result] = ["this", "args", "visitor", "output"].map(local);
        let cx = local("cx");
        let receiver = match function.kind {
            _ if suspends => None,
            Kind::Constructor | Kind::Helper => None,
            Kind::Read => Some((quote!(read), quote!())),
            Kind::Write => Some((quote!(write), quote!(mut))),
        };
        let plain = receiver.filter(|_| !suspends).map(|(way, mutable)| {
            quote! {
                const LEAF: #p::std::primitive::bool = true;
                fn #way(
                    #state: &#mutable Self::Entity,
                    #received: Self::Args,
                ) -> #p::std::option::Option<Self::Output> {
                    let (#(#names,)*) = #received;
                    #p::std::option::Option::Some(<#entity>::#called #fish (#state, #(#names),*))
                }
            }
        });
        let is_err = self.is_err(function, &result);
        // Only what makes calls has a plan that may rely on its arguments.
        let known_parameters = (!function.sites.is_empty() && !args.is_empty()).then(|| {
            let types: Vec<_> = args.iter().take(64).collect();
            let bits: Vec<_> = (0..types.len()).collect();
            quote! {
                fn known_parameters() -> #p::KnownParameters {
                    #p::KnownParameters {
                        plain: 0 #(| #p::std::primitive::u64::from((&#p::Kind::<#types>::new()).is_plain()) << #bits)*,
                        holds: 0 #(| #p::std::primitive::u64::from((&#p::Kind::<#types>::new()).holds()) << #bits)*,
                    }
                }
            }
        });
        let writes = (function.kind == Kind::Write && !suspends).then(|| {
            let writes = writes(self.methods, function, p);
            quote!(const WRITES: #p::std::primitive::u32 = #writes;)
        });
        let keys = hygiene::keys(&function.signature.ident);
        let computes = (!computed.is_empty()).then(|| {
            let (number, key) = (local("number"), local("key"));
            quote! {
                fn computed(
                    #number: #p::std::primitive::usize,
                    #key: &<#entity as #p::Entity>::Key,
                    #received: #p::std::option::Option<&Self::Args>,
                    #visitor: &mut #p::ValueVisitor<'_>,
                ) {
                    if <#entity>::#keys(#number, #key, #received, #visitor).is_none() {
                        #visitor.unsure();
                    }
                }
            }
        });
        quote! {
            impl #declared #p::Method for #marker #bounds {
                type Entity = #entity;
                type Args = (#(#args,)*);
                type Output = #output;
                const NAME: &'static #p::std::primitive::str = #name;
                const ACCESS: #p::Access = #p::Access::#access;
                const SUSPENDS: #p::std::primitive::bool = #suspends;
                #writes
                const ABSENT_OK: #p::std::primitive::bool = #creates;
                fn visit(#received: &Self::Args, #visitor: &mut #p::ValueVisitor<'_>) {
                    let (#(#names,)*) = #received;
                    let _ = &#visitor;
                    #((&#p::Argument(#names)).visit(#places, #visitor);)*
                }
                fn repeatable() -> #p::std::primitive::bool {
                    true #(&& (&#p::Kind::<#args>::new()).copies())*
                }
                #known_parameters
                fn copy(#received: &Self::Args) -> #p::std::option::Option<Self::Args> {
                    let (#(#names,)*) = #received;
                    #p::std::option::Option::Some((#((&#p::Argument(#names)).copy()?,)*))
                }
                fn twin(#received: &Self::Args) -> #p::std::option::Option<Self::Args> {
                    let (#(#names,)*) = #received;
                    #p::std::option::Option::Some((#((&&#p::Argument(#names)).twin()?,)*))
                }
                fn decode(#received: &mut #p::Arguments<'_>) -> #p::std::option::Option<Self::Args> {
                    let _ = &#received;
                    #p::std::option::Option::Some((#((&#p::Kind::<#args>::new()).decode(#all_places, #received)?,)*))
                }
                fn visit_output(#result: &Self::Output, #visitor: &mut #p::ValueVisitor<'_>) {
                    (&#p::Argument(#result)).visit(0, #visitor);
                }
                fn decode_output(#received: &mut #p::Arguments<'_>) -> #p::std::option::Option<Self::Output> {
                    (&#p::Kind::<#output>::new()).decode(0, #received)
                }
                fn run(
                    #cx: #p::MethodContext<#entity>,
                    #received: #p::std::option::Option<Self::Args>,
                ) -> impl #p::std::future::Future<Output = Self::Output> + 'static {
                    <#entity>::#coroutine #fish (#cx, #received)
                }
                #computes
                #plain
                fn is_err(#result: &Self::Output) -> #p::std::primitive::bool {
                    let _ = &#result;
                    #is_err
                }
            }
        }
    }

    /// `fn __thalweg_keys_of_order(number, key, args, visitor) -> Option<()>`: shows a reference whose key is computed.
    fn keys(&self, function: &Function, computed: &[Computed]) -> TokenStream {
        if computed.is_empty() {
            return TokenStream::new();
        }
        let p = &self.p;
        let entity = &self.methods.entity;
        let (args, _) = self.types(function);
        let name = hygiene::keys(&function.signature.ident);
        let [number, key, received, visitor, own, state] =
            ["number", "key", "args", "visitor", "own", "state"].map(local);
        let names: Vec<_> = (0..args.len()).map(|place| local(&format!("argument_{place}"))).collect();
        let arms = computed.iter().enumerate().map(|(at, computed)| {
            let own_key = computed.own.as_ref().map(|field| {
                let (text, field) = (hygiene::number(field), format_ident!("{field}"));
                quote! {
                    let #own = #p::std::clone::Clone::clone(#p::key_as::<#entity, _>(#text, #key, |#state| &#state.#field)?);
                }
            });
            let unpacked = computed.has_arguments().then(|| quote!(let (#(#names,)*) = #received?;));
            let argument = |place: usize| {
                let name = &names[place];
                quote!((&#p::Argument(#name)).copy()?)
            };
            let then = |expr: &syn::Expr| quote!((&#p::Computed(&#expr)).visit(#visitor););
            let code = computed.code(&own, argument, then, &visitor);
            quote!(#at => { #own_key #unpacked #code })
        });
        quote! {
            impl #entity {
                #[allow(warnings, clippy::all, clippy::pedantic, clippy::nursery)]
                fn #name(
                    #number: #p::std::primitive::usize,
                    #key: &<#entity as #p::Entity>::Key,
                    #received: #p::std::option::Option<&(#(#args,)*)>,
                    #visitor: &mut #p::ValueVisitor<'_>,
                ) -> #p::std::option::Option<()> {
                    match #number {
                        #(#arms)*
                        _ => {}
                    }
                    #p::std::option::Option::Some(())
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
        if !params.any(|param| attributes::mentions(written, &param.ident.to_string())) {
            return quote!((&#p::Outcome(#result)).is_err());
        }
        quote_spanned!(written.span()=> (&#p::unclear(#result)).is_err())
    }

    /// `async fn __thalweg_transfer(cx: MethodContext<Self>, args: Option<(..)>) -> ..`.
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
                async fn #name #declared (
                    #cx: #p::MethodContext<#entity>,
                    #received: #p::std::option::Option<(#(#args,)*)>,
                ) -> #output #bounds { #body }
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

    pub(super) fn emitted(&self, function: &Function) -> Emitted {
        let (args, output) = self.types(function);
        let name = hygiene::marker(&function.signature.ident, &self.methods.name);
        let generics = &function.signature.generics;
        let marker = if generics.params.is_empty() {
            name.to_token_stream()
        } else {
            let used = generics.params.iter().map(|param| match param {
                syn::GenericParam::Const(param) => param.ident.to_token_stream(),
                syn::GenericParam::Type(param) => param.ident.to_token_stream(),
                syn::GenericParam::Lifetime(param) => param.lifetime.to_token_stream(),
            });
            let parts = self.parts(function);
            quote!(#name<#(#used,)* #parts>)
        };
        Emitted { marker, args, output }
    }

    /// The types of the arguments, and what the caller gets.
    fn types(&self, function: &Function) -> (Vec<TokenStream>, TokenStream) {
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
        (function.params().map(|param| self.named(&param.ty)).collect(), output)
    }

    /// A type with `Self` named.
    pub(super) fn named(&self, ty: &Type) -> TokenStream {
        name_self(ty.to_token_stream(), &self.methods.entity.to_token_stream())
    }

    /// The where clause, with what travelling asks of type parameters.
    pub(super) fn bounds(&self, function: &Function, written: Option<&syn::WhereClause>) -> TokenStream {
        let p = &self.p;
        let params: Vec<_> = function.signature.generics.type_params().map(|param| &param.ident).collect();
        let written = written.map(|clause| &clause.predicates).into_iter().flatten();
        if params.is_empty() && function.signature.generics.where_clause.is_none() {
            return TokenStream::new();
        }
        quote!(where #(#params: #p::Portable,)* #(#written,)*)
    }
}

pub(super) struct Emitted {
    /// The method as a type.
    pub(super) marker: TokenStream,
    args: Vec<TokenStream>,
    output: TokenStream,
}

fn local(name: &str) -> Ident {
    hygiene::local(name, Span::call_site())
}

pub(super) fn name_self(tokens: TokenStream, entity: &TokenStream) -> TokenStream {
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
