//! States that a transaction has from other workers.
//!
//! A transaction executes at one worker, its *home*. What it needs of others in the same group is lent: when it has its
//! turn there, its owner sends the states, and waits. They come back when the transaction has ended; what it wrote has
//! been undone then, if it has to be.
use crate::base::class_id::ClassId;
use crate::base::guard::discard;
use crate::base::indices::Indices;
use smallvec::SmallVec;
use std::any::Any;
use std::sync::Arc;

/// A state without its type.
pub type Lendable = Arc<dyn Any + Send + Sync>;

/// What a message brings.
pub(crate) type Loans = SmallVec<[Loan; 1]>;

/// See [`Loan::old`].
pub(crate) const NO_OLD: u32 = u32::MAX;

/// So many loans are looked through one by one.
pub(crate) const FEW: usize = 16;

/// Where many loans are, as far as they have been looked at.
#[derive(Default)]
pub(crate) struct ByHash {
    pub(crate) indices: Indices,
    known: usize,
}

impl ByHash {
    pub(crate) fn add(&mut self, loans: &[Loan]) {
        for (index, loan) in loans.iter().enumerate().skip(self.known) {
            self.indices.add(loan.hash, index);
        }
        self.known = loans.len();
    }
}

/// An old state at its owner: the number of the class, and the number of the state there.
pub(crate) type Kept = (ClassId, u32);

/// An old state of a class.
pub(crate) fn kept(class: ClassId, undo: usize) -> Kept {
    let undo =
        u32::try_from(undo).unwrap_or_else(|_| unreachable!("so many old states do not fit in memory"));
    (class, undo)
}

/// The slot of an entity that has come to be while its key was lent.
pub(crate) const NOWHERE: u32 = u32::MAX;

/// An entity that is lent.
pub(crate) struct Loan {
    /// The hash of its key, and its class.
    pub(crate) hash: u64,
    pub(crate) class: ClassId,
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

/// See [`Loan::rest`].
#[derive(Default)]
pub(crate) struct Rest {
    /// The state before the first write, where it has to be kept; itself `None` for an entity that was not there.
    pub(crate) before: Option<Option<Lendable>>,
}

/// The states of lent entities before they were written: which loan, and `None` for an entity that was not there.
pub(crate) type Olds = SmallVec<[(u32, Option<Lendable>); 2]>;

impl Loan {
    pub(crate) fn new(hash: u64, class: ClassId, write: bool, state: Lendable) -> Self {
        Self { hash, class, slot: NOWHERE, owner: 0, write, old: NO_OLD, state: Some(state), rest: None }
    }
}

/// Which of the loans of a transaction.
pub(crate) fn number(loan: usize) -> u32 {
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
