//! Every error text of the compiler, and the sink that collects them: a fact in the user's words, then a way out.
use proc_macro2::TokenStream;
use quote::ToTokens;

pub(crate) const NOT_AN_ITEM: &str = "`#[entity]` stands on a struct or on its `impl` block\nhelp: an enum can be a field of an entity, or its key";
pub(crate) const NO_ENTITY: &str = "this is not an entity: its struct has no `#[entity]`\nhelp: write `#[entity]` on the struct, too, and `#[key]` on the field that identifies it";
pub(crate) const TRAIT_IMPL: &str = "a trait's methods cannot be called between entities\nhelp: move them to the `#[entity] impl` block, or remove `#[entity]` here";
pub(crate) const GENERIC_ENTITY: &str = "an entity cannot be generic: its class has one place in the graph\nhelp: write one entity per type, or keep an enum in a field";
pub(crate) const NAMED_FIELDS: &str =
    "an entity has named fields\nhelp: write `struct Name { #[key] id: u64, .. }`";
pub(crate) const NO_KEY: &str = "an entity needs a key\nhelp: mark the field that identifies it with `#[key]`; a tuple or a struct can be a key";
pub(crate) const TWO_KEYS: &str =
    "an entity has one key\nhelp: make one field of both, as a tuple or a struct";
pub(crate) const PARTITION: &str =
    "the partition is a part of the key\nhelp: write `\"key.field\"` or `\"key.0\"`";
pub(crate) const NAME: &str = "the name of an entity is one word: letters, digits, `_`, `-`, `.` and `:`\nhelp: write `name = \"shop.Order\"`";
pub(crate) const FLOAT_KEY: &str = "a float is no key: NaN is not equal to itself\nhelp: use an integer in a fixed unit, such as cents, or the text of the number";
pub(crate) const FIELD_REFERENCE: &str = "the state of an entity owns what it holds, so that it can be kept and written down\nhelp: use an owned type, such as `String` for `&str`; another entity is named by a `Ref`";
pub(crate) const FIELD_OBJECT: &str = "the state of an entity is copied and written down, which a trait object or a function pointer cannot be\nhelp: use an enum of the cases";
pub(crate) const RECEIVER: &str = "a method takes `&self` or `&mut self`: the entity stays where it is\nhelp: to end an entity, let another one await `remove()` on its reference, or let a method of its own do so as the last thing";
pub(crate) const NO_RECEIVER: &str = "an async function of an entity needs `&self` or `&mut self`\nhelp: constructors return `Self` and are not async; calls are made by methods";
pub(crate) const BY_REFERENCE: &str = "arguments travel to another entity and cannot be references\nhelp: take an owned value, such as `String` for `&str` or `Vec<T>` for `&[T]`";
pub(crate) const RETURNS_REFERENCE: &str = "a result travels to the caller and cannot be a reference\nhelp: return an owned value, such as `String` for `&str`, or make the function private";
pub(crate) const IMPL_TRAIT: &str =
    "arguments and results travel and need a type with a name\nhelp: name the type, or a type parameter";
pub(crate) const LIFETIME: &str =
    "a method that can be called from elsewhere cannot have lifetimes\nhelp: take and return owned values";
pub(crate) const IN_CLOSURE: &str = "a call inside a closure cannot be cut\nhelp: write a `for` loop, or build the calls in the closure and await `join_all(calls)` outside it";
pub(crate) const IN_ASYNC_BLOCK: &str = "a call inside an async block would run at a time of its own\nhelp: await it in the method itself; to make several, await `join((a, b))`";
pub(crate) const IN_MACRO: &str =
    "a call inside this macro cannot be seen\nhelp: bind its result with `let` before the macro";
pub(crate) const SELF_IN_FORMAT: &str = "`self` inside a format string cannot be seen in a method with calls\nhelp: pass it as an argument: `\"{:?}\", self`";
pub(crate) const NOT_AWAITED: &str = "these calls are never made\nhelp: write `.await` behind them";
pub(crate) const FOREIGN_JOIN: &str = "calls are no futures, and this macro joins futures\nhelp: use `thalweg::join((a, b))` or `join_all(calls)`, and `.await` that";
pub(crate) const ASSIGNS_SHARED: &str =
    "this method takes `&self`, so it cannot change the entity\nhelp: take `&mut self`";
pub(crate) const GUARD_BORROWS: &str = "this borrows `self` while a guard makes a call, and a callee may call back and change it\nhelp: match on a copy: `match self.field.clone()`";
pub(crate) const INDEX_OR_VALUE: &str = "whether this index or the value beside it comes first depends on their types\nhelp: bind the index with `let` before";
pub(crate) const HIDDEN_CONDITION: &str =
    "whether the call here is compiled cannot be seen\nhelp: write `#[cfg(..)]` itself";
pub(crate) const ATTRIBUTE: &str = "this attribute is put on the code of the method, where `self` and the parameters are not yet there\nhelp: do without them here, for example with `skip_all`, and record them in the body";
pub(crate) const UNSAFE: &str = "a method that can be called from elsewhere cannot be unsafe\nhelp: make it private, or put the unsafe part into a function of its own";
pub(crate) const NEVER: &str = "a result travels to the caller, so a method that can be called returns\nhelp: return `Result<(), E>`, or leave the return type out and panic in the body";
pub(crate) const TRAIT_OBJECT: &str = "arguments and results travel and are written down, which a trait object or a function pointer cannot be\nhelp: use an enum of the cases, or a type parameter";
pub(crate) const CALL_IN_SYNC: &str = "only an async method can make calls\nhelp: write `async fn`";
pub(crate) const ITERATES_SELF: &str = "this loop borrows `self` while it makes calls, and a callee may call back and change it\nhelp: loop over a copy: `for x in self.field.clone()`";

pub(crate) fn ill_formed(fault: &str) -> String {
    format!(
        "the graph of this method is not well formed: {fault}\nhelp: this is a mistake of Thalweg; please report the method"
    )
}
pub(crate) fn reserved(name: &str) -> String {
    format!(
        "a method cannot be called `{name}`: every entity or its `Ref` has one of that name, which would be called instead\nhelp: choose another name"
    )
}
pub(crate) fn hash_field(name: &str, instead: &str) -> String {
    format!(
        "the order of a `{name}` differs from run to run\nhelp: use `{instead}`, or allow it with `#[entity(allow(nondeterminism))]`"
    )
}
pub(crate) fn hash_value(name: &str, instead: &str) -> String {
    format!(
        "the order of a `{name}` differs from run to run, and with it what is done in that order\nhelp: use `{instead}`, or allow it with `#[entity(allow(nondeterminism))]`"
    )
}
pub(crate) fn borrowed_across(name: &str) -> String {
    format!(
        "`{name}` borrows from `self` while a call is made, and a callee may call back and change it\nhelp: copy what you need, for example with `.clone()`, or look at `self` again after the call"
    )
}
pub(crate) fn field_of_another(name: &str, field: &str) -> String {
    format!(
        "`{name}` is a reference to another entity, whose fields only its own methods see\nhelp: call a method that tells or changes it, such as `{name}.{field}().await`"
    )
}
pub(crate) fn shared_field(name: &str, instead: &str) -> String {
    format!(
        "undo cannot take back what changes inside `{name}`: it changes behind `&self`, or has more than one owner\nhelp: {instead}"
    )
}
pub(crate) fn nondeterministic(what: &str, instead: &str) -> String {
    format!(
        "`{what}` differs when a transaction is replayed\nhelp: {instead}, or allow it with `#[entity(allow(nondeterminism))]`"
    )
}
pub(crate) fn option(known: &str) -> String {
    format!("there is no such option\nhelp: the options are {known}")
}

/// The one sink for errors; asks to be emptied.
#[derive(Default)]
pub(crate) struct Errors(Vec<syn::Error>);

impl Errors {
    /// An error at the smallest tokens that are wrong.
    pub(crate) fn at(&mut self, tokens: impl ToTokens, text: impl std::fmt::Display) {
        self.0.push(syn::Error::new_spanned(tokens, text));
    }
    pub(crate) fn push(&mut self, error: syn::Error) {
        self.0.push(error);
    }
    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }
    pub(crate) fn into_result(self) -> syn::Result<()> {
        let mut errors = self.0.into_iter();
        let Some(mut first) = errors.next() else { return Ok(()) };
        errors.for_each(|error| first.combine(error));
        Err(first)
    }
    pub(crate) fn finish(self) -> TokenStream {
        self.0.iter().map(syn::Error::to_compile_error).collect()
    }
}
