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
use crate::indices::Indices;
use crate::place::{Location, worker_number};
use crate::state::{AnyClass, alone};
use crate::txn_local::{Kept, kept};
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

/// See [`Loan::old`].
const NO_OLD: u32 = u32::MAX;

/// So many loans are looked through one by one.
const FEW: usize = 16;

/// Where many loans are, as far as they have been looked at.
#[derive(Default)]
pub(crate) struct ByHash {
    indices: Indices,
    known: usize,
}

impl ByHash {
    fn add(&mut self, loans: &[Loan]) {
        for (index, loan) in loans.iter().enumerate().skip(self.known) {
            self.indices.add(loan.hash, index);
        }
        self.known = loans.len();
    }
}

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
    /// The index of its old state among [`Olds`], if it has been written.
    pub(crate) old: u32,
    /// `None` when it has been removed, and while a method has it to write.
    pub(crate) state: Option<Lendable>,
    /// What few of them need on their way back.
    pub(crate) rest: Option<Box<Rest>>,
}

/// Makes the entities of a class at a worker.
type MakeClass = fn(&Worker) -> Result<Rc<dyn AnyClass>>;

/// See [`Loan::rest`].
#[derive(Default)]
pub(crate) struct Rest {
    /// The state before the first write, where it has to be kept; itself `None` for an entity that was not there.
    pub(crate) before: Option<Option<Lendable>>,
    /// Makes the class, of which the owner may not have an entity yet.
    make: Option<MakeClass>,
}

/// The states of lent entities before they were written: which loan, and `None` for an entity that was not there.
pub(crate) type Olds = SmallVec<[(u32, Option<Lendable>); 2]>;

impl Loan {
    pub(crate) fn new(hash: u64, class: u32, write: bool, state: Lendable) -> Self {
        Self { hash, class, slot: NOWHERE, owner: 0, write, old: NO_OLD, state: Some(state), rest: None }
    }
}

/// A state that a method has from a loan. A writer has it alone, and it goes back to the loan when the method lets it go,
/// however that comes about.
pub(crate) struct Borrowed<'w, E: Entity> {
    worker: &'w Worker,
    state: Option<Arc<E>>,
    loan: usize,
    write: bool,
}

impl<E: Entity> Borrowed<'_, E> {
    pub(crate) fn get(&self) -> &E {
        self.state.as_ref().unwrap_or_else(|| unreachable!("a state is there until it goes back"))
    }
    pub(crate) fn get_mut(&mut self) -> &mut E {
        alone(self.state.as_mut().unwrap_or_else(|| unreachable!("a state is there until it goes back")))
    }
}

impl<E: Entity> Drop for Borrowed<'_, E> {
    fn drop(&mut self) {
        if let Some(state) = self.state.take().filter(|_| self.write) {
            self.worker.return_loan(self.loan, lendable(state));
        }
    }
}

impl Worker {
    // What is generic here is compiled for every entity of a user's; so it does no more than it must.

    /// Which loan of the running transaction an entity is.
    fn loan_of<E: Entity>(&self, at: &Location, key: &E::Key) -> Option<usize> {
        self.loan_with(at, &|state| state.downcast_ref::<E>().is_some_and(|state| state.key() == key))
    }

    fn loan_with(&self, at: &Location, known: &dyn Fn(&Lendable) -> bool) -> Option<usize> {
        {
            let running = &mut **self.running.borrow_mut();
            if running.loans.len() > FEW {
                running.by_hash.get_or_insert_default().add(&running.loans);
            }
        }
        let running = self.running.borrow();
        let is = |index: &usize| {
            let loan = &running.loans[*index];
            // One that has been removed is known by what it was.
            let old = || running.olds.get(loan.old as usize)?.1.as_ref();
            (loan.hash, loan.class) == (at.hash, at.class)
                && loan.state.as_ref().or_else(old).is_some_and(known)
        };
        match &running.by_hash {
            None => (0..running.loans.len()).find(is),
            Some(by_hash) => by_hash.indices.of(at.hash).find(is),
        }
    }

    /// Whether a lent entity is there.
    pub(crate) fn is_lent<E: Entity>(&self, at: &Location, key: &E::Key) -> bool {
        let loan = self.loan_of::<E>(at, key);
        loan.is_some_and(|loan| self.running.borrow().loans[loan].state.is_some())
    }

    /// The state of a lent entity, for as long as no call is made.
    pub(crate) fn borrow<E: Entity>(
        &self,
        at: &Location,
        key: &E::Key,
        write: bool,
    ) -> Option<Borrowed<'_, E>> {
        let loan = self.loan_of::<E>(at, key)?;
        let (state, first) = self.take_loan(loan, write);
        let borrowed = Borrowed { worker: self, state: Some(typed(state?)), loan, write };
        if first {
            let before = aside(|| E::clone(borrowed.get()));
            self.keep_old(loan, Some(lendable(Arc::new(before))));
        }
        Some(borrowed)
    }

    /// A lent state, and whether it is about to be written for the first time.
    fn take_loan(&self, loan: usize, write: bool) -> (Option<Lendable>, bool) {
        let running = &mut **self.running.borrow_mut();
        let known = &mut running.loans[loan];
        if !write {
            return (known.state.clone(), false);
        }
        assert!(known.write, "what is written has been lent to a writer");
        (known.state.take(), known.old == NO_OLD)
    }

    /// A writer lets go of a lent state.
    fn return_loan(&self, loan: usize, state: Lendable) {
        let free = self.running.borrow_mut().loans[loan].state.replace(state);
        assert!(free.is_none(), "a loan is in one hand at a time");
    }

    fn keep_old(&self, loan: usize, old: Option<Lendable>) {
        let running = &mut **self.running.borrow_mut();
        running.loans[loan].old = number(running.olds.len());
        running.olds.push((number(loan), old));
    }

    /// Puts a new entity where its key was lent.
    pub(crate) fn create_lent<E: Entity>(&self, at: &Location, entity: E) {
        let loan = self.loan_of::<E>(at, entity.key());
        let make: MakeClass = |worker| worker.class::<E>().map(|class| class as Rc<dyn AnyClass>);
        self.put_lent(at, loan, lendable(Arc::new(entity)), make);
    }

    fn put_lent(&self, at: &Location, loan: Option<usize>, state: Lendable, make: MakeClass) {
        let running = &mut **self.running.borrow_mut();
        if let Some(loan) = loan {
            running.loans[loan].state = Some(state);
            return;
        }
        let old = number(running.olds.len());
        running.olds.push((number(running.loans.len()), None));
        running.loans.push(Loan {
            old,
            owner: worker_number(at.owner),
            rest: Some(Box::new(Rest { before: None, make: Some(make) })),
            ..Loan::new(at.hash, at.class, true, state)
        });
    }

    /// Removes a lent entity.
    pub(crate) fn remove_lent<E: Entity>(&self, at: &Location, key: &E::Key) -> bool {
        let Some(mut borrowed) = self.borrow::<E>(at, key, true) else { return false };
        discard(borrowed.state.take());
        true
    }

    /// Lends what a transaction has asked for by a ticket.
    pub(crate) fn lend(&self, (class, hash): (u32, u64), write: bool, to: &mut Loans) {
        let from = to.len();
        if let Some(class_here) = self.class_at(class as usize) {
            class_here.lend(hash, class, write, to);
        }
        for loan in &mut to[from..] {
            loan.owner = worker_number(self.index);
        }
    }

    /// Takes back what was lent to a writer; an old state that has come with it goes there.
    pub(crate) fn take_back(&self, loan: Loan, to: &mut Vec<Kept>) -> Result<()> {
        let make = loan.rest.as_ref().and_then(|rest| rest.make);
        let class = match (self.class_at(loan.class as usize), make) {
            (Some(class), _) => class,
            (None, Some(make)) => make(self)?,
            (None, None) => return Err(Error::internal("a class that has lent something is not there")),
        };
        let number = loan.class;
        if let Some(undo) = class.take_back(loan) {
            to.push(kept(number, undo));
        }
        Ok(())
    }
}

/// Which of the loans of a transaction.
fn number(loan: usize) -> u32 {
    u32::try_from(loan).unwrap_or_else(|_| unreachable!("so many loans do not fit in memory"))
}

/// A transaction ends: what it wrote to what it was lent is undone, if it has to be. `keep`: the old states go back, too.
pub(crate) fn end(loans: &mut [Loan], olds: &mut Olds, commit: bool, keep: bool) {
    for (number, old) in olds.drain(..) {
        let loan = &mut loans[number as usize];
        loan.old = NO_OLD;
        if !commit {
            discard(std::mem::replace(&mut loan.state, old));
        } else if keep {
            loan.rest.get_or_insert_default().before = Some(old);
        } else {
            discard(old);
        }
    }
}

/// What goes back to an owner when a transaction has ended: what was lent to write.
pub(crate) fn going_back(loans: &mut Vec<Loan>, owner: u16) -> Loans {
    let mut back = Loans::new();
    let mut at = 0;
    while at < loans.len() {
        if loans[at].owner != owner {
            at += 1;
            continue;
        }
        let loan = loans.swap_remove(at);
        if loan.write {
            back.push(loan);
        }
    }
    back
}
