//! What can be said to be wrong from the tokens alone; all mistakes are reported at once.
mod body;
mod borrows;
mod determinism;
mod signature;

use crate::diagnostics::{self, Errors};
use crate::model::{Entity, Kind, Methods};
use syn::visit::{self, Visit};

/// Says what is wrong with a struct; whether its key is.
pub(crate) fn entity(entity: &Entity, errors: &mut Errors) -> bool {
    let mut fields = Fields { errors, nondeterminism: entity.options.nondeterminism };
    entity.item.fields.iter().for_each(|field| fields.visit_type(&field.ty));
    let before = errors.count();
    Key { errors }.visit_type(&entity.key_type);
    errors.count() > before
}

/// Finds types that are no key by themselves.
struct Key<'a> {
    errors: &'a mut Errors,
}

impl<'ast> Visit<'ast> for Key<'_> {
    fn visit_type_path(&mut self, ty: &'ast syn::TypePath) {
        if ty.path.is_ident("f32") || ty.path.is_ident("f64") {
            self.errors.at(ty, diagnostics::FLOAT_KEY);
        }
        visit::visit_type_path(self, ty);
    }
}

/// Finds types in fields that the state of an entity cannot have: those whose iteration order differs from run to run,
/// and those of which a copy does not bring back what was. A type of the user's may have the same name; so those
/// that have parameters are meant with parameters. What hides behind an alias is found by rustc (`State`), or when the
/// app starts.
struct Fields<'a> {
    errors: &'a mut Errors,
    nondeterminism: bool,
}

impl<'ast> Visit<'ast> for Fields<'_> {
    fn visit_type(&mut self, ty: &'ast syn::Type) {
        match ty {
            syn::Type::Reference(ty) => self.errors.at(ty, diagnostics::FIELD_REFERENCE),
            syn::Type::TraitObject(ty) => self.errors.at(ty, diagnostics::FIELD_OBJECT),
            syn::Type::FnPtr(ty) => self.errors.at(ty, diagnostics::FIELD_OBJECT),
            _ => visit::visit_type(self, ty),
        }
    }

    fn visit_path_segment(&mut self, segment: &'ast syn::PathSegment) {
        let name = segment.ident.to_string();
        let instead = match name.as_str() {
            "HashMap" => Some("BTreeMap"),
            "HashSet" => Some("BTreeSet"),
            _ => None,
        };
        if let (Some(instead), false) = (instead, self.nondeterminism) {
            self.errors.at(&segment.ident, diagnostics::hash_field(&name, instead));
        }
        if let Some(instead) = shared(&name, !segment.arguments.is_none()) {
            self.errors.at(&segment.ident, diagnostics::shared_field(&name, instead));
        }
        visit::visit_path_segment(self, segment);
    }
}

/// What to write instead of a type that can change behind `&self` or is owned by others, too.
fn shared(name: &str, with_parameters: bool) -> Option<&'static str> {
    const PLAIN: &str = "keep the value itself and change it in `&mut self` methods";
    const OWNED: &str =
        "keep the value itself, or an `Arc` of a value that is changed with `Arc::make_mut` alone";
    const OUTSIDE: &str = "keep what has been received, and pass what comes from outside as an argument";
    match name {
        "Cell" | "RefCell" | "UnsafeCell" | "OnceCell" | "LazyCell" | "Mutex" | "RwLock" | "OnceLock"
        | "LazyLock"
            if with_parameters =>
        {
            Some(PLAIN)
        }
        "Condvar" | "AtomicPtr" | "AtomicBool" | "AtomicI8" | "AtomicI16" | "AtomicI32" | "AtomicI64"
        | "AtomicIsize" | "AtomicU8" | "AtomicU16" | "AtomicU32" | "AtomicU64" | "AtomicUsize" => Some(PLAIN),
        "Rc" | "Weak" if with_parameters => Some(OWNED),
        "Sender" | "SyncSender" | "Receiver" if with_parameters => Some(OUTSIDE),
        _ => None,
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
