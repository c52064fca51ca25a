//! Fields that undo cannot take back, and fields of no order, found behind an alias when the app starts.

use std::collections::{BTreeMap, HashMap as Map, HashSet};
use std::sync::{Arc, Mutex, RwLock, atomic::AtomicU64};
use thalweg::Error;
use thalweg::prelude::*;

type Shared<T> = Arc<Mutex<T>>;
type Hits = Arc<AtomicU64>;
type Index = Map<u64, u64>;
type Names = Option<Box<HashSet<String>>>;
type Locked = Arc<RwLock<u8>>;
type Plain = Arc<BTreeMap<String, Vec<u8>>>;

macro_rules! holds {
    ($($module:ident $options:tt $field:ident: $ty:ty;)+) => {$(
        mod $module {
            use super::*;

            #[entity $options]
            pub struct Holder {
                #[key]
                id: u64,
                $field: $ty,
            }
            #[entity]
            impl Holder {
                pub fn new(id: u64) -> Self {
                    Self { id, $field: Default::default() }
                }
                pub fn id(&self) -> u64 {
                    let _ = &self.$field;
                    self.id
                }
            }
        }
    )+};
}
holds! {
    mutex (auto) shared: Shared<i64>;
    atomic (auto) hits: Hits;
    lock (auto, allow(nondeterminism)) locked: Vec<Locked>;
    map (auto) index: Index;
    set (auto) names: Names;
    allowed (auto, allow(nondeterminism)) index: Index;
    plain (auto) text: Plain;
}

fn refused<E: thalweg::generated::Methods>() -> (String, String, bool) {
    match App::new("x").entity::<E>().start().map(drop) {
        Err(Error::Field { entity, field, ty, why }) => {
            (format!("{entity}.{field}"), ty.to_owned(), why.starts_with("undo cannot take back"))
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_alias_hides_no_lock_and_no_counter() {
    let mutex = refused::<mutex::Holder>();
    assert!(mutex.0 == "Holder.shared" && mutex.1.contains("Mutex<i64>") && mutex.2, "{mutex:?}");
    let atomic = refused::<atomic::Holder>();
    assert!(atomic.0 == "Holder.hits" && atomic.1.contains("tomic") && atomic.2, "{atomic:?}");
    let lock = refused::<lock::Holder>();
    assert!(lock.0 == "Holder.locked" && lock.1.contains("RwLock<u8>") && lock.2, "{lock:?}");
}

#[test]
fn an_alias_hides_no_hash_map_unless_it_is_allowed() {
    let map = refused::<map::Holder>();
    assert!(map.0 == "Holder.index" && map.1.contains("HashMap<u64, u64") && !map.2, "{map:?}");
    let set = refused::<set::Holder>();
    assert!(set.0 == "Holder.names" && set.1.contains("HashSet<") && !set.2, "{set:?}");
    let app =
        App::new("x").entity::<allowed::Holder>().entity::<plain::Holder>().start().expect("both may be");
    assert_eq!(app.call_blocking(allowed::Holder::at(1).id()), Ok(1));
    assert_eq!(app.call_blocking(plain::Holder::at(2).id()), Ok(2));
}

#[test]
fn the_error_says_what_to_do() {
    let error = App::new("x").entity::<mutex::Holder>().start().map(drop).expect_err("a lock");
    let text = error.to_string();
    assert!(text.starts_with("the app cannot start: `shared` of `Holder` is a `"), "{text}");
    assert!(text.ends_with("; keep the value itself and change it in `&mut self` methods"), "{text}");
}
