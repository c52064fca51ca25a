//! States that a transaction has from other workers.
//!
//! A transaction executes at one worker, its *home*. What it needs of others in the same group is lent: when it has its
//! turn there, its owner sends the states, and waits. They come back when the transaction has ended; what it wrote has
//! been undone then, if it has to be.
use crate::Error;
use crate::ambient::aside;
use crate::entity::Entity;
use crate::error::Result;
use crate::guard::discard;
use crate::place::Location;
use crate::state::{AnyClass, alone};
use crate::worker::Worker;
use smallvec::SmallVec;
use std::any::Any;
use std::rc::Rc;
use std::sync::Arc;

/// A state without its type.
pub type Lendable = Arc<dyn Any + Send + Sync>;

/// A state as it is lent.
pub(crate) fn lendable<E: Entity>(state: Arc<E>) -> Lendable {
    E::lend(state).unwrap_or_else(|| unreachable!("what an entity holds is `Send` and `Sync`"))
}

/// A state that has been lent.
pub(crate) fn typed<E: Entity>(state: Lendable) -> Arc<E> {
    E::borrow(state).unwrap_or_else(|| unreachable!("a loan has the type of its class"))
}

/// What a message brings.
pub(crate) type Loans = SmallVec<[Loan; 1]>;

/// The slot of an entity that has come to be while its key was lent.
pub(crate) const NOWHERE: u32 = u32::MAX;

/// An entity that is lent.
pub(crate) struct Loan {
    /// The hash of its key, and its class.
    pub(crate) hash: u64,
    pub(crate) class: u32,
    /// Where it is with its owner.
    pub(crate) slot: u32,
    /// Its owner.
    pub(crate) owner: u16,
    /// Whether it may be written.
    pub(crate) write: bool,
    /// `None` when it has been removed, and while a method has it to write.
    pub(crate) state: Option<Lendable>,
    /// The state before the first write, itself `None` for an entity that was not there.
    pub(crate) before: Option<Option<Lendable>>,
    /// Makes the class, of which the owner may not have an entity yet.
    pub(crate) make: Option<fn(&Worker) -> Result<Rc<dyn AnyClass>>>,
}

impl Loan {
    pub(crate) fn new(hash: u64, class: u32, write: bool, state: Lendable) -> Self {
        Self { hash, class, slot: NOWHERE, owner: 0, write, state: Some(state), before: None, make: None }
    }

    /// Whether it is this entity, now or before it was removed.
    fn is<E: Entity>(&self, at: &Location, key: &E::Key) -> bool {
        let known = |state: &Lendable| state.downcast_ref::<E>().is_some_and(|state| state.key() == key);
        let before = || self.before.as_ref().and_then(Option::as_ref);
        (self.hash, self.class) == (at.hash, at.class)
            && self.state.as_ref().or_else(before).is_some_and(known)
    }

    /// Puts the old state back.
    fn undo(&mut self) {
        if let Some(before) = self.before.take() {
            discard(std::mem::replace(&mut self.state, before));
        }
    }
}

/// A state that a method has from a loan; which of the loans it is.
pub(crate) struct Borrowed<E> {
    state: Arc<E>,
    loan: usize,
}

impl<E: Entity> Borrowed<E> {
    pub(crate) fn get(&self) -> &E {
        &self.state
    }
    pub(crate) fn get_mut(&mut self) -> &mut E {
        alone(&mut self.state)
    }
}

impl Worker {
    /// Which loan of the running transaction an entity is.
    fn loan_of<E: Entity>(&self, at: &Location, key: &E::Key) -> Option<usize> {
        self.running.borrow().loans.iter().position(|loan| loan.is::<E>(at, key))
    }

    /// Whether a lent entity is there.
    pub(crate) fn is_lent<E: Entity>(&self, at: &Location, key: &E::Key) -> bool {
        let loan = self.loan_of::<E>(at, key);
        loan.is_some_and(|loan| self.running.borrow().loans[loan].state.is_some())
    }

    /// The state of a lent entity, for as long as no call is made.
    pub(crate) fn borrow<E: Entity>(&self, at: &Location, key: &E::Key, write: bool) -> Option<Borrowed<E>> {
        let loan = self.loan_of::<E>(at, key)?;
        if !write {
            let state = self.running.borrow().loans[loan].state.clone()?;
            return Some(Borrowed { state: typed(state), loan });
        }
        let (state, first) = {
            let known = &mut self.running.borrow_mut().loans[loan];
            assert!(known.write, "what is written has been lent to a writer");
            (typed(known.state.take()?), known.before.is_none())
        };
        let borrowed = Borrowed { state, loan };
        if first {
            // What panics here leaves the state where it was.
            let before = self.keeping(&borrowed, || aside(|| E::clone(&borrowed.state)));
            self.running.borrow_mut().loans[loan].before = Some(Some(lendable(Arc::new(before))));
        }
        Some(borrowed)
    }

    /// Runs user code while a state is out of its loan.
    fn keeping<E: Entity, T>(&self, borrowed: &Borrowed<E>, run: impl FnOnce() -> T) -> T {
        struct Back<'w, E: Entity>(&'w Worker, &'w Borrowed<E>);
        impl<E: Entity> Drop for Back<'_, E> {
            fn drop(&mut self) {
                if std::thread::panicking() {
                    let Borrowed { state, loan } = self.1;
                    self.0.running.borrow_mut().loans[*loan].state = Some(lendable(state.clone()));
                }
            }
        }
        let _back = Back(self, borrowed);
        run()
    }

    /// Puts a state back into its loan.
    pub(crate) fn put_back<E: Entity>(&self, borrowed: Borrowed<E>, write: bool) {
        if write {
            let Borrowed { state, loan } = borrowed;
            let free = self.running.borrow_mut().loans[loan].state.replace(lendable(state));
            assert!(free.is_none(), "a loan is in one hand at a time");
        }
    }

    /// Puts a new entity where its key was lent.
    pub(crate) fn create_lent<E: Entity>(&self, at: &Location, entity: E) {
        let known = self.loan_of::<E>(at, entity.key());
        let state = lendable(Arc::new(entity));
        let loans = &mut self.running.borrow_mut().loans;
        match known {
            Some(known) => loans[known].state = Some(state),
            None => loans.push(Loan {
                owner: u16::try_from(at.owner)
                    .unwrap_or_else(|_| unreachable!("there are not so many workers")),
                before: Some(None),
                make: Some(|worker| worker.class::<E>().map(|class| class as Rc<dyn AnyClass>)),
                ..Loan::new(at.hash, at.class, true, state)
            }),
        }
    }

    /// Removes a lent entity.
    pub(crate) fn remove_lent<E: Entity>(&self, at: &Location, key: &E::Key) -> bool {
        let Some(borrowed) = self.borrow::<E>(at, key, true) else { return false };
        discard(borrowed.state);
        true
    }

    /// Lends what a transaction has asked for by a ticket.
    pub(crate) fn lend(&self, (class, hash): (u32, u64), write: bool, to: &mut Loans) {
        let from = to.len();
        if let Some(class_here) = self.class_at(class as usize) {
            class_here.lend(hash, class, write, to);
        }
        for loan in &mut to[from..] {
            loan.owner =
                u16::try_from(self.index).unwrap_or_else(|_| unreachable!("there are not so many workers"));
        }
    }

    /// Takes back what was lent to a writer; the old states that have to be kept go there.
    pub(crate) fn take_back(
        &self,
        loan: Loan,
        keep: bool,
        kept: &mut Vec<crate::worker::Kept>,
    ) -> Result<()> {
        let class = match (self.class_at(loan.class as usize), loan.make) {
            (Some(class), _) => class,
            (None, Some(make)) => make(self)?,
            (None, None) => return Err(Error::internal("a class that has lent something is not there")),
        };
        let number = loan.class;
        if let Some(undo) = class.take_back(loan, keep) {
            kept.push(self.kept(number, undo));
        }
        Ok(())
    }
}

/// What goes back to an owner when a transaction has ended: what was lent to write.
pub(crate) fn going_back(loans: &mut Vec<Loan>, owner: u16, commit: bool) -> Loans {
    let mut back = Loans::new();
    let mut at = 0;
    while at < loans.len() {
        if loans[at].owner != owner {
            at += 1;
            continue;
        }
        let mut loan = loans.swap_remove(at);
        if loan.write {
            if !commit {
                loan.undo();
            }
            back.push(loan);
        }
    }
    back
}
