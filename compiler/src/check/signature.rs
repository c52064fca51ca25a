//! Signatures: what can be called from elsewhere takes and returns what can travel.
use crate::diagnostics::{self, Errors};
use crate::model::{Function, Kind};
use crate::syntax::attributes;
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::visit::{self, Visit};
use syn::{FnArg, ReturnType, Type, Visibility};

/// Methods that every `Ref` has from the traits of the prelude or of its own.
const RESERVED: &[&str] = &[
    "at",
    "borrow",
    "borrow_mut",
    "clamp",
    "clone",
    "clone_from",
    "clone_into",
    "cmp",
    "deref",
    "eq",
    "fmt",
    "ge",
    "gt",
    "hash",
    "into",
    "le",
    "lt",
    "max",
    "min",
    "ne",
    "partial_cmp",
    "serialize",
    "to_owned",
    "try_into",
    "type_id",
];

/// A function that nobody calls from elsewhere.
pub(super) fn helper(function: &Function, errors: &mut Errors) {
    let signature = &function.signature;
    if signature.ident == "at" {
        errors.at(&signature.ident, diagnostics::reserved("at"));
    }
    if function.is_async() {
        errors.at(&signature.ident, diagnostics::NO_RECEIVER);
    } else if !matches!(function.visibility, Visibility::Inherited)
        && matches!(signature.inputs.first(), Some(FnArg::Receiver(it)) if !by_reference(it))
    {
        errors.at(&signature.inputs[0], diagnostics::RECEIVER);
    }
}

/// A function that can be called from elsewhere.
pub(super) fn callable(function: &Function, errors: &mut Errors) {
    let signature = &function.signature;
    let name = signature.ident.unraw().to_string();
    // `call.send()` makes a call; with arguments it is anybody's method.
    let is_send = name == "send" && function.params().next().is_none();
    if is_send || RESERVED.contains(&name.as_str()) {
        errors.at(&signature.ident, diagnostics::reserved(&name));
    }
    if let Some(FnArg::Receiver(receiver)) = signature.inputs.first()
        && !by_reference(receiver)
    {
        errors.at(receiver, diagnostics::RECEIVER);
    }
    if function.kind == Kind::Constructor && function.is_async() {
        errors.at(&signature.ident, diagnostics::NO_RECEIVER);
    }
    if let syn::Safety::Unsafe(unsafety) = &signature.safety {
        errors.at(unsafety, diagnostics::UNSAFE);
    }
    for lifetime in signature.generics.lifetimes() {
        errors.at(lifetime, diagnostics::LIFETIME);
    }
    for param in function.params() {
        travels(&param.ty, diagnostics::BY_REFERENCE, errors);
    }
    if let ReturnType::Type(_, ty) = &signature.output {
        travels(ty, diagnostics::RETURNS_REFERENCE, errors);
    }
    if function.is_async() {
        attributes_see_nothing(function, errors);
    }
}

/// An attribute such as `#[instrument]` is put on the coroutine, which has neither `self` nor the parameters.
fn attributes_see_nothing(function: &Function, errors: &mut Errors) {
    let names = function.params().filter_map(|param| match &*param.pat {
        syn::Pat::Ident(name) => Some(name.ident.to_string()),
        _ => None,
    });
    let names: Vec<String> = names.chain(["self".to_owned()]).collect();
    for attribute in &function.attributes {
        if attributes::says_something_of_the_whole(attribute) {
            continue;
        }
        let seen = |tree: proc_macro2::TokenTree| names.iter().any(|name| attributes::mentions(&tree, name));
        if attribute.meta.to_token_stream().into_iter().skip(1).any(seen) {
            errors.at(attribute, diagnostics::ATTRIBUTE);
        }
    }
}

/// `&self` or `&mut self`.
fn by_reference(receiver: &syn::Receiver) -> bool {
    matches!(receiver.kind, syn::ReceiverKind::Reference(_, None, _))
}

fn travels(ty: &Type, by_reference: &'static str, errors: &mut Errors) {
    Travelling { by_reference, errors }.visit_type(ty);
}

/// Finds the parts of a type that cannot travel.
struct Travelling<'a> {
    by_reference: &'static str,
    errors: &'a mut Errors,
}

impl<'ast> Visit<'ast> for Travelling<'_> {
    fn visit_type(&mut self, ty: &'ast Type) {
        match ty {
            Type::Reference(ty) => self.errors.at(ty, self.by_reference),
            Type::ImplTrait(ty) => self.errors.at(ty, diagnostics::IMPL_TRAIT),
            Type::TraitObject(ty) => self.errors.at(ty, diagnostics::TRAIT_OBJECT),
            Type::FnPtr(ty) => self.errors.at(ty, diagnostics::TRAIT_OBJECT),
            Type::Never(ty) => self.errors.at(ty, diagnostics::NEVER),
            _ => visit::visit_type(self, ty),
        }
    }
}
