//! The entry point of `#[entity]`: the work is done in `thalweg-compiler`.
use proc_macro::TokenStream;

/// Makes a struct an entity, and an `impl` block the methods of one.
///
/// It stands on a struct with named fields, and on the one `impl` block that holds the methods others call, which may
/// stand in another module. Other `impl` blocks and traits of the struct are the user's own business: what is in them
/// can be used by the entity's own methods.
///
/// # On a struct
///
/// Exactly one field is marked `#[key]`. Derives stand below `#[entity]`; `Clone`, `Serialize` and `Deserialize` are
/// derived unless the struct derives them itself.
///
/// | Option | Meaning |
/// |---|---|
/// | `auto` | an entity comes to be when it is first used, by `fn new(key) -> Self` |
/// | `partition = "key.0"` | the part of the key that decides at which worker the entity is |
/// | `name = "shop.Order"` | what the class is called in the graph, in `inspect` and in errors; its own name otherwise, with its path where two are called alike |
/// | `allow(nondeterminism)` | does not refuse what differs from run to run, such as a `HashMap` |
/// | `crate = "path"` | where the runtime is, when the dependency was renamed or comes re-exported: `crate = "tw"` or `crate = "facade::thalweg"`. Write it on both items |
///
/// # On an `impl` block
///
/// - A `pub` method can be called from outside and from other entities: with `&self` it reads, with `&mut self` it
///   writes. An `async` method can also call: `other.method(..).await`.
/// - A function that returns `Self` or `Result<Self, _>` is a constructor: `Account::at(1).open(100)` creates the
///   entity. Called as an ordinary function, `Account::open(1, 100)` makes a plain value that is no entity.
/// - Everything else is a helper for the entity's own methods.
///
/// Options: `allow(nondeterminism)` and `crate`. Attributes of an async method, such as `#[instrument(skip_all)]`, are
/// put on the coroutine that it becomes, which has no parameters of the user's names.
#[proc_macro_attribute]
pub fn entity(options: TokenStream, item: TokenStream) -> TokenStream {
    thalweg_compiler::expand(options.into(), item.into()).into()
}
