//! Calls as bytes: those that go to another group, for a group may be a process, and those of the log.
//!
//! Every method has a number, with the types that it is called with: its place among all that are reached from the roots of
//! the app, which is the same in every process of one build. A generic method that is called from outside with types that no
//! entity calls it with is not among them, and may lead to others; they get numbers when that is first done, which no other
//! process knows. A call is a number, and the bytes of the key and of the arguments, one behind the other.
use crate::base::digest::Digest;
use crate::base::error::{Error, Result};
use crate::base::guard::{Guarded, caught};
use crate::codec::{Arguments, Failure, Form};
use crate::entity::call::Call;
use crate::entity::run::task::Remote;
use crate::entity::traits::{Entity, Method};
use crate::entity::visit::ValueVisitor;
use rustc_hash::FxHashMap;
use std::any::{TypeId, type_name};
use std::cell::Cell;
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

/// See the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct InstanceId(u32);

impl InstanceId {
    pub(crate) fn number(self) -> u32 {
        self.0
    }
}

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

/// All methods, with the types that they are called with.
#[derive(Debug, Default)]
pub(crate) struct Instances(RwLock<Numbered>);

#[derive(Debug, Default)]
struct Numbered {
    ids: FxHashMap<TypeId, InstanceId>,
    all: Vec<Instance>,
}

/// A method with the types that it is called with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Instance {
    pub(crate) ty: TypeId,
    pub(crate) class: TypeId,
    entity: &'static str,
    pub(crate) method: &'static str,
    /// Tells instances of a generic method apart.
    pub(crate) types: fn() -> &'static str,
    /// Whether its class may differ from run to run.
    pub(crate) may_differ: bool,
    read: ReadCall,
}

/// The next call of these bytes.
type ReadCall = fn(&mut Arguments<'_>) -> Option<Box<dyn Remote>>;

impl Instance {
    fn of<M: Method>() -> Self {
        Self {
            ty: TypeId::of::<M>(),
            class: TypeId::of::<M::Entity>(),
            entity: <M::Entity as Entity>::NAME,
            method: M::NAME,
            types: type_name::<M>,
            may_differ: M::Entity::NONDETERMINISM,
            read: |bytes| next_call::<M>(bytes).map(|call| Box::new(call) as Box<dyn Remote>),
        }
    }

    /// The call that these bytes are. Runs code of the user's.
    ///
    /// # Errors
    /// When it cannot be read, or is followed by something.
    pub(crate) fn read(&self, bytes: &[u8]) -> Result<Box<dyn Remote>> {
        let mut arguments = Arguments::new(Form::Binary, bytes);
        let call = caught(|| (self.read)(&mut arguments))?;
        read_whole((self.entity, self.method), call, arguments)
    }

    /// So many calls, one behind the other, and where each of them ends. Runs code of the user's.
    ///
    /// # Errors
    /// When one cannot be read, or something follows.
    pub(crate) fn read_all(&self, bytes: &[u8], count: usize) -> Result<Vec<(Box<dyn Remote>, usize)>> {
        let mut arguments = Arguments::new(Form::Binary, bytes);
        let mut calls = Vec::with_capacity(count.min(bytes.len()));
        while calls.len() < count {
            let Some(call) = caught(|| (self.read)(&mut arguments))? else { break };
            calls.push((call, bytes.len() - arguments.left()));
        }
        let all = (calls.len() == count).then_some(calls);
        read_whole((self.entity, self.method), all, arguments)
    }
}

impl Numbered {
    fn add(&mut self, instance: Instance) {
        let Self { ids, all } = self;
        ids.entry(instance.ty).or_insert_with(|| {
            all.push(instance);
            InstanceId(u32::try_from(all.len() - 1).expect("a program has less than 2^32 methods"))
        });
    }
}

impl Instances {
    /// This one is there.
    pub(crate) fn add<M: Method>(&self) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).add(Instance::of::<M>());
    }

    /// Adds those of others that are not known yet.
    pub(crate) fn extend(&self, others: &Self) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        others.known().all.iter().for_each(|instance| known.add(*instance));
    }

    /// Whether this one is known.
    pub(crate) fn has<M: Method>(&self) -> bool {
        self.known().ids.contains_key(&TypeId::of::<M>())
    }

    /// All of them, by their numbers.
    pub(crate) fn all(&self) -> Vec<Instance> {
        self.known().all.clone()
    }

    /// The one with this number.
    pub(crate) fn get(&self, InstanceId(number): InstanceId) -> Instance {
        let instance = self.known().all.get(number as usize).copied();
        instance.unwrap_or_else(|| unreachable!("a number is given to what is known"))
    }

    /// The number of this one.
    pub(crate) fn id<M: Method>(&self) -> Option<InstanceId> {
        self.known().ids.get(&TypeId::of::<M>()).copied()
    }

    fn known(&self) -> RwLockReadGuard<'_, Numbered> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// A call as bytes. Runs code of the user's.
    ///
    /// # Errors
    /// When something of it cannot be encoded.
    pub(crate) fn ship<M: Method>(&self, call: &Call<M>) -> Result<ShippedCall> {
        let instance =
            self.id::<M>().ok_or_else(|| Error::internal("a method is called that was not reached"))?;
        let mut bytes = Vec::new();
        write_call(call, &mut bytes)?;
        Ok(ShippedCall { instance, bytes })
    }

    /// The call that was shipped.
    ///
    /// # Errors
    /// When something of it cannot be read.
    pub(crate) fn read(&self, call: &ShippedCall) -> Result<Guarded<Box<dyn Remote>>> {
        let ShippedCall { instance: InstanceId(instance), bytes } = call;
        let Some(instance) = self.known().all.get(*instance as usize).copied() else {
            unreachable!("a call has a number that is known")
        };
        instance.read(bytes).map(Guarded::new)
    }
}

fn next_call<M: Method>(bytes: &mut Arguments<'_>) -> Option<Call<M>> {
    let key = bytes.next(0)?;
    Some(Call::new(key, M::decode(bytes)?))
}

/// Appends the bytes of a call; gives where its key ends. Runs code of the user's.
///
/// # Errors
/// When something of it cannot be encoded.
pub(crate) fn write_call<M: Method>(call: &Call<M>, bytes: &mut Vec<u8>) -> Result<usize> {
    let mut visitor = ValueVisitor::encoding(Form::Binary, bytes);
    visitor.parameter(0, &call.key);
    fits(names::<M>(), visitor.failure())?;
    let key_end = bytes.len();
    let mut visitor = ValueVisitor::encoding(Form::Binary, bytes);
    M::visit(&call.args, &mut visitor);
    fits(names::<M>(), visitor.failure()).map(|()| key_end)
}

/// The call that these bytes are. Runs code of the user's.
///
/// # Errors
/// When it cannot be read.
pub(crate) fn read_call<M: Method>(bytes: &[u8]) -> Result<Call<M>> {
    let mut arguments = Arguments::new(Form::Binary, bytes);
    let call = next_call(&mut arguments);
    read_whole(names::<M>(), call, arguments)
}

/// A result as bytes. Runs code of the user's.
///
/// # Errors
/// When it cannot be encoded.
pub(crate) fn ship_output<M: Method>(output: &M::Output) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut visitor = ValueVisitor::encoding(Form::Binary, &mut bytes);
    M::visit_output(output, &mut visitor);
    fits(names::<M>(), visitor.failure()).map(|()| bytes)
}

/// A digest of a result's bytes; one that cannot be encoded has one, too. Runs code of the user's.
pub(crate) fn digest_output<M: Method>(output: &M::Output) -> Digest {
    thread_local! {
        static SCRATCH: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
    }
    let mut bytes = SCRATCH.take();
    bytes.clear();
    let written = caught(|| {
        let mut visitor = ValueVisitor::encoding(Form::Binary, &mut bytes);
        M::visit_output(output, &mut visitor);
        visitor.failure().is_none()
    });
    let digest = if written == Ok(true) { Digest::of(&bytes) } else { Digest::default() };
    /// One large answer is no reason to keep so much for good.
    const KEPT: usize = 64 << 10;
    if bytes.capacity() <= KEPT {
        SCRATCH.set(bytes);
    }
    digest
}

/// The result that was shipped. Runs code of the user's.
///
/// # Errors
/// When it cannot be read.
pub(crate) fn read_output<M: Method>(bytes: &[u8]) -> Result<M::Output> {
    let mut arguments = Arguments::new(Form::Binary, bytes);
    let output = M::decode_output(&mut arguments);
    read_whole(names::<M>(), output, arguments)
}

/// The names of a class and of a method.
type Names = (&'static str, &'static str);

fn names<M: Method>() -> Names {
    (<M::Entity as Entity>::NAME, M::NAME)
}

fn read_whole<T>(names: Names, read: Option<T>, arguments: Arguments<'_>) -> Result<T> {
    fits(names, arguments.failure().map(|(_, failure)| failure))?;
    read.ok_or_else(|| not_portable(names, &Failure::new("a type cannot be read")))
}

fn fits(names: Names, failure: Option<Failure>) -> Result<()> {
    failure.map_or(Ok(()), |failure| Err(not_portable(names, &failure)))
}

fn not_portable((entity, method): Names, failure: &Failure) -> Error {
    Error::NotPortable { entity, method, what: failure.to_string() }
}
