//! Lending: a transaction executes at its home, with what the other workers of its group lend it.
use crate::base::groups::lenders;
use crate::base::location::{hash_of, worker_number};
use crate::entity::run::outgoing::Demand;
use crate::execute::Executor;
use crate::execute::admit::RootOf;
use crate::execute::message::{LentMessage, Message, Waits};
use crate::execute::transaction::Transaction;
use crate::state::loan::{Loans, end, going_back};

impl Executor {
    /// A transaction has its turn at this worker, and is at home at another.
    pub(super) fn lend(&mut self, at: usize, home: u16) {
        let (active, worker) = (&self.active[at], &self.worker);
        let mut loans = Loans::new();
        for ticket in &active.running.tickets {
            worker.lend((ticket.class, hash_of(ticket.lock, ticket.class)), ticket.write, &mut loans);
        }
        let (txn, time) = (active.txn, active.time());
        self.send(time, home.into(), Message::Grant { txn, loans });
    }

    /// A worker has lent what a transaction needs that is at home here.
    pub(super) fn granted(&mut self, at: usize, loans: Loans) {
        self.active.granted(at, loans);
        let active = &self.active[at];
        // It has ended in the meantime: what it was lent goes back.
        if let Some(commit) = active.over.filter(|_| active.lenders_left == 0) {
            self.over(at, commit);
        }
    }

    /// All that a transaction touches is at hand: it runs from beginning to end.
    pub(super) fn run_at_home(&mut self, at: usize, root: RootOf) {
        let txn = self.active[at].txn;
        let worker = self.worker.clone();
        let finished = self.as_running(at, |executor| {
            let epoch = executor.epochs.get_mut(&txn.epoch)?;
            let keep = epoch.undoable;
            let (request, index) = epoch.call(root);
            Some(request.run_alone(index, &worker, keep))
        });
        let Some(finished) = finished else {
            unreachable!("the epoch of a transaction that is not over is not over")
        };
        if let Some(mispredicted) = finished.mispredicted {
            self.mispredicted(txn, root, mispredicted);
        }
        self.over(at, finished.commit);
    }

    /// A transaction is over at home: what it was lent goes back.
    pub(super) fn give_back(&mut self, active: &mut Transaction, commit: bool) {
        let (txn, time) = (active.txn, active.time());
        let me = worker_number(self.worker.index);
        let keep = self.epochs[txn.epoch].undoable;
        let running = &mut *active.running;
        end(&mut running.loans, &mut running.olds, commit, keep);
        let demanded_of = std::mem::take(&mut running.lenders);
        for lender in lenders(&running.tickets, me).chain(demanded_of) {
            let loans = going_back(&mut running.loans, lender);
            self.send(time, lender.into(), Message::Return { txn, loans });
        }
        assert!(running.loans.is_empty(), "everything that was lent goes back");
    }

    /// A transaction that has this worker whole demands something.
    pub(super) fn demanded(&mut self, at: usize, from: Waits, Demand { class, hash }: Demand) {
        assert_eq!(self.exclusive, Some(at), "who demands has the worker whole");
        let mut loans = Loans::new();
        self.worker.lend((class, hash), true, &mut loans);
        let active = &self.active[at];
        let (txn, time) = (active.txn, active.time());
        self.send(
            time,
            from.worker,
            Message::Lent(Box::new(LentMessage { txn, to: from, loans: Ok(loans) })),
        );
    }

    /// What a transaction has demanded is here: the call is made.
    pub(super) fn lent(&mut self, lent: LentMessage) {
        let LentMessage { txn, to, loans } = lent;
        let (Some(at), Ok(loans)) = (self.active.find(txn), loans) else {
            unreachable!("who demands waits for it, and lending is no code of the user's")
        };
        let active = &mut self.active[at];
        assert!(active.lenders_left > 0, "what was demanded comes once");
        active.lenders_left -= 1;
        active.running.loans.extend(loans);
        // It may have ended in the meantime.
        if let Some(commit) = active.over {
            return self.over(at, commit);
        }
        let called = active.demanding.iter().position(|called| called.from == to);
        let called = called.map(|waits| active.demanding.swap_remove(waits));
        self.arrive(at, called.unwrap_or_else(|| unreachable!("what was demanded is waited for")));
    }

    /// What this worker has lent comes back.
    pub(super) fn given_back(&mut self, at: usize, loans: Loans) {
        let epoch = &mut self.epochs[self.active[at].txn.epoch];
        for loan in loans {
            self.worker.take_back(loan, &mut epoch.undo_log);
        }
        self.over(at, true);
    }
}
