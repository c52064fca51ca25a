//! What can be said to be wrong from the tokens alone; all mistakes are reported at once.
mod body;
mod borrows;
mod determinism;
mod signature;

use crate::diagnostics::{self, Errors};
use crate::model::{Entity, Kind, Methods};
use syn::visit::{self, Visit};

pub(crate) fn entity(entity: &Entity, errors: &mut Errors) {
    if entity.options.nondeterminism {
        return;
    }
    let mut fields = HashFields { errors };
    entity.item.fields.iter().for_each(|field| fields.visit_type(&field.ty));
}

/// Finds types whose iteration order differs from run to run.
struct HashFields<'a> {
    errors: &'a mut Errors,
}

impl<'ast> Visit<'ast> for HashFields<'_> {
    fn visit_path_segment(&mut self, segment: &'ast syn::PathSegment) {
        let instead = match segment.ident.to_string().as_str() {
            "HashMap" => Some("BTreeMap"),
            "HashSet" => Some("BTreeSet"),
            _ => None,
        };
        if let Some(instead) = instead {
            let text = diagnostics::hash_field(&segment.ident.to_string(), instead);
            self.errors.at(&segment.ident, text);
        }
        visit::visit_path_segment(self, segment);
    }
}

/// Says which functions cannot stand as they are written, by their places.
pub(crate) fn methods(methods: &Methods, errors: &mut Errors) -> Vec<usize> {
    let mut broken = Vec::new();
    for (place, function) in methods.functions.iter().enumerate() {
        let before = errors.count();
        if function.kind == Kind::Helper {
            signature::helper(function, errors);
        } else {
            signature::callable(function, errors);
        }
        if errors.count() > before {
            broken.push(place);
        }
        body::check(methods, function, errors);
        if errors.count() == before && function.is_async() {
            borrows::check(methods, function, errors);
        }
    }
    broken
}
