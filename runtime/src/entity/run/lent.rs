//! How methods get at the states that a transaction has from other workers.
use crate::base::ambient::aside;
use crate::base::class_id::ClassId;
use crate::base::error::Result;
use crate::base::guard::{caught, discard};
use crate::base::location::{Location, worker_number};
use crate::entity::run::outgoing::Demand;
use crate::entity::run::worker::Worker;
use crate::entity::traits::Entity;
use crate::state::class::parts_of;
use crate::state::content::alone;
use crate::state::loan::{FEW, Kept, Lendable, Loan, Loans, NO_OLD, Old, kept, number};
use crate::state::stored::{ALL, Stored, Which, to_keep};
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

/// Exchanges fields of a lent state with what was kept of them.
fn put_back<E: Entity>(state: &mut Lendable, parts: &mut Lendable) {
    let state = Arc::get_mut(state).and_then(|state| state.downcast_mut::<E>());
    let state = state.unwrap_or_else(|| unreachable!("who has written a state has it alone"));
    state.put_parts_back(parts_of::<E>(parts));
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
            let old = || match &running.olds.get(loan.old as usize)?.1 {
                Old::Whole(state) => Some(state),
                Old::Absent | Old::Parts(..) => None,
            };
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

    /// The state of a lent entity, for as long as no call is made; `which` is what of it may be written.
    pub(crate) fn borrow<E: Entity>(
        &self,
        at: &Location,
        key: &E::Key,
        which: Which,
    ) -> Option<Borrowed<'_, E>> {
        let loan = self.loan_of::<E>(at, key)?;
        let (state, missing) = self.take_loan(loan, which);
        let mut borrowed =
            Borrowed { worker: self, state: Some(E::from_lendable(state?)), loan, write: which != 0 };
        if missing != 0 {
            let state = borrowed.get_mut();
            aside(|| state.merge_tables(missing));
            let old = if missing == ALL || !E::IN_PARTS {
                Old::Whole(E::to_lendable(Arc::new(aside(|| E::clone(state)))))
            } else {
                let mut parts = <E as Stored>::Parts::default();
                aside(|| state.keep_parts(missing, &mut parts));
                Old::Parts(E::to_lendable_parts(parts), put_back::<E>)
            };
            self.keep_old(loan, old, which);
        }
        Some(borrowed)
    }

    /// A lent state, and what of it is about to be written and has not been kept.
    fn take_loan(&self, loan: usize, which: Which) -> (Option<Lendable>, Which) {
        let running = &mut **self.running.borrow_mut();
        let known = &mut running.loans[loan];
        if which == 0 {
            return (known.state.clone(), 0);
        }
        assert!(known.write, "what is written has been lent to a writer");
        let missing = to_keep(which, known.kept);
        (known.state.take(), missing)
    }

    /// A writer lets go of a lent state.
    fn return_loan(&self, loan: usize, state: Lendable) {
        let free = self.running.borrow_mut().loans[loan].state.replace(state);
        assert!(free.is_none(), "a loan is in one hand at a time");
    }

    fn keep_old(&self, loan: usize, old: Old, which: Which) {
        let running = &mut **self.running.borrow_mut();
        let known = &mut running.loans[loan];
        known.kept |= which;
        // A whole one tells whose it was when it is gone.
        if known.old == NO_OLD || matches!(old, Old::Whole(_)) {
            known.old = number(running.olds.len());
        }
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
        running.olds.push((number(running.loans.len()), Old::Absent));
        running.loans.push(Loan {
            old,
            kept: ALL,
            owner: worker_number(at.owner),
            ..Loan::new(at.hash, at.class, true, state)
        });
    }

    /// Removes a lent entity.
    pub(crate) fn remove_lent<E: Entity>(&self, at: &Location, key: &E::Key) -> bool {
        let Some(mut borrowed) = self.borrow::<E>(at, key, ALL) else { return false };
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

    /// Copies for a scout what it has demanded.
    ///
    /// # Errors
    /// When a state panics while it is copied.
    pub(crate) fn copies(&self, Demand { class, hash }: Demand) -> Result<Loans> {
        let mut copies = Loans::new();
        // It may have met a class that is not part of the app.
        if let Some(class_here) = self.classes.get(class) {
            caught(|| class_here.copies(hash, class, &mut copies))?;
        }
        Ok(copies)
    }

    /// Takes back what was lent to a writer; an old state that has come with it goes there.
    pub(crate) fn take_back(&self, loan: Loan, to: &mut Vec<Kept>) {
        let class = loan.class;
        self.class_at(class).take_back(loan, &mut |undo| to.push(kept(class, undo)));
    }
}
