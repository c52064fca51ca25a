//! The body of a method as a coroutine: the user's tokens, with `self` taken up anew after each call.
use super::cut::cut;
use crate::hygiene;
use crate::model::{Function, Kind, Methods};
use crate::syntax::calls::Site;
use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::visit::Visit;
use syn::{Attribute, Index};

/// ```ignore
/// let sites = (Site::new(),);
/// if let Some((to, amount)) = args {
///     let mut held = cx.hold(const { .. }).await;
///     let mut self_ = held.get_mut();
///     let output: Result<(), Insufficient> = { .. };   // the user's body
///     return output;
/// }
/// let mut described = Vec::new();
/// described.push(Some((&sites.0).callees()));
/// match cx.describe(described).await {}
/// ```
///
/// The callees are asked for behind the body, where rustc knows the types of the sites: what is no call is refused where
/// it is awaited, and is no callee. They are asked for one by one: in one array they would all be alive together, and rustc's
/// time and memory would grow with the square of the sites (400 calls: 22 s and 2.7 GB instead of 4 s and 0.3 GB).
pub(super) fn body(methods: &Methods, function: &Function, p: &TokenStream) -> TokenStream {
    let names = Names::new(function, p);
    let args = &names.args;
    let sites = Sites::new(&function.sites, p);
    let body =
        if function.is_async() { cut(methods, function, &names, &sites) } else { names.plain(function) };
    let (declared, described) = (&sites.declared, &sites.described);
    let patterns = if function.is_async() {
        function.params().map(|param| &param.pat).map(|pat| quote!(#pat)).collect()
    } else {
        names.arguments(function)
    };
    let hold = (function.kind != Kind::Constructor).then(|| names.hold(methods, function, p));
    quote! {
        #declared
        if let #p::std::option::Option::Some((#(#patterns,)*)) = #args {
            #hold
            #body
        }
        #described
    }
}

/// The call sites as values of generated code.
pub(super) struct Sites {
    /// How each is named.
    names: Vec<TokenStream>,
    declared: TokenStream,
    /// What a method says of itself when it has no arguments.
    described: TokenStream,
}

impl Sites {
    /// Most stand in one tuple. A site under conditions is a variable of its own, which is there under the same.
    fn new(sites: &[Site], p: &TokenStream) -> Self {
        let all = hygiene::local("sites", Span::call_site());
        let (mut names, mut tuple, mut alone) = (Vec::new(), 0_usize, TokenStream::new());
        let (mut plain, mut conditional) = (TokenStream::new(), TokenStream::new());
        let described = hygiene::local("described", Span::call_site());
        for (number, site) in sites.iter().enumerate() {
            // rustc reports what cannot be awaited once for each place, so all mentions of a site stand at the same one.
            let span = site.span;
            if site.conditions.is_empty() {
                let (index, sites) = (Index::from(tuple), hygiene::local("sites", span));
                names.push(quote_spanned!(sites.span()=> #sites.#index));
                plain.extend(quote_spanned! {sites.span()=>
                    #described.push(#p::std::option::Option::Some((&#sites.#index).callees()));
                });
                tuple += 1;
                continue;
            }
            let (name, conditions) = (hygiene::local(&format!("site_{number}"), span), &site.conditions);
            alone.extend(quote!(#(#conditions)* let #name = #p::Site::new();));
            let callees = quote_spanned!(name.span()=> (&#name).callees());
            plain.extend(quote!(#described.push(#p::std::option::Option::None);));
            conditional.extend(quote! {
                #(#conditions)* { #described[#number] = #p::std::option::Option::Some(#callees); }
            });
            names.push(quote!(#name));
        }
        let new = (0..tuple).map(|_| quote!(#p::Site::new()));
        let cx = hygiene::local("cx", Span::call_site());
        let mutable = (!names.is_empty()).then(|| quote!(mut));
        Self {
            names,
            declared: quote!(let #all = (#(#new,)*); #alone),
            described: quote! {
                let #mutable #described = #p::std::vec::Vec::new();
                #plain
                #conditional
                match #cx.describe(#described).await {}
            },
        }
    }

    /// How a site is named.
    pub(super) fn name(&self, number: usize) -> &TokenStream {
        &self.names[number]
    }
}

/// The locals of generated code.
pub(super) struct Names {
    pub(super) p: TokenStream,
    cx: syn::Ident,
    args: syn::Ident,
    pub(super) output: syn::Ident,
    /// Where the user has written how the method takes its entity.
    receiver: Span,
    /// Whether the method may change the entity.
    pub(super) writes: bool,
}

impl Names {
    fn new(function: &Function, p: &TokenStream) -> Self {
        let local = |name| hygiene::local(name, Span::call_site());
        let receiver = function.signature.receiver().map(|receiver| match &receiver.kind {
            syn::ReceiverKind::Reference(and, ..) => {
                and.span().join(receiver.self_token.span).unwrap_or(and.span())
            }
            _ => receiver.self_token.span,
        });
        Self {
            p: p.clone(),
            cx: local("cx"),
            args: local("args"),
            output: local("output"),
            receiver: receiver.unwrap_or_else(Span::call_site),
            writes: function.kind != Kind::Read,
        }
    }

    /// `get` or `get_mut`, where a state is taken up.
    pub(super) fn get(&self, span: Span) -> syn::Ident {
        hygiene::local(if self.writes { "get_mut" } else { "get" }, span)
    }

    fn hold(&self, methods: &Methods, function: &Function, p: &TokenStream) -> TokenStream {
        let cx = &self.cx;
        let which = match function.kind {
            Kind::Write => super::methods::writes(methods, function, p),
            _ => quote!(0),
        };
        let span = self.receiver;
        let get = self.get(span);
        // Only what takes the state up bears the user's place: rustc would offer to rewrite the bindings there.
        let [held, this] = ["held", "self_"].map(|name| hygiene::local(name, Span::call_site()));
        // That is the whole of it, `held` too: a borrow begins there.
        let entity = quote_spanned!(span=> Self);
        let ty =
            if self.writes { quote_spanned!(span=> &mut #entity) } else { quote_spanned!(span=> &#entity) };
        let lender = hygiene::local("held", span);
        let taken = quote_spanned!(span.resolved_at(Span::mixed_site())=> #lender.#get());
        quote! {
            #[allow(unused_mut)]
            let mut #held = #cx.hold(#which).await;
            #[allow(unused_mut, unused_variables)]
            let mut #this: #ty = #taken;
            let _ = &#this;
        }
    }

    fn arguments(&self, function: &Function) -> Vec<TokenStream> {
        let count = function.params().count();
        (0..count)
            .map(|place| {
                let name = hygiene::local(&format!("argument_{place}"), Span::call_site());
                quote!(#name)
            })
            .collect()
    }

    /// A sync function is called as it stands.
    fn plain(&self, function: &Function) -> TokenStream {
        let (cx, this) = (&self.cx, hygiene::local("self_", self.receiver));
        let name = &function.signature.ident;
        let arguments = self.arguments(function);
        let (_, used, _) = function.signature.generics.split_for_impl();
        let fish = used.as_turbofish();
        match function.kind {
            Kind::Constructor => quote!(return #cx.create(Self::#name #fish (#(#arguments),*)).await;),
            _ => quote!(return Self::#name #fish (#this, #(#arguments),*);),
        }
    }
}

/// The conditions in async methods, each once, as written: what the graph calls them, and whether they hold.
pub(super) fn conditions(methods: &Methods, p: &TokenStream) -> TokenStream {
    struct Conditions<'a>(Vec<&'a Attribute>);
    impl<'ast> Visit<'ast> for Conditions<'ast> {
        fn visit_attribute(&mut self, attribute: &'ast Attribute) {
            if attribute.path().is_ident("cfg") {
                self.0.push(attribute);
            }
        }
    }
    let mut all = Conditions(Vec::new());
    for function in methods.callable().filter(|function| function.is_async()) {
        all.visit_block(&function.body);
        all.0.extend(function.sites.iter().flat_map(|site| &site.conditions)); // also those in macros
    }
    let mut seen = std::collections::BTreeSet::new();
    let each = all.0.into_iter().filter_map(|attribute| {
        let text = crate::analyse::text::line(attribute);
        let predicate = attribute.meta.require_list().ok().map(|list| &list.tokens)?;
        seen.insert(text.clone()).then(|| quote!((#text, #p::std::cfg!(#predicate))))
    });
    let each: Vec<_> = each.collect();
    quote!(&[#(#each),*])
}
