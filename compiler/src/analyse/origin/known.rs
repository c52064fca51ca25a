//! What is known by name: methods and functions of the standard library.

/// What a method does with the references in its receiver and arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The result is a part of the receiver.
    Keep,
    /// The result is a copy of the receiver, or of parts of it.
    Copy,
    /// The result holds parts of the receiver, of the arguments, and of what closures return.
    Both,
    /// As `Both`, and the arguments stay in the receiver.
    Store,
    /// The result holds no reference.
    Nothing,
}

const KEEP: &[&str] = &[
    "iter",
    "iter_mut",
    "into_iter",
    "remove",
    "get",
    "get_mut",
    "first",
    "first_mut",
    "last",
    "last_mut",
    "unwrap",
    "expect",
    "as_ref",
    "as_mut",
    "as_deref",
    "as_deref_mut",
    "as_slice",
    "as_mut_slice",
    "as_str",
    "take",
    "drain",
    "rev",
    "enumerate",
    "skip",
    "step_by",
    "keys",
    "into_keys",
    "values",
    "values_mut",
    "into_values",
    "next",
    "next_back",
    "nth",
    "peek",
    "peek_mut",
    "peekable",
    "pop",
    "pop_front",
    "pop_back",
    "pop_first",
    "pop_last",
    "swap_remove",
    "split_off",
    "split_at",
    "split_at_mut",
    "split_first",
    "split_last",
    "chunks",
    "chunks_mut",
    "chunks_exact",
    "windows",
    "ok",
    "err",
    "unwrap_err",
    "flatten",
    "fuse",
    "by_ref",
    "filter",
    "skip_while",
    "take_while",
    "inspect",
    "find",
    "max_by_key",
    "min_by_key",
    "max_by",
    "min_by",
    "partition",
    "remove_entry",
    "first_key_value",
    "last_key_value",
    "get_key_value",
    "range",
    "range_mut",
    "front",
    "back",
    "front_mut",
    "back_mut",
    "key",
    "into_boxed_slice",
    "into_vec",
    "unzip",
    "into_inner",
    "borrow",
    "shift_remove",
    "get_index",
    "extract_if",
    "cycle",
    "last_entry",
    "first_entry",
    "collect",
    "sum",
    "product",
    "unwrap_or_default",
];

const COPY: &[&str] = &["clone", "cloned", "copied", "to_vec", "to_owned", "concat", "repeat"];

const BOTH: &[&str] = &[
    "zip",
    "chain",
    "unwrap_or",
    "unwrap_or_else",
    "or",
    "or_else",
    "xor",
    "and",
    "and_then",
    "map",
    "map_err",
    "map_or",
    "map_or_else",
    "filter_map",
    "flat_map",
    "map_while",
    "find_map",
    "fold",
    "try_fold",
    "scan",
    "reduce",
    "max",
    "min",
    "clamp",
    "union",
    "intersection",
    "difference",
    "symmetric_difference",
    "ok_or",
    "ok_or_else",
    "then",
    "then_some",
];

const STORE: &[&str] = &[
    "push",
    "push_back",
    "push_front",
    "insert",
    "extend",
    "append",
    "replace",
    "entry",
    "or_insert",
    "or_insert_with",
    "or_default",
    "and_modify",
    "get_or_insert",
    "get_or_insert_with",
    "resize",
    "fill",
    "extend_from_slice",
    "swap_with_slice",
];

const NOTHING: &[&str] = &[
    "len",
    "is_empty",
    "contains",
    "contains_key",
    "is_some",
    "is_none",
    "is_ok",
    "is_err",
    "count",
    "any",
    "all",
    "position",
    "for_each",
    "sort",
    "sort_by",
    "sort_by_key",
    "sort_unstable",
    "sort_unstable_by",
    "sort_unstable_by_key",
    "dedup",
    "retain",
    "retain_mut",
    "truncate",
    "clear",
    "swap",
    "reverse",
    "reserve",
    "capacity",
    "starts_with",
    "ends_with",
    "is_subset",
    "is_superset",
    "is_disjoint",
    "binary_search",
    "abs",
    "pow",
    "sqrt",
    "is_positive",
    "is_negative",
    "checked_add",
    "checked_sub",
    "checked_mul",
    "checked_div",
    "saturating_add",
    "saturating_sub",
    "saturating_mul",
    "wrapping_add",
    "wrapping_sub",
    "wrapping_mul",
    "abs_diff",
    "rem_euclid",
    "div_euclid",
    "div_ceil",
    "cmp",
    "partial_cmp",
    "eq",
    "ne",
    "lt",
    "le",
    "gt",
    "ge",
    "to_string",
    "trim",
    "to_lowercase",
    "to_uppercase",
    "to_ascii_lowercase",
    "push_str",
    "chars",
    "bytes",
    "as_bytes",
    "is_multiple_of",
    "is_some_and",
    "is_ok_and",
    "is_none_or",
];

/// What a method of this name does, if it is known.
pub(super) fn method(name: &str) -> Option<Kind> {
    let tables = [
        (KEEP, Kind::Keep),
        (COPY, Kind::Copy),
        (BOTH, Kind::Both),
        (STORE, Kind::Store),
        (NOTHING, Kind::Nothing),
    ];
    tables.into_iter().find(|(names, _)| names.contains(&name)).map(|(_, kind)| kind)
}

/// Whether the closure is given each element of the receiver.
pub(super) fn gives_each(name: &str) -> bool {
    matches!(name, "map" | "for_each" | "flat_map" | "filter_map")
}

/// Make an iterator, of a collection or of another iterator.
const ITERATORS: &[&str] = &[
    "iter",
    "into_iter",
    "copied",
    "cloned",
    "enumerate",
    "zip",
    "rev",
    "chain",
    "skip",
    "take",
    "keys",
    "values",
];

/// Whether an expression is an iterator, by the method that makes it.
pub(super) fn is_iterator(expr: &syn::Expr) -> bool {
    matches!(expr, syn::Expr::MethodCall(call) if ITERATORS.iter().any(|name| call.method == name))
}

/// Whether a method does nothing but compute, of what is known.
pub(super) fn only_computes(name: &str) -> bool {
    const ALL: &[&str] = &[
        "clone",
        "to_owned",
        "to_string",
        "into",
        "as_str",
        "as_ref",
        "len",
        "abs",
        "min",
        "max",
        "wrapping_add",
        "wrapping_sub",
        "wrapping_mul",
        "saturating_add",
        "saturating_sub",
        "unwrap_or",
        "unwrap_or_default",
        "trim",
        "to_lowercase",
        "to_uppercase",
    ];
    ALL.contains(&name) || ITERATORS.contains(&name)
}

/// Whether a closure given to a method of this name gets what it returned before.
pub(super) fn folds(name: &str) -> bool {
    matches!(name, "fold" | "try_fold" | "scan" | "reduce")
}

/// Whether a method of this name returns something through which its receiver can be changed.
pub(super) fn lends(name: &str) -> bool {
    name.ends_with("_mut")
        || matches!(
            name,
            "entry" | "by_ref" | "or_default" | "first_entry" | "last_entry" | "and_modify" | "drain"
        )
        || name.starts_with("or_insert")
        || name.starts_with("get_or_insert")
}

const COLLECTIONS: &[&str] = &[
    "Vec",
    "VecDeque",
    "BTreeMap",
    "BTreeSet",
    "BinaryHeap",
    "HashMap",
    "HashSet",
    "IndexMap",
    "IndexSet",
    "Table",
    "Option",
    "Box",
    "Rc",
    "Arc",
    "Some",
    "Cow",
    "Reverse",
];

const VALUES: &[&str] = &[
    "u8",
    "u16",
    "u32",
    "u64",
    "u128",
    "usize",
    "i8",
    "i16",
    "i32",
    "i64",
    "i128",
    "isize",
    "f32",
    "f64",
    "bool",
    "char",
    "str",
    "String",
    "Duration",
    "PhantomData",
];

/// What a function does, if it is known by the last two names of its path.
pub(super) fn function(path: &[String]) -> Option<Kind> {
    let (name, owner) = match path {
        [.., owner, name] => (name.as_str(), owner.as_str()),
        [name] => (name.as_str(), ""),
        [] => return None,
    };
    if VALUES.contains(&owner) {
        return Some(Kind::Nothing);
    }
    let made = matches!(name, "new" | "from" | "from_iter" | "default" | "with_capacity" | "pin");
    match (owner, name) {
        (owner, _) if COLLECTIONS.contains(&owner) && made => Some(Kind::Both),
        ("Default", "default") | ("mem" | "", "drop") | ("thalweg", "now" | "random") => Some(Kind::Nothing),
        ("mem", "take" | "replace" | "swap") => Some(Kind::Store),
        ("cmp" | "", "max" | "min") | ("iter", "once" | "repeat" | "empty" | "zip") => Some(Kind::Both),
        _ => None,
    }
}

/// Whether the names are those of something that holds no reference: a unit struct, a variant, a number.
pub(super) fn holds_nothing(path: &[String]) -> bool {
    let owner = path.len().checked_sub(2).map_or("", |at| path[at].as_str());
    VALUES.contains(&owner) || path.last().is_some_and(|name| is_type_like(name)) || function(path).is_some()
}

/// Whether a name is written like a type or variant, `Some`, and not like a constant, `MAX`.
pub(super) fn is_type_like(name: &str) -> bool {
    name.starts_with(char::is_uppercase) && name.contains(char::is_lowercase)
}

/// Whether a macro of this name only reads its arguments, and gives nothing back that names an entity.
pub(super) fn reads(name: &str) -> bool {
    const MACROS: &[&str] = &[
        "format",
        "print",
        "println",
        "eprint",
        "eprintln",
        "assert",
        "assert_eq",
        "assert_ne",
        "debug_assert",
        "debug_assert_eq",
        "debug_assert_ne",
        "panic",
        "todo",
        "unimplemented",
        "unreachable",
        "matches",
        "write",
        "writeln",
        "stringify",
        "concat",
        "line",
        "file",
        "trace",
        "debug",
        "info",
        "warn",
        "error",
    ];
    MACROS.contains(&name)
}
