//! The model: what the user's item says, in our words.
use crate::analyse::MethodInput;
use crate::options::Options;
use crate::syntax::calls;
use std::collections::BTreeSet;
use syn::{Block, Ident, ImplItem, ItemStruct, Signature, Type, TypePath, Visibility};
use thalweg_graph::Access;

/// An `#[entity] struct`.
pub(crate) struct Entity {
    pub(crate) options: Options,
    /// The struct without our own attributes.
    pub(crate) item: ItemStruct,
    /// The field marked `#[key]`; the first one stands in when the mark is missing.
    pub(crate) key: Ident,
    pub(crate) key_type: Type,
    /// The partition as fields after the key: `0`, `district`.
    pub(crate) partition: Vec<syn::Member>,
}

/// An `#[entity] impl`.
pub(crate) struct Methods {
    pub(crate) options: Options,
    pub(crate) attributes: Vec<syn::Attribute>,
    /// The type as written.
    pub(crate) entity: TypePath,
    /// Its last name.
    pub(crate) name: Ident,
    /// What is not a function.
    pub(crate) others: Vec<ImplItem>,
    pub(crate) functions: Vec<Function>,
    /// The names of the async methods: on `self` they are calls.
    pub(crate) calling: BTreeSet<String>,
}

/// A function of the block.
pub(crate) struct Function {
    pub(crate) kind: Kind,
    pub(crate) attributes: Vec<syn::Attribute>,
    pub(crate) visibility: Visibility,
    pub(crate) signature: Signature,
    /// The body; if it is async, its call sites are marked.
    pub(crate) body: Block,
    pub(crate) sites: Vec<calls::Site>,
}

/// What a function is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Private, or without `self`: the user's own business.
    Helper,
    /// `-> Self` or `-> Result<Self, _>`.
    Constructor,
    /// `&self`.
    Read,
    /// `&mut self`.
    Write,
}

impl Function {
    pub(crate) fn access(&self) -> Access {
        match self.kind {
            Kind::Read | Kind::Helper => Access::Read,
            Kind::Write => Access::Write,
            Kind::Constructor => Access::Create,
        }
    }
    /// The conditions under which it is compiled.
    pub(crate) fn conditions(&self) -> Vec<&syn::Attribute> {
        self.attributes.iter().filter(|attribute| attribute.path().is_ident("cfg")).collect()
    }
    pub(crate) fn is_async(&self) -> bool {
        self.signature.asyncness.is_some()
    }
    /// The parameters after `self`: patterns and types.
    pub(crate) fn params(&self) -> impl Iterator<Item = &syn::PatType> {
        self.signature.inputs.iter().filter_map(|input| match input {
            syn::FnArg::Typed(param) => Some(param),
            syn::FnArg::Receiver(_) => None,
        })
    }
    pub(crate) fn analysis<'a>(&'a self, methods: &'a Methods) -> MethodInput<'a> {
        use syn::ext::IdentExt;
        MethodInput {
            name: self.signature.ident.unraw().to_string(),
            line: u32::try_from(self.signature.ident.span().start().line).unwrap_or(0),
            public: !matches!(self.visibility, Visibility::Inherited),
            access: self.access(),
            sig: &self.signature,
            body: &self.body,
            sites: &self.sites,
            self_methods: &methods.calling,
            entity_name: methods.name.unraw().to_string(),
        }
    }
}

impl Methods {
    /// The functions that can be called from elsewhere.
    pub(crate) fn callable(&self) -> impl Iterator<Item = &Function> {
        self.functions.iter().filter(|function| function.kind != Kind::Helper)
    }

    /// After a mistake: without what is broken, and with bodies that rustc has nothing to say about, so that one
    /// mistake gives one error.
    pub(crate) fn stub_out(&mut self, broken: &[usize]) {
        let mut place = 0..;
        self.functions.retain(|_| place.next().is_none_or(|place| !broken.contains(&place)));
        for function in &mut self.functions {
            function.attributes.push(syn::parse_quote!(#[allow(unused)]));
            function.body = syn::parse_quote!({ ::core::unimplemented!() });
            function.sites.clear();
        }
    }
}
