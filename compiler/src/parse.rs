//! tokens → model.
use crate::diagnostics::{self, Errors};
use crate::model::{Entity, Function, Kind, Methods};
use crate::options::{self, Options};
use crate::syntax::calls;
use proc_macro2::TokenStream;
use quote::ToTokens;
use std::collections::BTreeSet;
use syn::ext::IdentExt;
use syn::{
    AttrStyle, Expr, Fields, FnArg, ImplItem, ImplItemFn, Item, ItemImpl, ItemStruct, Member, Meta,
    ReceiverKind, ReturnType, Signature, Type, Visibility,
};

/// An item that stands under `#[entity]`.
pub(crate) enum Parsed {
    Struct(Box<Entity>),
    Impl(Box<Methods>),
}

pub(crate) fn parse(options: TokenStream, item: TokenStream, errors: &mut Errors) -> Option<Parsed> {
    match syn::parse2::<Item>(item) {
        Ok(Item::Struct(item)) => {
            let options = options::parse(options, true, errors);
            entity(options, item, errors).map(|entity| Parsed::Struct(Box::new(entity)))
        }
        Ok(Item::Impl(item)) => {
            let options = options::parse(options, false, errors);
            methods(options, item, errors).map(|methods| Parsed::Impl(Box::new(methods)))
        }
        Ok(other) => {
            errors.at(head(&other), diagnostics::NOT_AN_ITEM);
            None
        }
        Err(error) => {
            errors.push(error);
            None
        }
    }
}

/// A struct without `#[entity]` as if it had it.
pub(crate) fn plain(item: ItemStruct) -> Option<Entity> {
    entity(Options::default(), item, &mut Errors::default())
}

/// An item that cannot be compiled, as rustc can read it.
pub(crate) fn without_marks(item: TokenStream) -> TokenStream {
    let Ok(mut parsed) = syn::parse2::<ItemStruct>(item.clone()) else { return item };
    for field in &mut parsed.fields {
        field.attrs.retain(|attribute| !is_key(attribute));
    }
    parsed.into_token_stream()
}

fn is_key(attribute: &syn::Attribute) -> bool {
    attribute.path().is_ident("key")
}

/// The name of an item where it has one.
fn head(item: &Item) -> TokenStream {
    match item {
        Item::Enum(item) => item.ident.to_token_stream(),
        Item::Union(item) => item.ident.to_token_stream(),
        Item::Fn(item) => item.sig.ident.to_token_stream(),
        Item::Trait(item) => item.ident.to_token_stream(),
        Item::Mod(item) => item.ident.to_token_stream(),
        other => other.to_token_stream(),
    }
}

fn entity(options: Options, mut item: ItemStruct, errors: &mut Errors) -> Option<Entity> {
    if !item.generics.params.is_empty() {
        errors.at(&item.generics, diagnostics::GENERIC_ENTITY);
        return None;
    }
    let Fields::Named(fields) = &mut item.fields else {
        errors.at(&item.ident, diagnostics::NAMED_FIELDS);
        return None;
    };
    let mut keys = Vec::new();
    for field in &mut fields.named {
        if let Some(mark) = field.attrs.iter().find(|mark| is_key(mark)) {
            keys.push((mark.clone(), field.ident.clone(), field.ty.clone()));
            field.attrs.retain(|attribute| !is_key(attribute));
        }
    }
    for (mark, ..) in keys.iter().skip(1) {
        errors.at(mark, diagnostics::TWO_KEYS);
    }
    if keys.is_empty() {
        errors.at(&item.ident, diagnostics::NO_KEY);
    }
    let first = fields.named.first().map(|field| (field.ident.clone(), field.ty.clone()));
    let (key, key_type) = keys.into_iter().next().map(|(_, name, ty)| (name, ty)).or(first)?;
    let key = key?;
    let partition = partition(&options, &key, errors);
    Some(Entity { options, item, key, key_type, partition })
}

/// `"key.0"` → `.0`; the first word is `key` or the name of the key field.
fn partition(options: &Options, key: &syn::Ident, errors: &mut Errors) -> Vec<Member> {
    let Some(text) = &options.partition else { return Vec::new() };
    let mut members = Vec::new();
    let mut rest = text.parse::<Expr>().ok();
    loop {
        match rest {
            Some(Expr::Field(field)) => {
                members.insert(0, field.member);
                rest = Some(*field.base);
            }
            Some(Expr::Path(path)) if path.path.is_ident("key") || path.path.is_ident(key) => return members,
            _ => {
                errors.at(text, diagnostics::PARTITION);
                return Vec::new();
            }
        }
    }
}

fn methods(options: Options, item: ItemImpl, errors: &mut Errors) -> Option<Methods> {
    if let Some((path, _)) = &item.trait_ {
        errors.at(path, diagnostics::TRAIT_IMPL);
        return None;
    }
    if !item.generics.params.is_empty() {
        errors.at(&item.generics, diagnostics::GENERIC_ENTITY);
        return None;
    }
    let Type::Path(entity) = *item.self_ty else {
        errors.at(&item.self_ty, diagnostics::NOT_AN_ITEM);
        return None;
    };
    let name = entity.path.segments.last()?.ident.clone();
    let (mut functions, mut others) = (Vec::new(), Vec::new());
    for item in item.items {
        match item {
            ImplItem::Fn(item) => functions.push(function(item, &name)),
            other => others.push(other),
        }
    }
    let calling =
        functions.iter().filter(|function| function.is_async() && function.signature.receiver().is_some());
    let calling: BTreeSet<_> = calling.map(|function| function.signature.ident.unraw().to_string()).collect();
    Some(Methods { options, attributes: item.attrs, entity, name, others, functions, calling })
}

fn function(item: ImplItemFn, entity: &syn::Ident) -> Function {
    let ImplItemFn { mut attrs, vis, mut sig, mut block, .. } = item;
    for attribute in &mut attrs {
        attribute.style = AttrStyle::Outer; // `#![allow(..)]` at the beginning of the body
    }
    untyped_receiver(&mut sig);
    let sites = if sig.asyncness.is_some() { calls::number(&mut block) } else { Vec::new() };
    let kind = kind(&vis, &sig, entity);
    Function { kind, attributes: attrs, visibility: vis, signature: sig, body: block, sites }
}

/// `self: &Self` is `&self`, `self: &mut Self` is `&mut self`.
fn untyped_receiver(signature: &mut Signature) {
    if let Some(FnArg::Receiver(receiver)) = signature.inputs.first_mut()
        && let ReceiverKind::Typed(_, ty) = &receiver.kind
        && let Type::Reference(reference) = &**ty
        && matches!(&*reference.elem, Type::Path(path) if path.path.is_ident("Self"))
    {
        receiver.kind =
            ReceiverKind::Reference(reference.and_token, reference.lifetime.clone(), reference.mutability);
    }
}

fn kind(visibility: &Visibility, signature: &Signature, entity: &syn::Ident) -> Kind {
    let callable = !matches!(visibility, Visibility::Inherited) || signature.asyncness.is_some();
    match signature.inputs.first() {
        Some(FnArg::Receiver(receiver)) if callable => match receiver.kind {
            ReceiverKind::Reference(_, _, None) => Kind::Read,
            _ => Kind::Write,
        },
        Some(FnArg::Receiver(_)) => Kind::Helper,
        _ if callable && makes_self(&signature.output, entity) => Kind::Constructor,
        _ => Kind::Helper,
    }
}

/// `-> Self`, `-> Account`, `-> Result<Self, _>`, and an alias such as `-> Fallible<Self>`; the types are rustc's to check.
fn makes_self(output: &ReturnType, entity: &syn::Ident) -> bool {
    /// What holds entities and makes none.
    const HOLDS: &[&str] = &[
        "Arc",
        "BTreeMap",
        "BTreeSet",
        "Box",
        "Cow",
        "HashMap",
        "HashSet",
        "Option",
        "PhantomData",
        "Rc",
        "Ref",
        "Vec",
        "VecDeque",
    ];
    let ReturnType::Type(_, ty) = output else { return false };
    let Type::Path(path) = &**ty else { return false };
    let Some(last) = path.path.segments.last() else { return false };
    let is_self = |ident: &syn::Ident| ident == "Self" || ident == entity;
    let syn::PathArguments::AngleBracketed(arguments) = &last.arguments else { return is_self(&last.ident) };
    let first = arguments.args.first();
    !HOLDS.iter().any(|holds| last.ident == holds)
        && matches!(first, Some(syn::GenericArgument::Type(Type::Path(ty))) if ty.path.get_ident().is_some_and(is_self))
}

/// The `#[entity]` items of a file, also in its modules: options and item.
pub(crate) fn entities(items: Vec<Item>) -> Vec<(TokenStream, TokenStream)> {
    let mut found = Vec::new();
    for mut item in items {
        let attributes = match &mut item {
            Item::Struct(item) => &mut item.attrs,
            Item::Impl(item) => &mut item.attrs,
            Item::Mod(module) => {
                let (_, items) = module.content.take().unwrap_or_default();
                found.extend(entities(items));
                continue;
            }
            _ => continue,
        };
        let is_ours = |path: &syn::Path| path.segments.last().is_some_and(|last| last.ident == "entity");
        let Some(place) = attributes.iter().position(|attribute| is_ours(attribute.path())) else { continue };
        let options = match attributes.remove(place).meta {
            Meta::List(list) => list.tokens,
            Meta::Path(_) | Meta::NameValue(_) => TokenStream::new(),
        };
        found.push((options, item.to_token_stream()));
    }
    found
}
