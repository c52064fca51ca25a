//! Calls that go to another group, and what comes back: as bytes, for a group may be a process.
//!
//! Every method that an entity calls has a number, with the types that it is called with there: its place among all that are
//! reached from the roots of the app, which is the same in every process of one build. A generic method that is called from
//! outside with types that no entity calls it with leads to others that were not reached; they get numbers when that is
//! first done, which no other process knows. A call is a number, and the bytes of the key and of the arguments, one behind
//! the other.
use crate::base::error::{Error, Result};
use crate::base::guard::{Guarded, caught};
use crate::codec::{Arguments, Failure, Form};
use crate::entity::call::Call;
use crate::entity::run::task::Remote;
use crate::entity::traits::{Entity, Method};
use crate::entity::visit::ValueVisitor;
use rustc_hash::FxHashMap;
use std::any::TypeId;
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

/// See the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct InstanceId(u32);

/// A call on its way to another group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ShippedCall {
    instance: InstanceId,
    bytes: Vec<u8>,
}

impl ShippedCall {
    /// Its bytes.
    pub(crate) fn size(&self) -> usize {
        size_of::<InstanceId>() + self.bytes.len()
    }
}

/// The methods that entities call, with the types that they are called with; and those whose callees have been looked for.
#[derive(Debug, Default)]
pub(crate) struct Instances(RwLock<Numbered>);

#[derive(Debug, Default)]
struct Numbered {
    ids: FxHashMap<TypeId, InstanceId>,
    all: Vec<(TypeId, ReadCall)>,
}

/// Makes a call of its bytes.
type ReadCall = fn(&[u8]) -> Result<Box<dyn Remote>>;

impl Numbered {
    fn add(&mut self, ty: TypeId, read: ReadCall) {
        let Self { ids, all } = self;
        ids.entry(ty).or_insert_with(|| {
            all.push((ty, read));
            InstanceId(u32::try_from(all.len() - 1).expect("a program has less than 2^32 methods"))
        });
    }
}

impl Instances {
    /// An entity calls this one.
    pub(crate) fn add<M: Method>(&self) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).add(TypeId::of::<M>(), read_call::<M>);
    }

    /// Adds those of others that are not known yet.
    pub(crate) fn extend(&self, others: &Self) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        others.known().all.iter().for_each(|(ty, read)| known.add(*ty, *read));
    }

    /// Whether this one is known.
    pub(crate) fn has<M: Method>(&self) -> bool {
        self.known().ids.contains_key(&TypeId::of::<M>())
    }

    fn known(&self) -> RwLockReadGuard<'_, Numbered> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// A call as bytes. Runs code of the user's.
    ///
    /// # Errors
    /// When something of it cannot be encoded.
    pub(crate) fn ship<M: Method>(&self, call: &Call<M>) -> Result<ShippedCall> {
        let known = self.known().ids.get(&TypeId::of::<M>()).copied();
        let instance = known.ok_or_else(|| Error::internal("a method is called that was not reached"))?;
        let mut bytes = Vec::new();
        let mut visitor = ValueVisitor::encoding(Form::Binary, &mut bytes);
        visitor.parameter(0, &call.key);
        M::visit(&call.args, &mut visitor);
        fits::<M>(visitor.failure())?;
        Ok(ShippedCall { instance, bytes })
    }

    /// The call that was shipped.
    ///
    /// # Errors
    /// When something of it cannot be read.
    pub(crate) fn read(&self, call: &ShippedCall) -> Result<Guarded<Box<dyn Remote>>> {
        let ShippedCall { instance: InstanceId(instance), bytes } = call;
        let Some((_, read)) = self.known().all.get(*instance as usize).copied() else {
            unreachable!("a call has a number that is known")
        };
        caught(|| read(bytes)).flatten().map(Guarded::new)
    }
}

fn read_call<M: Method>(bytes: &[u8]) -> Result<Box<dyn Remote>> {
    let mut arguments = Arguments::new(Form::Binary, bytes);
    let call = arguments.next(0).and_then(|key| Some(Call::<M>::new(key, M::decode(&mut arguments)?)));
    read_whole::<M, _>(call, arguments).map(|call| Box::new(call) as Box<dyn Remote>)
}

/// A result as bytes. Runs code of the user's.
///
/// # Errors
/// When it cannot be encoded.
pub(crate) fn ship_output<M: Method>(output: &M::Output) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut visitor = ValueVisitor::encoding(Form::Binary, &mut bytes);
    M::visit_output(output, &mut visitor);
    fits::<M>(visitor.failure()).map(|()| bytes)
}

/// The result that was shipped. Runs code of the user's.
///
/// # Errors
/// When it cannot be read.
pub(crate) fn read_output<M: Method>(bytes: &[u8]) -> Result<M::Output> {
    let mut arguments = Arguments::new(Form::Binary, bytes);
    let output = M::decode_output(&mut arguments);
    read_whole::<M, _>(output, arguments)
}

fn read_whole<M: Method, T>(read: Option<T>, arguments: Arguments<'_>) -> Result<T> {
    fits::<M>(arguments.failure().map(|(_, failure)| failure))?;
    let unread = || Failure::new("a type cannot be read");
    read.ok_or_else(|| not_portable((<M::Entity as Entity>::NAME, M::NAME), &unread()))
}

fn fits<M: Method>(failure: Option<Failure>) -> Result<()> {
    failure.map_or(Ok(()), |failure| Err(not_portable((<M::Entity as Entity>::NAME, M::NAME), &failure)))
}

fn not_portable((entity, method): (&'static str, &'static str), failure: &Failure) -> Error {
    Error::NotPortable { entity, method, what: failure.to_string() }
}
