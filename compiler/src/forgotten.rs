//! A forgotten `#[entity]` on the struct, which rustc would report once for every place of generated code that needs it.
//!
//! Two items are expanded apart from each other. But a struct that is expanded is remembered, and where that of an impl
//! was not, its file is read: a struct that stands there under nothing but attributes that do nothing is no entity.
use std::collections::BTreeSet;
use std::fs;
use std::sync::{Mutex, PoisonError};
use syn::visit::{self, Visit};
use syn::{Attribute, Ident, ItemStruct};

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

/// Whether the struct of these methods stands in their file and is no entity.
pub(crate) fn is_forgotten(name: &Ident) -> bool {
    if SEEN.lock().unwrap_or_else(PoisonError::into_inner).contains(&name.to_string()) {
        return false;
    }
    let text = name.span().local_file().and_then(|path| fs::read_to_string(path).ok());
    text.is_some_and(|text| stands_without(name, &text))
}

fn stands_without(name: &Ident, text: &str) -> bool {
    struct Structs<'a>(&'a Ident, Vec<bool>);
    impl<'ast> Visit<'ast> for Structs<'_> {
        fn visit_item_struct(&mut self, item: &'ast ItemStruct) {
            if item.ident == *self.0 {
                self.1.push(item.attrs.iter().all(is_inert));
            }
            visit::visit_item_struct(self, item);
        }
    }
    let Ok(file) = syn::parse_file(text) else { return false };
    let mut structs = Structs(name, Vec::new());
    structs.visit_file(&file);
    !structs.1.is_empty() && structs.1.iter().all(|inert| *inert)
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
        for text in
            ["struct A { id: u64 }", "mod m { #[derive(Clone)] pub struct A {} }", "fn f() { struct A; }"]
        {
            assert!(stands_without(&name, text), "{text}");
        }
        for text in [
            "#[entity] struct A { id: u64 }",
            "#[thalweg::entity(auto)] struct A {}",
            "#[cfg_attr(all(), entity)] struct A {}",
            "use thalweg::entity as object; #[object] struct A {}",
            "mod a { struct A; } mod b { #[entity] struct A { id: u64 } }",
            "make! { struct A { id: u64 } }",
            "struct B;",
            "struct A",
        ] {
            assert!(!stands_without(&name, text), "{text}");
        }
    }
}
