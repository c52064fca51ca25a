//! How methods get at the entities of a worker, and at those that others have lent to it.
use crate::base::ambient::{self, Activation};
use crate::base::emitted::first_use;
use crate::base::error::{Error, Result};
use crate::base::location::Location;
use crate::base::text::key_text;
use crate::entity::call::Call;
use crate::entity::run::context::{MethodContext, Place, wrong_key};
use crate::entity::run::invoke::Invocation;
use crate::entity::run::worker::Worker;
use crate::entity::traits::{Entity, Method};
use crate::state::class::Class;
use crate::state::loan::kept;
use crate::state::stored::{ALL, Which};
use std::cell::RefMut;
use thalweg_graph::Access;

impl Worker {
    fn keep<E: Entity>(&self, undo: usize) {
        let kept = kept(E::CLASS, undo);
        self.running.borrow_mut().undo_log.push(kept);
    }

    /// The state of an entity, to be written by the running transaction.
    pub(crate) fn hold_to_write<'c, E: Entity>(
        &self,
        class: &'c Class<E>,
        slot: usize,
        which: Which,
    ) -> Option<RefMut<'c, E>> {
        let stamp = self.running.borrow().stamp;
        let (state, kept) = class.hold_to_write(slot, stamp, which)?;
        kept.into_iter().for_each(|undo| self.keep::<E>(undo));
        Some(state)
    }
    pub(crate) fn create<E: Entity>(&self, class: &Class<E>, hash: u64, entity: E) {
        let stamp = self.running.borrow().stamp;
        let undo = class.create(hash, entity, stamp);
        self.keep::<E>(undo);
    }
    pub(crate) fn remove<E: Entity>(&self, class: &Class<E>, slot: usize) {
        drop(self.hold_to_write(class, slot, ALL));
        class.remove(slot);
    }

    /// Where an entity is that a method wants to be there; one that comes to be on first use does so now.
    fn slot<E: Entity>(&self, class: &Class<E>, hash: u64, key: &E::Key, path: u64) -> Result<usize> {
        if let Some(slot) = class.find(hash, key) {
            return Ok(slot);
        }
        self.create(class, hash, fresh::<E>(key, path)?);
        class.find(hash, key).ok_or_else(|| Error::internal("a new entity is not there"))
    }

    /// The context of a call that has arrived here.
    pub(crate) fn context<M: Method>(
        &self,
        invocation: Invocation,
        at: Location,
        key: <M::Entity as Entity>::Key,
    ) -> Result<MethodContext<M::Entity>> {
        if at.owner != self.index {
            if M::ABSENT_OK {
                self.known::<M::Entity>()?;
            } else {
                self.lent::<M::Entity>(&at, &key, invocation.path())?;
            }
            return Ok(MethodContext { invocation, place: Place::Lent { at, key } });
        }
        let class = self.class::<M::Entity>()?;
        let slot = if M::ABSENT_OK {
            class.find(at.hash, &key)
        } else {
            Some(self.slot(&class, at.hash, &key, invocation.path())?)
        };
        Ok(MethodContext { invocation, place: Place::Slot { class, hash: at.hash, slot, key } })
    }

    /// Runs a call of a method that is a plain function on the state of its entity.
    pub(crate) fn run_leaf<M: Method>(&self, at: Location, call: Call<M>, path: u64) -> Result<M::Output> {
        let Call { key, args } = call;
        let gone = || Error::internal("the state of an entity is not there");
        let reading = M::ACCESS == Access::Read;
        let output = if at.owner != self.index {
            self.lent::<M::Entity>(&at, &key, path)?;
            let mut state =
                self.borrow::<M::Entity>(&at, &key, if reading { 0 } else { M::WRITES }).ok_or_else(gone)?;
            if reading {
                reads::<M>(state.get(), args, path)
            } else {
                writes::<M>(state.get_mut(), &key, args, path)?
            }
        } else {
            let class = self.class::<M::Entity>()?;
            let slot = self.slot(&class, at.hash, &key, path)?;
            if reading {
                reads::<M>(&*class.hold(slot).ok_or_else(gone)?, args, path)
            } else {
                writes::<M>(
                    &mut *self.hold_to_write(&class, slot, M::WRITES).ok_or_else(gone)?,
                    &key,
                    args,
                    path,
                )?
            }
        };
        output.ok_or_else(|| Error::internal("a plain method is none"))
    }

    /// Sees to it that a lent entity is there; one that comes to be on first use does so now.
    fn lent<E: Entity>(&self, at: &Location, key: &E::Key, path: u64) -> Result<()> {
        if !self.is_lent::<E>(at, key) {
            self.known::<E>()?;
            self.create_lent(at, fresh::<E>(key, path)?);
        }
        Ok(())
    }
}

fn reads<M: Method>(state: &M::Entity, args: M::Args, path: u64) -> Option<M::Output> {
    ambient::within(Activation::new(path), || M::read(state, args))
}

fn writes<M: Method>(
    state: &mut M::Entity,
    key: &<M::Entity as Entity>::Key,
    args: M::Args,
    path: u64,
) -> Result<Option<M::Output>> {
    let output = ambient::within(Activation::new(path), || M::write(state, args));
    if state.key() == key { Ok(output) } else { Err(wrong_key(key, state)) }
}

/// An entity that comes to be on first use.
fn fresh<E: Entity>(key: &E::Key, path: u64) -> Result<E> {
    let missing = || Error::Missing { entity: E::NAME, key: key_text(key) };
    let fresh = ambient::within(first_use(path), || E::auto(key)).ok_or_else(missing)?;
    if fresh.key() == key { Ok(fresh) } else { Err(wrong_key(key, &fresh)) }
}
