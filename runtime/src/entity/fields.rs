//! Fields that a state cannot have, behind every alias: looked for by the names that rustc has for their types.
//!
//! What stands in a struct of the user's is not seen here; [`crate::App::check_determinism`] finds it.
use crate::base::error::{Error, Result};
use crate::entity::traits::Entity;

const SHARED: &str = "undo cannot take back what changes inside it, because it changes behind `&self` or has more than \
                      one owner; keep the value itself and change it in `&mut self` methods";
const ORDER: &str = "its order differs from run to run; use `BTreeMap` or `BTreeSet`, or allow it with \
                     `#[entity(allow(nondeterminism))]`";

/// Refuses the first such field.
pub(crate) fn check<E: Entity>() -> Result<()> {
    for (field, ty) in E::fields() {
        if let Some(why) = paths(ty).find_map(|path| wrong(path, E::NONDETERMINISM)) {
            return Err(Error::Field { entity: E::NAME, field, ty, why });
        }
    }
    Ok(())
}

/// The paths in the name of a type: of `Vec<Cell<u8>>` those of `Vec`, `Cell` and `u8`.
fn paths(ty: &str) -> impl Iterator<Item = &str> {
    ty.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')).filter(|path| !path.is_empty())
}

/// Where rustc has a type may change from release to release, so its crate and its name are asked alone.
fn wrong(path: &str, nondeterminism: bool) -> Option<&'static str> {
    let (krate, rest) = path.split_once("::")?;
    let name = rest.rsplit("::").next()?;
    match (krate, name) {
        ("std" | "hashbrown", "HashMap" | "HashSet" | "HashTable" | "RandomState") => {
            (!nondeterminism).then_some(ORDER)
        }
        ("core" | "alloc" | "std", name) if shared(name, rest) => Some(SHARED),
        ("parking_lot" | "lock_api" | "once_cell" | "portable_atomic" | "arc_swap" | "dashmap", _) => {
            Some(SHARED)
        }
        _ => None,
    }
}

fn shared(name: &str, path: &str) -> bool {
    let names = [
        "Cell",
        "RefCell",
        "UnsafeCell",
        "SyncUnsafeCell",
        "OnceCell",
        "LazyCell",
        "Mutex",
        "ReentrantLock",
        "RwLock",
        "OnceLock",
        "LazyLock",
        "Condvar",
        "Barrier",
        "Rc",
        "UniqueRc",
        "Weak",
    ];
    names.contains(&name)
        || path.starts_with("sync::atomic::")
        || path.contains("mpsc::")
        || path.contains("mpmc::")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::any::type_name;

    fn of<T>(nondeterminism: bool) -> Option<&'static str> {
        paths(type_name::<T>()).find_map(|path| wrong(path, nondeterminism))
    }

    #[test]
    fn types_are_known_by_the_names_that_rustc_has_for_them() {
        use std::{cell, collections, rc, sync};
        let shared = [
            of::<Vec<cell::Cell<u8>>>(false),
            of::<cell::RefCell<u8>>(true),
            of::<cell::UnsafeCell<u8>>(false),
            of::<Option<cell::OnceCell<u8>>>(false),
            of::<cell::LazyCell<u8>>(false),
            of::<sync::Arc<sync::Mutex<u8>>>(false),
            of::<sync::RwLock<u8>>(false),
            of::<sync::OnceLock<u8>>(false),
            of::<sync::LazyLock<u8>>(false),
            of::<sync::Condvar>(false),
            of::<(u8, sync::atomic::AtomicU64)>(false),
            of::<sync::atomic::AtomicBool>(false),
            of::<sync::atomic::AtomicPtr<u8>>(true),
            of::<rc::Rc<u8>>(false),
            of::<rc::Weak<u8>>(false),
            of::<sync::Weak<u8>>(false),
            of::<sync::mpsc::Sender<u8>>(false),
            of::<sync::mpsc::SyncSender<u8>>(false),
            of::<sync::mpsc::Receiver<u8>>(false),
        ];
        assert_eq!(shared, [Some(SHARED); 19]);
        let unordered = [
            of::<collections::HashMap<u8, u8>>(false),
            of::<Box<[collections::HashSet<u8>]>>(false),
            of::<hashbrown::HashMap<u8, u8, ()>>(false),
            of::<std::hash::RandomState>(false),
        ];
        assert_eq!(unordered, [Some(ORDER); 4]);
        let plain = [
            of::<collections::HashMap<u8, u8>>(true),
            of::<collections::BTreeMap<String, Vec<sync::Arc<str>>>>(false),
            of::<(u8, [i64; 4], Option<Box<[char]>>)>(false),
            of::<Cell>(false),
        ];
        assert_eq!(plain, [None; 4]);
    }

    /// A type of the user's may be called like one of std's.
    struct Cell;
}
