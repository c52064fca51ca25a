//! A forgotten `#[entity]` on the struct, which rustc would report once for every place of generated code that needs it.
//!
//! Two items are expanded apart from each other. But a struct that is expanded is remembered, and where that of an impl
//! was not, its file is read: a struct that stands beside the impl under nothing but attributes that do nothing is no
//! entity.
use std::collections::BTreeSet;
use std::fs;
use std::sync::{Mutex, PoisonError};
use syn::visit::{self, Visit};
use syn::{Attribute, Field, Ident, Item, ItemStruct, Stmt, Type};

static SEEN: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Attributes that do not make something else of a struct.
const INERT: &[&str] = &[
    "allow",
    "cfg",
    "deny",
    "deprecated",
    "derive",
    "doc",
    "expect",
    "must_use",
    "non_exhaustive",
    "serde",
    "warn",
];

/// A struct is an entity.
pub(crate) fn is_there(name: &Ident) {
    SEEN.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_string());
}

/// The struct of these methods if it stands beside them and is no entity.
pub(crate) fn forgotten(name: &Ident) -> Option<ItemStruct> {
    if SEEN.lock().unwrap_or_else(PoisonError::into_inner).contains(&name.to_string()) {
        return None;
    }
    let text = name.span().local_file().and_then(|path| fs::read_to_string(path).ok())?;
    let mut found = without(name, &text)?;
    found.ident = name.clone();
    let has_key = |field: &Field| field.attrs.iter().any(|attribute| attribute.path().is_ident("key"));
    if !found.fields.iter().any(has_key)
        && let Some(first) = found.fields.iter_mut().next()
    {
        first.attrs.push(syn::parse_quote!(#[key]));
    }
    Some(found)
}

/// In one list of items, so that the name means the same in both.
fn without(name: &Ident, text: &str) -> Option<ItemStruct> {
    let file = syn::parse_file(text).ok()?;
    let mut lists = Lists { name, found: None };
    lists.visit_file(&file);
    lists.found
}

struct Lists<'a> {
    name: &'a Ident,
    found: Option<ItemStruct>,
}

impl Lists<'_> {
    fn look<'i>(&mut self, items: impl Iterator<Item = &'i Item> + Clone) {
        let has_methods = items.clone().any(|item| match item {
            Item::Impl(item) => {
                let own = matches!(&*item.self_ty, Type::Path(path) if path.path.is_ident(self.name));
                own && item.attrs.iter().any(|attribute| !is_inert(attribute))
            }
            _ => false,
        });
        let mut structs = items.filter_map(|item| match item {
            Item::Struct(item) if item.ident == *self.name => Some(item),
            _ => None,
        });
        if has_methods && let Some(plain) = structs.find(|item| item.attrs.iter().all(is_inert)) {
            self.found = Some(plain.clone());
        }
    }
}

impl<'ast> Visit<'ast> for Lists<'_> {
    fn visit_file(&mut self, file: &'ast syn::File) {
        self.look(file.items.iter());
        visit::visit_file(self, file);
    }
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        self.look(item.content.iter().flat_map(|(_, items)| items));
        visit::visit_item_mod(self, item);
    }
    fn visit_block(&mut self, block: &'ast syn::Block) {
        self.look(block.stmts.iter().filter_map(|stmt| match stmt {
            Stmt::Item(item) => Some(item),
            _ => None,
        }));
        visit::visit_block(self, block);
    }
}

fn is_inert(attribute: &Attribute) -> bool {
    INERT.iter().any(|known| attribute.path().is_ident(known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_struct_without_the_attribute_is_seen() {
        let name = Ident::new("A", proc_macro2::Span::call_site());
        for text in [
            "struct A { id: u64 } #[entity] impl A {}",
            "mod m { #[thalweg::entity] impl A {} #[derive(Clone)] pub struct A {} }",
            "fn f() { struct A; #[entity] impl A {} }",
        ] {
            assert!(without(&name, text).is_some(), "{text}");
        }
        for text in [
            "#[entity] struct A { id: u64 } #[entity] impl A {}",
            "#[thalweg::entity(auto)] struct A {} #[entity] impl A {}",
            "#[cfg_attr(all(), entity)] struct A {} #[entity] impl A {}",
            "use thalweg::entity as object; #[object] struct A {} #[object] impl A {}",
            "mod dto { struct A; } use crate::model::A; #[entity] impl A {}",
            "struct A; mod m { use crate::model::A; #[entity] impl A {} }",
            "struct A; #[entity] impl model::A {}",
            "struct A; impl A {}",
            "make! { struct A { id: u64 } } #[entity] impl A {}",
            "struct B; #[entity] impl A {}",
            "struct A",
        ] {
            assert!(without(&name, text).is_none(), "{text}");
        }
    }
}
