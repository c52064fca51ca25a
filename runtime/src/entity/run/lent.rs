//! How methods get at the states that a transaction has from other workers.
use crate::base::ambient::aside;
use crate::base::class_id::ClassId;
use crate::base::guard::discard;
use crate::base::location::{Location, worker_number};
use crate::entity::run::worker::Worker;
use crate::entity::traits::Entity;
use crate::state::class::alone;
use crate::state::loan::{FEW, Kept, Lendable, Loan, Loans, NO_OLD, kept, number};
use crate::state::stored::Stored;
use std::sync::Arc;

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
            self.worker.return_loan(self.loan, E::to_lendable(state));
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
        let borrowed = Borrowed { worker: self, state: Some(E::from_lendable(state?)), loan, write };
        if first {
            let before = aside(|| E::clone(borrowed.get()));
            self.keep_old(loan, Some(E::to_lendable(Arc::new(before))));
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
        self.put_lent(at, loan, E::to_lendable(Arc::new(entity)));
    }

    fn put_lent(&self, at: &Location, loan: Option<usize>, state: Lendable) {
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
    pub(crate) fn lend(&self, (class, hash): (ClassId, u64), write: bool, to: &mut Loans) {
        let from = to.len();
        // A scout may have met a class that is not part of the app; whoever calls it is told so at home.
        if let Some(class_here) = self.classes.get(class) {
            class_here.lend(hash, class, write, to);
        }
        for loan in &mut to[from..] {
            loan.owner = worker_number(self.index);
        }
    }

    /// Takes back what was lent to a writer; an old state that has come with it goes there.
    pub(crate) fn take_back(&self, loan: Loan, to: &mut Vec<Kept>) {
        let class = loan.class;
        if let Some(undo) = self.class_at(class).take_back(loan) {
            to.push(kept(class, undo));
        }
    }
}
