//! What `#[entity]` implements: the traits between generated code and the engine.
use crate::base::class_id::ClassId;
use crate::base::error::Result;
use crate::base::hash::StableHasher;
use crate::codec::Arguments;
use crate::entity::call::{Base, Call};
use crate::entity::run::context::MethodContext;
use crate::entity::values::KnownParameters;
use crate::entity::visit::ValueVisitor;
use crate::state::loan::Lendable;
use crate::state::table::ByRow;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt::Debug;
use std::future::Future;
use std::hash::Hash;
use std::marker::PhantomData;
use std::sync::Arc;
use thalweg_graph::Access;

/// What a key must be able to do; implemented for everything that can.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the key of an entity",
    label = "not a key",
    note = "a key is `Clone + Debug + Eq + Ord + Hash + Serialize + Deserialize + Send + Sync + 'static`"
)]
pub trait Key:
    Clone + Debug + Eq + Ord + Hash + Serialize + DeserializeOwned + Send + Sync + 'static
{
}
#[diagnostic::do_not_recommend]
impl<K: Clone + Debug + Eq + Ord + Hash + Serialize + DeserializeOwned + Send + Sync + 'static> Key for K {}

/// What an argument, a result or a field must be able to do; implemented for everything that can.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot travel between entities",
    label = "not serialisable, or not owned",
    note = "arguments and results of methods are `Serialize + Deserialize + Send + 'static`"
)]
pub trait Portable: Serialize + DeserializeOwned + Send + 'static {}
#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned + Send + 'static> Portable for T {}

/// What the state of an entity may hold; implemented for everything that may.
///
/// A transaction is undone by putting a copy of the state back, and `&self` methods keep no copy. So nothing in a state
/// may change behind `&self`, and nothing may be owned by others who see it change.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be in the state of an entity: undo cannot take back what changes in it",
    label = "changes behind `&self`, or stays on one thread",
    note = "what an entity holds is `Send + Sync`: no `Cell`, `RefCell` or `Rc`, in what it holds neither; keep plain \
            values and change them in `&mut self` methods"
)]
pub trait State: Send + Sync + 'static {}
#[diagnostic::do_not_recommend]
impl<T: Send + Sync + 'static> State for T {}

/// A class of entities. Implemented by `#[entity]` on a struct, whose fields are [`State`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an entity",
    label = "not an entity",
    note = "write `#[entity]` on the struct"
)]
pub trait Entity: Clone + Serialize + DeserializeOwned + 'static {
    /// The type of the field marked `#[key]`.
    type Key: Key;
    /// The generated type that carries the methods of a [`crate::Ref`].
    type Stub: Stub<Self>;
    /// The name of the key field, as a number: constructors whose first parameter bears it take the key from the
    /// reference they are called on.
    type KeyName;
    /// The name of the key field, as a number.
    const KEY_NUMBER: u64;
    /// The name of the struct, or what the user wrote. Two classes may have the same one: what is shown is decided when
    /// all of an app are known; see `names`.
    const NAME: &'static str;
    /// Whether the user wrote it.
    const NAMED: bool;
    /// Whether the user has allowed what differs from run to run.
    const NONDETERMINISM: bool;
    /// The struct's part of the graph, as JSON without methods.
    const FACTS: &'static str;
    /// The number of the class.
    const CLASS: ClassId;
    /// The fields, with the names of their types as rustc knows them, behind every alias.
    fn fields() -> Vec<(&'static str, &'static str)>;
    /// The key.
    fn key(&self) -> &Self::Key;
    /// Whether the key is of a type of std's, or a reference.
    fn plain_key() -> bool {
        false
    }
    /// Feeds the part of the key that decides placement.
    fn place(key: &Self::Key, hasher: &mut StableHasher);
    /// A new entity on first use, or `None` when entities are created explicitly.
    fn auto(key: &Self::Key) -> Option<Self>;
    /// The names of the fields, if old states are kept by field; none if they are kept whole.
    const FIELDS: &'static [&'static str];
    /// The index of the key among them.
    const KEY_FIELD: u32;
    /// Old values of some of the fields.
    type Parts: Default + 'static;
    /// These on their way to another worker, as [`Entity::lend`].
    fn lend_parts(parts: Self::Parts) -> Option<Lendable>;
    /// Merges the tables among the fields of these bits, before they are copied: where old states are kept by field, a bit for
    /// each of them, and else all bits.
    fn merge(&mut self, _: u32) {}
    /// Shows the tables among the fields, with the places of these.
    fn each_table<'a>(&'a self, _: &mut dyn FnMut(u8, &'a dyn ByRow)) {}
    /// Copies the fields of these bits, in the order of [`Entity::FIELDS`].
    fn keep(&self, which: u32, to: &mut Self::Parts);
    /// Exchanges the fields that have been copied with what was kept.
    fn put_back(&mut self, parts: &mut Self::Parts);
    /// A state on its way to another worker. What an entity holds is [`State`], so there is one; a bound here would
    /// say a second time what is wrong with a field.
    fn lend(state: Arc<Self>) -> Option<Lendable>;
    /// The state that another worker has sent.
    fn borrow(state: Lendable) -> Option<Arc<Self>>;
    /// Whether an entity is created on first use.
    const AUTO: bool;
    /// Whether only a part of the key decides placement.
    const PARTITIONED: bool;
    /// The source file.
    fn file() -> &'static str;
}

/// The methods of a class. Implemented by `#[entity]` on an `impl` block.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no methods",
    label = "no `#[entity] impl`",
    note = "write `#[entity]` on the one `impl {Self}` block that holds its methods"
)]
pub trait Methods: Entity {
    /// The generated type that carries the methods of a [`crate::Ref`].
    type Stub: Stub<Self>;
    /// The methods' part of the graph, one for each that is compiled.
    const FACTS: &'static [Facts];
    /// The conditions under which there are call sites, as written, and whether they hold.
    const CONDITIONS: &'static [(&'static str, bool)];
    /// Shows every method that is not generic.
    fn each<V: MethodVisitor>(visitor: &mut V);
}

/// A method's part of the graph, as JSON; and what it is where this field or that is the key of the entity.
pub type Facts = (&'static str, &'static [(&'static str, &'static str)]);

/// What is done with each method of a class, as a type.
pub trait MethodVisitor {
    /// Sees one.
    fn method<M: Method>(&mut self);
}

/// The bits of the fields with these names; all if old states are kept whole, or one of them is not known.
pub const fn bits_of<E: Entity>(names: &[&str]) -> u32 {
    let (mut bits, mut at) = (0, 0);
    if E::FIELDS.is_empty() {
        return u32::MAX;
    }
    while at < names.len() {
        let mut field = 0;
        while field < E::FIELDS.len() && !same(names[at], E::FIELDS[field]) {
            field += 1;
        }
        if field == E::FIELDS.len() {
            return u32::MAX;
        }
        bits |= 1 << field;
        at += 1;
    }
    // One that mentions no field writes none; it holds the state to be written all the same.
    if bits == 0 { 1 << E::KEY_FIELD } else { bits }
}

const fn same(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let mut at = 0;
    while at < a.len() && at < b.len() && a[at] == b[at] {
        at += 1;
    }
    at == a.len() && at == b.len()
}

/// The name of a key field, as a number.
pub struct KeyNamed<const NAME: u64>;

/// The generated type behind a reference.
pub trait Stub<E: Entity> {
    /// Wraps the base.
    fn new(base: Base<E>) -> Self;
    /// The base, which knows the key.
    fn base(&self) -> &Base<E>;
}

/// One method, as a type. Implemented by `#[entity]`.
pub trait Method: Sized + 'static {
    /// The entity it belongs to.
    type Entity: Methods;
    /// The arguments, as a tuple.
    type Args: Send + 'static;
    /// The result.
    type Output: Send + 'static;
    /// The name of the function.
    const NAME: &'static str;
    /// What it does with its entity.
    const ACCESS: Access;
    /// What of the state it may write: a bit for each of [`Entity::FIELDS`], or all bits.
    const WRITES: u32 = u32::MAX;
    /// Whether it holds calls and may have to wait.
    const SUSPENDS: bool;
    /// Whether it may be called on an entity that does not exist.
    const ABSENT_OK: bool = false;
    /// Whether every entity has it; then it touches only the entity it is called on.
    const BUILT_IN: bool = false;
    /// Shows the parameters one by one, for the references in them.
    fn visit(args: &Self::Args, visitor: &mut ValueVisitor<'_>);
    /// Whether arguments can be copied, so that a transaction can run again.
    fn repeatable() -> bool;
    /// A second copy of the arguments, if they can be copied.
    fn copy(args: &Self::Args) -> Option<Self::Args>;
    /// A second copy of the arguments, by way of their bytes where they cannot be copied.
    fn twin(_: &Self::Args) -> Option<Self::Args> {
        None
    }
    /// What is known of the types of the parameters.
    fn known_parameters() -> KnownParameters {
        KnownParameters { plain: 0, holds: u64::MAX }
    }
    /// Shows a reference whose key is computed of the entity's own and of arguments, by its number; nothing if that cannot be
    /// done. Runs a piece of the method that does nothing but compute.
    fn computed(
        _: usize,
        _: &<Self::Entity as Entity>::Key,
        _: Option<&Self::Args>,
        _: &mut ValueVisitor<'_>,
    ) {
    }
    /// The arguments from their bytes; `None` when one of them cannot be read, or cannot travel.
    fn decode(_: &mut Arguments<'_>) -> Option<Self::Args> {
        None
    }
    /// Shows the result, for its bytes.
    fn visit_output(_: &Self::Output, _: &mut ValueVisitor<'_>) {}
    /// The result from its bytes; `None` when it cannot be read.
    fn decode_output(_: &mut Arguments<'_>) -> Option<Self::Output> {
        None
    }
    /// The method as a coroutine, cut at each call. Without arguments it only describes its call sites.
    fn run(
        cx: MethodContext<Self::Entity>,
        args: Option<Self::Args>,
    ) -> impl Future<Output = Self::Output> + 'static;
    /// Whether it is a plain function on the state of its entity: it makes no calls, and is no constructor.
    const LEAF: bool = false;
    /// Runs it on a state, if it is a plain function that reads.
    fn read(_: &Self::Entity, _: Self::Args) -> Option<Self::Output> {
        None
    }
    /// Runs it on a state, if it is a plain function that writes.
    fn write(_: &mut Self::Entity, _: Self::Args) -> Option<Self::Output> {
        None
    }
    /// Whether the result aborts a transaction that started here.
    fn is_err(output: &Self::Output) -> bool;
}

/// What a constructor returns: the entity, or a `Result` with it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not what a constructor returns",
    label = "holds `Self` inside of something else",
    note = "constructors return `Self` or `Result<Self, _>`; a function that is none of them can be private"
)]
pub trait Constructed<E: Entity> {
    /// What the caller gets.
    type Output: Send + 'static;
    /// Puts the entity in its place with `create`.
    fn settle(self, create: impl FnOnce(E) -> Result<()>) -> Result<Self::Output>;
}

impl<E: Entity> Constructed<E> for E {
    type Output = ();
    fn settle(self, create: impl FnOnce(E) -> Result<()>) -> Result<()> {
        create(self)
    }
}

impl<E: Entity, X: Send + 'static> Constructed<E> for std::result::Result<E, X> {
    type Output = std::result::Result<(), X>;
    fn settle(self, create: impl FnOnce(E) -> Result<()>) -> Result<Self::Output> {
        match self {
            Ok(entity) => create(entity).map(Ok),
            Err(error) => Ok(Err(error)),
        }
    }
}

/// A built-in method of every entity: whether it exists.
pub struct Exists<E>(PhantomData<fn() -> E>);
/// A built-in method of every entity: the end of it; says whether it existed.
pub struct Remove<E>(PhantomData<fn() -> E>);

macro_rules! built_in {
    ($marker:ident, $name:literal, $access:ident, $act:ident) => {
        impl<E: Methods> Method for $marker<E> {
            type Entity = E;
            type Args = ();
            type Output = bool;
            const NAME: &'static str = $name;
            const ACCESS: Access = Access::$access;
            const SUSPENDS: bool = false;
            const ABSENT_OK: bool = true;
            const BUILT_IN: bool = true;
            fn visit((): &(), _: &mut ValueVisitor<'_>) {}
            fn repeatable() -> bool {
                true
            }
            fn copy((): &()) -> Option<()> {
                Some(())
            }
            fn twin((): &()) -> Option<()> {
                Some(())
            }
            fn decode(_: &mut Arguments<'_>) -> Option<()> {
                Some(())
            }
            fn visit_output(output: &bool, visitor: &mut ValueVisitor<'_>) {
                visitor.parameter(0, output);
            }
            fn decode_output(bytes: &mut Arguments<'_>) -> Option<bool> {
                bytes.next(0)
            }
            async fn run(cx: MethodContext<E>, args: Option<()>) -> bool {
                if args.is_none() {
                    match cx.describe(Vec::new()).await {}
                }
                cx.$act()
            }
            fn is_err(_: &bool) -> bool {
                false
            }
        }
    };
}
built_in!(Exists, "exists", Read, exists);
built_in!(Remove, "remove", Create, remove);

impl<E: Methods> Base<E> {
    /// Whether the entity exists. An entity's own method of that name comes first.
    pub fn exists(&self) -> Call<Exists<E>> {
        Call::new(self.key().clone(), ())
    }
    /// Removes the entity; `false` when there was none. An entity's own method of that name comes first.
    pub fn remove(&self) -> Call<Remove<E>> {
        Call::new(self.key().clone(), ())
    }
}
